// The backup of a tenant (DESIGN 6): reads collections page by page, writes them in place under the
// next point number and publishes that point in one transaction. Everything it knows about a type
// comes from the catalogue. It must not import an adapter, hold ids of a whole tenant in memory, call
// Graph inside a transaction, or turn anything but positive evidence into a deletion.
import type { ObjectType } from '../catalog/object-type.ts';
import type { LinkCipher } from '../encryption/link-cipher.ts';
import type { GraphClient } from '../graph/graph-client.ts';
import type { Clock } from '../model/clock.ts';
import type { Tenant } from '../model/tenant.ts';
import type { BackupTables } from '../repository/backup-tables.ts';
import type { Database, Transaction } from '../repository/database.ts';
import type { Fence, TaskFence } from '../repository/fence.ts';
import type { SessionTask } from '../repository/session-tasks.ts';
import type { Failpoint } from './failpoint.ts';

export interface BackupLimits {
  /** The lease ends this long after the last heartbeat. */
  readonly leaseMs: number;
  /** Failures of one collection in a row before it is given up. */
  readonly maxFailures: number;
  /** As maxFailures while Graph asks for patience only: one that never ends must not hold the rest. */
  readonly maxThrottled: number;
  /** Pages without a row in a row, in one slice, after which a listing counts as endless. */
  readonly maxEmptyPages: number;
  /** Pages of one delta round after which it counts as endless. */
  readonly maxRoundPages: number;
  /** Objects or links undone per transaction. */
  readonly revertChunk: number;
}

export const defaultLimits: BackupLimits = {
  leaseMs: 600_000,
  maxFailures: 5,
  // Each stands for a minute or more: a slice of tries, or a wait that does not fit into one.
  maxThrottled: 60,
  maxEmptyPages: 500,
  maxRoundPages: 100_000,
  revertChunk: 2_000,
};

/** The calls of the Graph client that a backup makes. */
export type BackupGraph = Pick<
  GraphClient,
  'page' | 'object' | 'getByIds' | 'batchPages' | 'batchObjects' | 'statistics'
>;

export interface BackupContext {
  readonly tenant: Tenant;
  readonly database: Database;
  readonly tables: BackupTables;
  /** A client of its own for each slice, so that its counts belong to one collection. */
  readonly graph: BackupGraph;
  readonly cipher: LinkCipher;
  readonly clock: Clock;
  readonly failpoint: Failpoint;
  readonly limits: BackupLimits;
  readonly catalogue: readonly ObjectType[];
}

/** One step of one collection: what it was started with. */
export interface Work {
  readonly context: BackupContext;
  readonly type: ObjectType;
  readonly task: SessionTask;
  readonly fence: TaskFence;
  /** End of the slice. */
  readonly deadline: Date;
  /** What the slice has done, added to the statistics of the collection. */
  readonly tally: Tally;
}

export interface Tally {
  added: number;
  changed: number;
  unchanged: number;
  removed: number;
  links: number;
}

export function taskFence(fence: Fence, task: SessionTask): TaskFence {
  return {
    ...fence,
    collection: task.collection,
    generation: task.generation,
    phase: task.phase,
    round: task.round,
  };
}

/** A write transaction of one collection, fenced from its first statements. */
export async function writeTask<T>(work: Work, write: (tx: Transaction) => Promise<T>): Promise<T> {
  const { context, fence } = work;
  return await context.database.withTenant(context.tenant.tenantNo, async (tx) => {
    await context.tables.fence.holdTask(tx, fence);
    return await write(tx);
  });
}

/** A transaction that only reads. */
export async function read<T>(
  context: BackupContext,
  work: (tx: Transaction) => Promise<T>,
): Promise<T> {
  return await context.database.withTenant(context.tenant.tenantNo, work);
}

/** Authenticated with every stored link: the tenant and what it goes on with. */
export function linkContext(work: Work, what: string): string {
  return `${work.context.tenant.tenantNo}/${work.task.collection}/${what}`;
}

export function isOver(work: Work): boolean {
  return work.context.clock.now() >= work.deadline;
}
