import type { InvocationOutcome } from '../worker/invocation.ts';

/** Kinds of action the SDK lists; numbers of durable-functions 3.5.0, actions/ActionType. */
export const ACTION = {
  CallActivity: 0,
  CallActivityWithRetry: 1,
  CallSubOrchestrator: 2,
  CallSubOrchestratorWithRetry: 3,
  ContinueAsNew: 4,
  CreateTimer: 5,
  WaitForExternalEvent: 6,
  CallEntity: 7,
  CallHttp: 8,
  SignalEntity: 9,
  WhenAny: 11,
  WhenAll: 12,
  LockEntities: 13,
  ReleaseEntities: 14,
} as const;

/** Intervals in ms. */
export interface ActionRetryOptions {
  firstRetryIntervalInMilliseconds: number;
  maxNumberOfAttempts: number;
  backoffCoefficient?: number;
  maxRetryIntervalInMilliseconds?: number;
  retryTimeoutInMilliseconds?: number;
}

/** One action in the SDK's answer; which members are there depends on the type. */
export interface Action {
  actionType: number;
  functionName?: string;
  input?: unknown;
  instanceId?: string;
  version?: string;
  retryOptions?: ActionRetryOptions;
  fireAt?: string;
  isCanceled?: boolean;
  externalEventName?: string;
  compoundActions?: Action[];
}

/** What the SDK says after an episode: everything the orchestrator did since its start. */
export interface OrchestratorAnswer {
  isDone: boolean;
  actions: Action[][];
  output?: unknown;
  error?: string;
  customStatus?: unknown;
  schemaVersion?: number;
}

/** How an episode ended on the SDK's side. */
export type EpisodeAnswer =
  | {
      kind: 'state';
      state: OrchestratorAnswer /** Text before the state it threw. */;
      label?: string;
    }
  | { kind: 'failure'; message: string; stack: string };

const STATE_LABEL = '\n\n$OutOfProcData$:';

/** Reads the SDK's state from the return value, or from the message of what it threw. */
export function readAnswer(outcome: InvocationOutcome): EpisodeAnswer {
  if (outcome.ok) {
    const value = outcome.response.returnValue;
    const text = value?.json ?? value?.string;
    if (text === undefined) {
      return { kind: 'failure', message: 'the orchestrator function returned no state', stack: '' };
    }
    return { kind: 'state', state: JSON.parse(text) as OrchestratorAnswer };
  }
  const { message, stack } = outcome.failure;
  // The last one: an app's own message may hold the label as well, the state's JSON cannot.
  const label = message.lastIndexOf(STATE_LABEL);
  if (label < 0) return { kind: 'failure', message, stack };
  const text = message.slice(label + STATE_LABEL.length);
  const state = JSON.parse(text) as OrchestratorAnswer;
  return { kind: 'state', state, label: message.slice(0, label) };
}
