import type { ObjectType } from '../../catalog/object-type.ts';
import type { RulesOf } from '../../compare/compare-object.ts';
import type { SecretStore } from '../../encryption/secret-store.ts';
import type { GraphClient } from '../../graph/graph-client.ts';
import type { JsonValue } from '../../json/json-value.ts';
import type { Clock } from '../../model/clock.ts';
import type { Database, Transaction } from '../../repository/database.ts';
import type * as identityMap from '../../repository/identity-map.ts';
import type * as objectKeys from '../../repository/object-keys.ts';
import type * as restoreLease from '../../repository/restore-lease.ts';
import type { RestoreFence } from '../../repository/restore-lease.ts';
import type * as restoreSteps from '../../repository/restore-steps.ts';
import type { RestoreStepRow } from '../../repository/restore-steps.ts';
import type * as restores from '../../repository/restores.ts';
import type { PlanStep, StepRequest } from '../plan-step.ts';

export interface RestoreLimits {
  /** How long a creation whose answer was lost is looked for before it is sent again. */
  readonly searchMs: number;
  /** How long a new object may be unknown to parts of Graph. */
  readonly freshMs: number;
  /** A read may come from a replica this old: a conflict has to hold for as long to be believed. */
  readonly lagMs: number;
  /** How long a write may take to show in what is read back. */
  readonly visibleMs: number;
  /** Pause between two looks. */
  readonly pauseMs: number;
  /** Units worked on at the same time. */
  readonly concurrency: number;
}

/** https://learn.microsoft.com/graph/best-practices-concept (eventual consistency after writes) */
export const defaultRestoreLimits: RestoreLimits = {
  searchMs: 600_000,
  freshMs: 300_000,
  lagMs: 60_000,
  visibleMs: 300_000,
  pauseMs: 2_000,
  concurrency: 8,
};

/** The statements applying uses, handed in so that this folder imports no adapter. */
export interface ApplyRepository {
  readonly identityMap: typeof identityMap;
  readonly objectKeys: typeof objectKeys;
  readonly restoreLease: typeof restoreLease;
  readonly restoreSteps: typeof restoreSteps;
  readonly restores: typeof restores;
}

/** What one slice of a restore works with. */
export interface ApplyContext {
  readonly restoreId: string;
  readonly tenantNo: number;
  readonly database: Database;
  readonly repository: ApplyRepository;
  readonly graph: GraphClient;
  /** Address of Graph without a slash at the end. */
  readonly graphUrl: string;
  readonly secrets: SecretStore;
  readonly types: readonly ObjectType[];
  readonly rulesOf: RulesOf;
  readonly clock: Clock;
  readonly limits: RestoreLimits;
  readonly fence: RestoreFence;
  /** No step begins after this time. */
  readonly deadline: Date;
  /** Old id -> current id; grows while the slice creates objects. */
  readonly identity: Map<string, string>;
  /** Old ids of the objects this restore has created so far. */
  readonly created: Set<string>;
  /** Lower-case object ids that lose nothing: requester and approver. */
  readonly protectedIds: ReadonlySet<string>;
  /** True once the restore is paused or to be canceled: then no further step begins. */
  isOnHold(): Promise<boolean>;
  /** Called at named instants; tests stop the process there. */
  failpoint(name: string): Promise<void>;
}

/** One step in the hands of a worker. */
export interface StepTask {
  readonly step: PlanStep;
  readonly row: RestoreStepRow;
  readonly type: ObjectType;
  /** Id of the object now. */
  readonly currentId: string;
  /** Links of the unit as they were read last; forgotten after a write. */
  readonly unit: UnitMemory;
}

export interface UnitMemory {
  targets?: ReadonlySet<string>;
}

export interface PropertyOutcome {
  readonly name: string;
  readonly outcome: 'done' | 'skipped' | 'conflict';
}

export interface StepResult {
  /** Id of what was created. */
  readonly id?: string;
  readonly properties?: readonly PropertyOutcome[];
  /** Ids of link targets that do not exist. */
  readonly missing?: readonly string[];
  /** Short code and details without personal data. */
  readonly cause?: string;
}

/** What is to be done with a step that was not written or whose write may have been lost. */
export type Preparation =
  | { readonly kind: 'write'; readonly request: StepRequest; readonly inverse: object }
  /** It turns out to have been written. */
  | { readonly kind: 'written'; readonly id?: string }
  | {
      readonly kind: 'end';
      readonly outcome: 'skipped' | 'conflict' | 'failed' | 'pending';
      readonly result: StepResult;
    }
  | { readonly kind: 'later' };

export type Confirmation =
  | { readonly kind: 'done'; readonly outcome?: 'pending'; readonly result: StepResult }
  | { readonly kind: 'later'; readonly result: StepResult };

/** One kind of step. Both functions only read; the runner writes and records. */
export interface StepHandler {
  /** For a planned step: drift check. For a started one: looks whether the write happened. */
  prepare(context: ApplyContext, task: StepTask): Promise<Preparation>;
  /** Reads back; `id` is what the write or the search found. */
  confirm(context: ApplyContext, task: StepTask, id: string | undefined): Promise<Confirmation>;
}

/** A transaction of the slice, fenced from its first statement. */
export async function writeRows<T>(
  context: ApplyContext,
  work: (tx: Transaction) => Promise<T>,
): Promise<T> {
  return await context.database.withTenant(context.tenantNo, async (tx) => {
    await context.repository.restoreLease.holdRestore(tx, context.fence);
    return await work(tx);
  });
}

/** A text as a literal of an OData filter; the client encodes the query. */
export function literal(value: JsonValue): string {
  return typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : String(value);
}
