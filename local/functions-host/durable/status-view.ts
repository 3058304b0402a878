import type { InstanceRecord } from '../store/records.ts';
import { EVENT, eventTypeName, type HistoryEvent, ORCHESTRATION_STATUS } from './history.ts';

/** JSON text to a value; text that is no JSON stays text. */
function parse(text: string | null | undefined): unknown {
  if (text === null || text === undefined) return null;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Whole seconds, as the management API prints times. */
function seconds(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** The status object of one instance. */
export function statusView(instance: InstanceRecord, showInput = true): Record<string, unknown> {
  return {
    name: instance.name,
    instanceId: instance.instanceId,
    runtimeStatus: instance.status,
    input: showInput ? parse(instance.input) : null,
    customStatus: parse(instance.customStatus),
    output: parse(instance.output),
    createdTime: seconds(instance.createdAt),
    lastUpdatedTime: seconds(instance.updatedAt),
  };
}

const HIDDEN = new Set<number>([
  EVENT.OrchestratorStarted,
  EVENT.OrchestratorCompleted,
  EVENT.TaskScheduled,
  EVENT.SubOrchestrationInstanceCreated,
]);

const COMPLETIONS = new Set<number>([
  EVENT.TaskCompleted,
  EVENT.TaskFailed,
  EVENT.SubOrchestrationInstanceCompleted,
  EVENT.SubOrchestrationInstanceFailed,
]);

const INTERNAL = [
  ...['EventId', 'IsPlayed', 'OrchestrationInstance', 'ParentInstance', 'Version', 'Tags'],
  ...['TaskScheduledId', 'TimerId'],
];

function viewEvent(
  event: HistoryEvent,
  scheduled: HistoryEvent | undefined,
  showOutput: boolean,
): Record<string, unknown> {
  const view: Record<string, unknown> = { ...event, EventType: eventTypeName(event.EventType) };
  for (const member of INTERNAL) delete view[member];
  if (!showOutput) delete view['Result'];
  else if (event.Result !== undefined) view['Result'] = parse(event.Result);
  if (event.EventType === EVENT.ExecutionStarted) {
    view['FunctionName'] = event.Name;
    delete view['Name'];
  }
  if (event.EventType === EVENT.ExecutionCompleted) {
    const states = Object.entries(ORCHESTRATION_STATUS);
    const name = states.find(([, value]) => value === event.OrchestrationStatus)?.[0];
    view['OrchestrationStatus'] = name;
  }
  if (COMPLETIONS.has(event.EventType)) {
    view['ScheduledTime'] = scheduled?.Timestamp;
    view['FunctionName'] = scheduled?.Name;
    view['Input'] = null;
  }
  return view;
}

/** `historyEvents` of the management API: schedulings are merged into their completions. */
export function historyView(
  history: HistoryEvent[],
  showOutput: boolean,
): Record<string, unknown>[] {
  const scheduled = new Map<number, HistoryEvent>();
  const views: Record<string, unknown>[] = [];
  for (const event of history) {
    if (HIDDEN.has(event.EventType)) scheduled.set(event.EventId, event);
    else views.push(viewEvent(event, scheduled.get(event.TaskScheduledId ?? -1), showOutput));
  }
  return views;
}
