/** Numbers of the event types in the history that the SDK reads. */
export const EVENT = {
  ExecutionStarted: 0,
  ExecutionCompleted: 1,
  ExecutionFailed: 2,
  ExecutionTerminated: 3,
  TaskScheduled: 4,
  TaskCompleted: 5,
  TaskFailed: 6,
  SubOrchestrationInstanceCreated: 7,
  SubOrchestrationInstanceCompleted: 8,
  SubOrchestrationInstanceFailed: 9,
  TimerCreated: 10,
  TimerFired: 11,
  OrchestratorStarted: 12,
  OrchestratorCompleted: 13,
  EventSent: 14,
  EventRaised: 15,
  ContinueAsNew: 16,
  ExecutionSuspended: 19,
  ExecutionResumed: 20,
} as const;

export type EventTypeName = keyof typeof EVENT;

const NAMES = new Map<number, EventTypeName>(
  Object.entries(EVENT).map(([name, value]) => [value, name as EventTypeName]),
);

export function eventTypeName(type: number): EventTypeName | undefined {
  return NAMES.get(type);
}

export interface OrchestrationInstanceId {
  InstanceId: string;
  ExecutionId: string;
}

/** Who waits for a sub-orchestration. */
export interface ParentInstance {
  Name: string;
  OrchestrationInstance: OrchestrationInstanceId;
  TaskScheduleId: number;
  Version: string;
}

/** One event in the shape of the wire; which optional members are there depends on the type. */
export interface HistoryEvent {
  EventType: number;
  EventId: number;
  IsPlayed: boolean;
  /** ISO 8601, UTC. */
  Timestamp: string;
  Name?: string;
  Version?: string;
  Input?: string | null;
  Result?: string | null;
  Reason?: string | null;
  Details?: string | null;
  TaskScheduledId?: number;
  TimerId?: number;
  FireAt?: string;
  InstanceId?: string;
  OrchestrationInstance?: OrchestrationInstanceId;
  ParentInstance?: ParentInstance | null;
  OrchestrationStatus?: number;
  [member: string]: unknown;
}

/** `at` in ms since 1970. */
function base(type: EventTypeName, at: number, eventId = -1): HistoryEvent {
  return {
    EventType: EVENT[type],
    EventId: eventId,
    IsPlayed: false,
    Timestamp: new Date(at).toISOString(),
  };
}

export function orchestratorStarted(at: number): HistoryEvent {
  return base('OrchestratorStarted', at);
}

export function orchestratorCompleted(at: number): HistoryEvent {
  return base('OrchestratorCompleted', at);
}

export interface ExecutionStart {
  instance: OrchestrationInstanceId;
  parent: ParentInstance | null;
  name: string;
  version: string;
  /** JSON text. */
  input: string | null;
}

export function executionStarted(start: ExecutionStart, at: number): HistoryEvent {
  return {
    ...base('ExecutionStarted', at),
    OrchestrationInstance: start.instance,
    ParentInstance: start.parent,
    Name: start.name,
    Version: start.version,
    Input: start.input,
    Tags: null,
    Correlation: null,
    ParentTraceContext: null,
    ScheduledStartTime: null,
    Generation: null,
    GenerateNewTrace: false,
  };
}

export function eventRaised(name: string, input: string, at: number): HistoryEvent {
  return { ...base('EventRaised', at), Name: name, Input: input, ParentTraceContext: null };
}

export function executionSuspended(reason: string | null, at: number): HistoryEvent {
  return { ...base('ExecutionSuspended', at), Reason: reason };
}

export function executionResumed(reason: string | null, at: number): HistoryEvent {
  return { ...base('ExecutionResumed', at), Reason: reason };
}

export function executionTerminated(reason: string | null, at: number): HistoryEvent {
  return { ...base('ExecutionTerminated', at), Input: reason };
}

export function taskCompleted(taskId: number, result: string | null, at: number): HistoryEvent {
  return { ...base('TaskCompleted', at), TaskScheduledId: taskId, Result: result };
}

export interface FailureText {
  reason: string;
  details: string | null;
}

export function taskFailed(taskId: number, failure: FailureText, at: number): HistoryEvent {
  return {
    ...base('TaskFailed', at),
    TaskScheduledId: taskId,
    Reason: failure.reason,
    Details: failure.details,
    FailureDetails: null,
  };
}

export function timerFired(timerId: number, fireAt: string, createdAt: number): HistoryEvent {
  return { ...base('TimerFired', createdAt), TimerId: timerId, FireAt: fireAt };
}

export function subOrchestrationCompleted(
  taskId: number,
  result: string | null,
  at: number,
): HistoryEvent {
  return {
    ...base('SubOrchestrationInstanceCompleted', at),
    TaskScheduledId: taskId,
    Result: result,
  };
}

export function subOrchestrationFailed(
  taskId: number,
  failure: { reason: string | null; details: string | null },
  at: number,
): HistoryEvent {
  return {
    ...base('SubOrchestrationInstanceFailed', at),
    TaskScheduledId: taskId,
    Reason: failure.reason,
    Details: failure.details,
    FailureDetails: null,
  };
}

export function taskScheduled(id: number, name: string, at: number): HistoryEvent {
  return {
    ...base('TaskScheduled', at, id),
    Name: name,
    Version: '',
    Input: null,
    ParentTraceContext: null,
    Tags: null,
  };
}

export function timerCreated(id: number, fireAt: string, at: number): HistoryEvent {
  return { ...base('TimerCreated', at, id), FireAt: fireAt };
}

export function subOrchestrationCreated(
  id: number,
  child: { name: string; version: string; instanceId: string },
  at: number,
): HistoryEvent {
  return {
    ...base('SubOrchestrationInstanceCreated', at, id),
    Name: child.name,
    Version: child.version,
    InstanceId: child.instanceId,
    Input: null,
    ClientSpanId: null,
    Tags: null,
  };
}

/** Numbers of the orchestration states in `ExecutionCompleted`. */
export const ORCHESTRATION_STATUS = { Completed: 1, Failed: 3, Terminated: 5 } as const;

export type EndStatus = keyof typeof ORCHESTRATION_STATUS;

export function executionCompleted(
  id: number,
  status: EndStatus,
  result: string | null,
  at: number,
): HistoryEvent {
  return {
    ...base('ExecutionCompleted', at, id),
    OrchestrationStatus: ORCHESTRATION_STATUS[status],
    Result: result,
    FailureDetails: null,
  };
}
