import type { Decision } from './decisions.ts';
import type { HistoryEvent } from './history.ts';

/** The history and the present replay disagree; the message is the genuine engine's own. */
export class NonDeterministicError extends Error {
  override name = 'NonDeterministicError';
  constructor(detail: string) {
    super(`Non-Deterministic workflow detected: ${detail}`);
  }
}

const ADVICE =
  'Was a change made to the orchestrator code after this instance had already started running?';

const ACTION_TYPE: Record<Decision['kind'], string> = {
  activity: 'ScheduleTaskOrchestratorAction',
  timer: 'CreateTimerOrchestratorAction',
  subOrchestration: 'CreateSubOrchestrationAction',
  complete: 'OrchestrationCompleteOrchestratorAction',
  continueAsNew: 'OrchestrationCompleteOrchestratorAction',
};

const UNSCHEDULED = "but the current replay execution hasn't (yet?) scheduled this task.";

function sameName(event: HistoryEvent, name: string): boolean {
  return event.Name === name || event.Name?.toLowerCase() === name.toLowerCase();
}

function describeActivity(event: HistoryEvent, replayed: Decision | undefined): string | undefined {
  if (replayed?.kind === 'activity' && sameName(event, replayed.name)) return undefined;
  const past = 'A previous execution of this orchestration scheduled an activity task';
  const { EventId: id, Name: name = '', Version: version = '' } = event;
  if (!replayed) {
    const task = `sequence ID ${id} and name '${name}' (version '${version}')`;
    return `${past} with ${task}, ${UNSCHEDULED} ${ADVICE}`;
  }
  const instead = `${past} with sequence number ${id} named '${name}', but the current orchestration`;
  if (replayed.kind !== 'activity') {
    const type = ACTION_TYPE[replayed.kind];
    return `${instead} replay instead produced a ${type} action with this sequence number. ${ADVICE}`;
  }
  const other = `an activity task named '${replayed.name}' with this sequence number.`;
  return `${instead} replay instead scheduled ${other}  ${ADVICE}`;
}

function describeTimer(event: HistoryEvent, replayed: Decision | undefined): string | undefined {
  if (replayed?.kind === 'timer') return undefined;
  const id = event.EventId;
  const past = `A previous execution of this orchestration scheduled a timer task with sequence number ${id}`;
  if (!replayed) return `${past} ${UNSCHEDULED} ${ADVICE}`;
  const type = ACTION_TYPE[replayed.kind];
  const instead = `named but the current orchestration replay instead produced a ${type} action`;
  return `${past} ${instead} with this sequence number. ${ADVICE}`;
}

function describeSub(event: HistoryEvent, replayed: Decision | undefined): string | undefined {
  if (replayed?.kind === 'subOrchestration' && sameName(event, replayed.name)) return undefined;
  const { EventId: id, Name: name = '', Version: version = '', InstanceId: child = '' } = event;
  const task = `with sequence ID ${id} and name '${name}' (version '${version}', instance ID '${child}')`;
  const past = `A previous execution of this orchestration scheduled a sub-orchestration task ${task},`;
  if (!replayed) return `${past} ${UNSCHEDULED} ${ADVICE}`;
  const instead = `${past} but the current orchestration replay instead`;
  if (replayed.kind !== 'subOrchestration') {
    const type = ACTION_TYPE[replayed.kind];
    return `${instead} produced a ${type} action at this sequence number. ${ADVICE}`;
  }
  const other = `a sub-orchestration task with name ${replayed.name} at this sequence number.`;
  return `${instead} scheduled ${other} ${ADVICE}`;
}

/** @throws NonDeterministicError when the replay did not decide what the history says it did */
export function checkAgainstHistory(
  kind: 'activity' | 'timer' | 'subOrchestration',
  event: HistoryEvent,
  replayed: Decision | undefined,
): void {
  const describe = {
    activity: describeActivity,
    timer: describeTimer,
    subOrchestration: describeSub,
  }[kind];
  const detail = describe(event, replayed);
  if (detail !== undefined) throw new NonDeterministicError(detail);
}
