// Operations: long-running acts as rows that exist before anything runs. Works in a transaction of
// the tenant and, over several tenants, in one of the registry.
import { BackupError } from '../errors/backup-error.ts';
import type { Operation, OperationKind, OperationUpdate } from '../model/operation.ts';
import type { Transaction } from './database.ts';
import { type OperationRow, operationColumns, operationOf } from './operation-row.ts';

/** Kinds of which a tenant runs one at a time. */
const exclusive: readonly OperationKind[] = ['tenantBackup', 'restore', 'logBackup', 'logRepair'];
/** Kinds that read from the tenant or write to it; while it is paused none begins. */
const touching: readonly OperationKind[] = ['tenantBackup', 'restorePlan', 'restore', 'logBackup'];
const active = ['notStarted', 'running', 'waiting', 'paused', 'canceling'];
const ended = ['succeeded', 'failed', 'canceled'];

export interface NewOperation {
  readonly id: string;
  readonly tenantNo: number;
  readonly kind: OperationKind;
  /** Object id of the caller, or the name of the schedule. */
  readonly requestedBy: string;
  readonly trigger: Operation['trigger'];
  readonly reason?: string;
  /** Input of the job: JSON without personal data. */
  readonly request: Readonly<Record<string, unknown>>;
}

/**
 * Writes the row of an operation that is to be started. Throws `tenantBusy`, which names the
 * running operation, when the tenant already has an unfinished one of a kind that runs alone, and
 * `tenantPaused` for what would touch a paused tenant; a plan takes a live point.
 */
export async function createOperation(tx: Transaction, input: NewOperation): Promise<Operation> {
  const tenant = await tx.row<{ id: string; state: string }>(
    `select tenant_id as id, state from tenant where tenant_no = $1 for no key update`,
    [input.tenantNo],
  );
  if (tenant === undefined) throw new BackupError('notFound', 'no such tenant');
  if (tenant.state === 'paused' && touching.includes(input.kind)) {
    throw new BackupError('tenantPaused', `tenant ${tenant.id} is paused`);
  }
  if (exclusive.includes(input.kind)) await refuseWhileBusy(tx, input);
  const row = await tx.row<OperationRow>(
    `insert into operation (id, tenant_no, tenant_id, kind, requested_by, trigger, reason, request)
     values ($1, $2, $3, $4, $5, $6, $7, $8) returning ${operationColumns}`,
    [
      input.id,
      input.tenantNo,
      tenant.id,
      input.kind,
      input.requestedBy,
      input.trigger,
      input.reason ?? null,
      JSON.stringify(input.request),
    ],
  );
  if (row === undefined) throw new BackupError('invalidState', 'operation was not written');
  return operationOf(row);
}

/** Throws `tenantBusy` while such an operation is unfinished; none begins before the commit. */
export async function refuseWhileActive(
  tx: Transaction,
  tenantNo: number,
  kind: OperationKind,
): Promise<void> {
  await tx.row('select 1 from tenant where tenant_no = $1 for no key update', [tenantNo]);
  await refuseWhileBusy(tx, { tenantNo, kind });
}

async function refuseWhileBusy(
  tx: Transaction,
  input: Pick<NewOperation, 'tenantNo' | 'kind'>,
): Promise<void> {
  const running = await findActiveOperation(tx, input.tenantNo, input.kind);
  if (running === undefined) return;
  throw new BackupError('tenantBusy', `operation ${running.id} is ${running.status}`, {
    details: { operationId: running.id, kind: running.kind, status: running.status },
  });
}

/** The unfinished operation of that kind, oldest first. */
export async function findActiveOperation(
  tx: Transaction,
  tenantNo: number,
  kind: OperationKind,
): Promise<Operation | undefined> {
  const row = await tx.row<OperationRow>(
    `select ${operationColumns} from operation
     where tenant_no = $1 and kind = $2 and status = any ($3::text[])
     order by created_at limit 1`,
    [tenantNo, kind, active],
  );
  return row === undefined ? undefined : operationOf(row);
}

export async function findOperation(tx: Transaction, id: string): Promise<Operation | undefined> {
  const row = await tx.row<OperationRow>(
    `select ${operationColumns} from operation where id = $1`,
    [id],
  );
  return row === undefined ? undefined : operationOf(row);
}

