import { type InstanceRecord, isFinal, type StoredMessage } from '../store/records.ts';
import type { Session } from './episode.ts';
import { EVENT, type HistoryEvent } from './history.ts';
import { HistoryText } from './trigger.ts';

export interface Reconciled {
  /** What the instance is when the work item begins; undefined = nothing to do. */
  session: Session | undefined;
  accepted: StoredMessage[];
  /** Ids of messages that belong to nobody any more. */
  dropped: number[];
}

function isStart(message: StoredMessage): boolean {
  return message.event.EventType === EVENT.ExecutionStarted;
}

/** A start is good for an instance that is new, over, or pending under that very execution. */
function mayStart(instance: InstanceRecord | undefined, event: HistoryEvent): boolean {
  if (!instance || isFinal(instance.status)) return true;
  const executionId = event.OrchestrationInstance?.ExecutionId;
  return instance.status === 'Pending' && instance.executionId === executionId;
}

function begin(known: InstanceRecord | undefined, event: HistoryEvent, now: number): Session {
  const id = event.OrchestrationInstance;
  const pending = known?.executionId === id?.ExecutionId ? known : undefined;
  const instance: InstanceRecord = {
    instanceId: id?.InstanceId ?? '',
    executionId: id?.ExecutionId ?? '',
    name: event.Name ?? '',
    version: event.Version ?? '',
    status: 'Running',
    input: event.Input ?? null,
    output: null,
    customStatus: null,
    createdAt: pending?.createdAt ?? now,
    updatedAt: now,
    played: 0,
  };
  return { instance, history: [], text: new HistoryText() };
}

/**
 * Sorts the waiting messages of one instance: a start comes first (and only once), completions of
 * another execution and whatever reaches a finished instance are dropped (R4, S4).
 */
export function reconcile(
  known: InstanceRecord | undefined,
  load: () => Session,
  messages: StoredMessage[],
  now: number,
): Reconciled {
  const start = messages.find((m) => isStart(m) && mayStart(known, m.event));
  const dropped: number[] = [];
  let session: Session | undefined;
  if (start) session = begin(known, start.event, now);
  else if (known && known.status !== 'Pending' && !isFinal(known.status)) session = load();
  const accepted = start ? [start] : [];
  for (const message of messages) {
    if (message === start) continue;
    const { executionId } = message;
    const matches = executionId === null || executionId === session?.instance.executionId;
    if (session && matches && !isStart(message)) accepted.push(message);
    else dropped.push(message.id);
  }
  return { session, accepted, dropped };
}
