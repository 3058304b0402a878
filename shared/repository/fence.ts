import { BackupError } from '../errors/backup-error.ts';
import type { Transaction } from './database.ts';

/** What an activity was started with; a transaction that finds anything else is refused. */
export interface Fence {
  readonly sessionId: string;
  readonly epoch: number;
  /** The restore point of the session: N = head + 1. */
  readonly point: number;
}

export interface TaskFence extends Fence {
  readonly collection: string;
  readonly generation: number;
  readonly phase: string;
  /** Delta rounds that had ended: an answer from before one of them must not be stored after it. */
  readonly round: number;
}

/** The lease has the epoch of the fence, held to the end of the transaction; else `fenced`. */
export async function holdLease(tx: Transaction, fence: Fence): Promise<void> {
  const lease = await tx.row(
    `select 1 from lease where tenant_no = $1 and kind = 'directory' and epoch = $2 for share`,
    [tx.tenantNo, fence.epoch],
    'hold-lease',
  );
  if (lease === undefined) throw fenced('the lease has another epoch', fence);
}

/**
 * First statements of each write transaction of a session: the lease still has this epoch, the
 * session is still in this state, both held to the commit (DESIGN 6.1). Throws `fenced`.
 */
export async function holdSession(
  tx: Transaction,
  fence: Fence,
  state: 'open' | 'abandoning' = 'open',
): Promise<void> {
  await holdLease(tx, fence);
  const session = await tx.row(
    `select 1 from session where tenant_no = $1 and id = $2 and state = $3 and epoch = $4
     for share`,
    [tx.tenantNo, fence.sessionId, state, fence.epoch],
    'hold-session',
  );
  if (session === undefined) throw fenced(`the session is not ${state} any more`, fence);
}

/** As holdSession for a step of the whole session: a twin waits for its end instead of beside it. */
export async function holdSessionAlone(tx: Transaction, fence: Fence): Promise<void> {
  await holdLease(tx, fence);
  await tx.rows('select 1 from session where tenant_no = $1 and id = $2 for update', [
    tx.tenantNo,
    fence.sessionId,
  ]);
  await holdSession(tx, fence);
}

/** As holdSession; the task must also have the generation, phase and round the activity started with. */
export async function holdTask(tx: Transaction, fence: TaskFence): Promise<void> {
  await holdSession(tx, fence);
  const task = await tx.row(
    `select 1 from session_task where tenant_no = $1 and session_id = $2 and collection = $3
       and generation = $4 and phase = $5 and round = $6 for share`,
    [tx.tenantNo, fence.sessionId, fence.collection, fence.generation, fence.phase, fence.round],
    'hold-task',
  );
  if (task === undefined) throw movedOn(`${fence.collection} has moved on`, fence);
}

export function fenced(why: string, fence: Fence): BackupError {
  return new BackupError('fenced', why, {
    details: { sessionId: fence.sessionId, epoch: fence.epoch },
  });
}

/**
 * The session goes on but this step was done by a twin, or its collection is elsewhere: the worker
 * reads where things stand and goes on from there.
 */
export function movedOn(why: string, fence: Fence): BackupError {
  return new BackupError('fenced', why, {
    details: { sessionId: fence.sessionId, epoch: fence.epoch, scope: 'task' },
  });
}