/** The operation, or `notFound`. */
export async function getOperation(tx: Transaction, id: string): Promise<Operation> {
  const operation = await findOperation(tx, id);
  if (operation === undefined) throw new BackupError('notFound', `no operation ${id}`);
  return operation;
}

export interface OperationFilter {
  /** Only operations of these tenants; undefined: of all. */
  readonly tenantNos?: readonly number[];
  readonly kind?: OperationKind;
  readonly status?: Operation['status'];
  /** The last one of the page before. */
  readonly before?: { readonly createdAt: Date; readonly id: string };
  readonly top: number;
}

/** Newest first. */
export async function listOperations(
  tx: Transaction,
  filter: OperationFilter,
): Promise<Operation[]> {
  const rows = await tx.rows<OperationRow>(
    `select ${operationColumns} from operation
     where ($1::int[] is null or tenant_no = any ($1)) and ($2::text is null or kind = $2)
       and ($3::text is null or status = $3)
       and ($4::timestamptz is null or (created_at, id) < ($4, $5::uuid))
     order by created_at desc, id desc limit $6`,
    [
      filter.tenantNos ?? null,
      filter.kind ?? null,
      filter.status ?? null,
      filter.before?.createdAt ?? null,
      filter.before?.id ?? null,
      filter.top,
    ],
  );
  return rows.map(operationOf);
}

/**
 * Stores what a running job reports. An operation that has ended stays as it is, one that is being
 * canceled or paused stays so until it ends or is resumed. Answers false when it had ended or does
 * not exist.
 */
export async function updateOperation(
  tx: Transaction,
  id: string,
  update: OperationUpdate,
): Promise<boolean> {
  const changed = await tx.change(
    `update operation set
       status = case when $2::text is null then status
         when status in ('canceling', 'paused') and $2 <> all ($13::text[]) then status
         else $2 end,
       result = coalesce($3, result), phase = coalesce($4, phase),
       progress = coalesce($5, progress), counts = coalesce($6, counts),
       estimated_completion = coalesce($7, estimated_completion),
       waiting_for = case when $8::boolean then $9 else waiting_for end,
       warnings = coalesce($10, warnings), error = coalesce($11, error),
       resource_location = coalesce($12, resource_location), last_action_at = clock_timestamp()
     where id = $1 and status <> all ($13::text[])`,
    [
      id,
      update.status ?? null,
      update.result ?? null,
      update.phase ?? null,
      textOf(update.progress),
      textOf(update.counts),
      update.estimatedCompletion ?? null,
      update.waitingFor !== undefined,
      textOf(update.waitingFor),
      textOf(update.warnings),
      textOf(update.error),
      update.resourceLocation ?? null,
      ended,
    ],
  );
  return changed === 1;
}

const textOf = (value: unknown): string | null =>
  value === undefined || value === null ? null : JSON.stringify(value);

/**
 * Asks a running operation to stop; one that has no instance yet is canceled at once, one that has
 * ended is left alone. Answers the operation as it is now.
 */
export async function requestCancel(tx: Transaction, id: string): Promise<Operation> {
  await tx.change(
    `update operation set cancel_requested = true, last_action_at = clock_timestamp(),
       status = case when status = 'notStarted' and instance_started_at is null
         then 'canceled' else 'canceling' end
     where id = $1 and status <> all ($2::text[])`,
    [id, ended],
  );
  return await getOperation(tx, id);
}

/** Lets a paused operation go on; false when it is not paused. */
export async function resumeOperation(tx: Transaction, id: string): Promise<boolean> {
  const changed = await tx.change(
    `update operation set status = 'running', last_action_at = clock_timestamp()
     where id = $1 and status = 'paused'`,
    [id],
  );
  return changed === 1;
}

/** True when a job should begin nothing new: it is paused, was asked to stop, or has ended. */
export async function isOnHold(tx: Transaction, id: string): Promise<boolean> {
  const row = await tx.row<{ hold: boolean }>(
    `select cancel_requested or status = 'paused' or status = any ($2::text[]) as hold
     from operation where id = $1`,
    [id, ended],
  );
  return row?.hold ?? true;
}

/** True when a job should stop: it was asked to, or its row has ended. */
export async function isCancelRequested(tx: Transaction, id: string): Promise<boolean> {
  const row = await tx.row<{ stop: boolean }>(
    `select cancel_requested or status = any ($2::text[]) as stop from operation where id = $1`,
    [id, ended],
  );
  return row?.stop ?? true;
}
