import type { HistoryEvent } from '../durable/history.ts';

export type RuntimeStatus =
  | 'Pending'
  | 'Running'
  | 'Suspended'
  | 'Completed'
  | 'Failed'
  | 'Terminated';

/** Whether an instance in this state is over. */
export function isFinal(status: RuntimeStatus): boolean {
  return status === 'Completed' || status === 'Failed' || status === 'Terminated';
}

/** One orchestration instance in its newest execution. Times in ms; texts are JSON. */
export interface InstanceRecord {
  instanceId: string;
  executionId: string;
  name: string;
  version: string;
  status: RuntimeStatus;
  input: string | null;
  output: string | null;
  customStatus: string | null;
  createdAt: number;
  updatedAt: number;
  /** How many events of the history the last replay had looked at. */
  played: number;
}

/** An event on its way to an instance. */
export interface NewMessage {
  instanceId: string;
  /** Only this execution may have it; null = whichever runs. */
  executionId: string | null;
  /** Not before this time (ms); also the order of arrival. */
  visibleAt: number;
  event: HistoryEvent;
}

export interface StoredMessage extends NewMessage {
  id: number;
}

/** An activity that must still run. */
export interface NewActivity {
  instanceId: string;
  executionId: string;
  taskId: number;
  name: string;
  /** JSON text of the action's input; null = none. */
  input: string | null;
}

export interface StoredActivity extends NewActivity {
  id: number;
}

/** Everything one work item changes; written in one transaction. */
export interface EpisodeCommit {
  instance: InstanceRecord;
  consumed: number[];
  /** Events from position `from` on; with 0 they replace the whole history. */
  history: { from: number; events: HistoryEvent[] };
  activities: NewActivity[];
  messages: NewMessage[];
}

/** Filter of an instance list; absent members do not restrict. Times in ms. */
export interface InstanceQuery {
  createdFrom?: number;
  createdTo?: number;
  statuses?: RuntimeStatus[];
  idPrefix?: string;
  /** Continue after this row. */
  after?: number;
  limit: number;
}

/** Last and next run of a timer function, ISO 8601. */
export interface ScheduleStatus {
  last: string;
  next: string;
  lastUpdated: string;
}
