import { BackupError } from '../errors/backup-error.ts';
import type { Transaction } from './database.ts';
import { cancelPlanned } from './restore-steps.ts';

export type RestoreState = 'running' | 'verifying' | 'succeeded' | 'failed' | 'canceled';

export interface Restore {
  readonly id: string;
  readonly operationId: string;
  readonly planId: string;
  readonly state: RestoreState;
  /** Number of the last step of the final verification so far. */
  readonly verifiedTo: number;
  readonly requestedBy: string;
  readonly reason: string;
  readonly createdAt: Date;
  readonly finishedAt?: Date;
}

interface Row {
  id: string;
  operation_id: string;
  plan_id: string;
  state: RestoreState;
  verified_to: number;
  requested_by: string;
  reason: string;
  created_at: Date;
  finished_at: Date | null;
}

const columns =
  'id, operation_id, plan_id, state, verified_to, requested_by, reason, created_at, finished_at';

/** Writes a restore with all steps of its plan; the caller has checked that it may begin. */
export async function createRestore(
  tx: Transaction,
  restore: Omit<Restore, 'state' | 'verifiedTo' | 'createdAt' | 'finishedAt'>,
): Promise<void> {
  await tx.change(
    `insert into restore (tenant_no, id, operation_id, plan_id, requested_by, reason, created_at)
     values ($1, $2, $3, $4, $5, $6, date_trunc('milliseconds', clock_timestamp()))`,
    [
      tx.tenantNo,
      restore.id,
      restore.operationId,
      restore.planId,
      restore.requestedBy,
      restore.reason,
    ],
  );
  await tx.change(
    `insert into restore_step (tenant_no, restore_id, no, phase, unit)
     select $1, $2, no, phase, unit from plan_step where tenant_no = $1 and plan_id = $3`,
    [tx.tenantNo, restore.id, restore.planId],
  );
}

/** The restore, or `notFound`. */
export async function getRestore(tx: Transaction, id: string): Promise<Restore> {
  const row = await tx.row<Row>(`select ${columns} from restore where tenant_no = $1 and id = $2`, [
    tx.tenantNo,
    id,
  ]);
  if (row === undefined) throw new BackupError('notFound', `no restore ${id}`);
  return restoreOf(row);
}

export async function findRestoreOfPlan(
  tx: Transaction,
  planId: string,
): Promise<Restore | undefined> {
  const row = await tx.row<Row>(
    `select ${columns} from restore where tenant_no = $1 and plan_id = $2`,
    [tx.tenantNo, planId],
  );
  return row === undefined ? undefined : restoreOf(row);
}

export async function findRestoreOfOperation(
  tx: Transaction,
  operationId: string,
): Promise<Restore | undefined> {
  const row = await tx.row<Row>(
    `select ${columns} from restore where tenant_no = $1 and operation_id = $2`,
    [tx.tenantNo, operationId],
  );
  return row === undefined ? undefined : restoreOf(row);
}

/** Newest first; `before` is the last one of the page before. */
export async function listRestores(
  tx: Transaction,
  top: number,
  before?: { readonly createdAt: Date; readonly id: string },
): Promise<Restore[]> {
  const rows = await tx.rows<Row>(
    `select ${columns} from restore
     where tenant_no = $1 and ($2::timestamptz is null or (created_at, id) < ($2, $3::uuid))
     order by created_at desc, id desc limit $4`,
    [tx.tenantNo, before?.createdAt ?? null, before?.id ?? null, top],
  );
  return rows.map(restoreOf);
}

/** Notes how far the final verification is; the restore is `verifying` from then on. */
export async function setVerifiedTo(tx: Transaction, id: string, no: number): Promise<void> {
  await tx.change(
    `update restore set state = 'verifying', verified_to = $3
     where tenant_no = $1 and id = $2 and state in ('running', 'verifying')`,
    [tx.tenantNo, id, no],
  );
}

/** Ends a restore; nothing happens when it has ended before. */
export async function endRestore(
  tx: Transaction,
  id: string,
  state: 'succeeded' | 'failed' | 'canceled',
): Promise<void> {
  await tx.change(
    `update restore set state = $3, finished_at = clock_timestamp()
     where tenant_no = $1 and id = $2 and state in ('running', 'verifying')`,
    [tx.tenantNo, id, state],
  );
}

/** Ends the restore of an operation that failed or was canceled; steps not begun are canceled. */
export async function failRestore(
  tx: Transaction,
  operationId: string,
  state: 'failed' | 'canceled',
): Promise<void> {
  const restore = await findRestoreOfOperation(tx, operationId);
  if (restore === undefined) return;
  await cancelPlanned(tx, restore.id);
  await endRestore(tx, restore.id, state);
}

function restoreOf(row: Row): Restore {
  return {
    id: row.id,
    operationId: row.operation_id,
    planId: row.plan_id,
    state: row.state,
    verifiedTo: row.verified_to,
    requestedBy: row.requested_by,
    reason: row.reason,
    createdAt: row.created_at,
    ...(row.finished_at === null ? {} : { finishedAt: row.finished_at }),
  };
}
