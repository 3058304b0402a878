import type { HistoryEvent } from './history.ts';

/** What the replay of one episode decided; `id` is the event id of the genuine counter. */
export type Decision =
  | { kind: 'activity'; id: number; name: string; input: unknown }
  | { kind: 'timer'; id: number; fireAt: string }
  | {
      kind: 'subOrchestration';
      id: number;
      name: string;
      /** undefined = the default version of host.json */
      version: string | undefined;
      instanceId: string;
      /** JSON text. */
      input: string | null;
    }
  | { kind: 'complete'; id: number; end: OrchestrationEnd }
  | { kind: 'continueAsNew'; id: number; input: string | null; carried: HistoryEvent[] };

/** How an execution ends. `output` is JSON text. */
export type OrchestrationEnd =
  | { status: 'Completed'; output: string | null }
  | { status: 'Failed'; output: string; reason: string; details: string | null }
  | { status: 'Terminated'; output: string | null; reason: string | null };
