// Rows of operations that wait for their orchestration.
import type { Operation } from '../model/operation.ts';
import type { Transaction } from './database.ts';
import { type OperationRow, operationColumns, operationOf } from './operation-row.ts';

/** Operations that no instance works for yet, oldest first; in a registry transaction. */
export async function listUnstarted(tx: Transaction, top: number): Promise<Operation[]> {
  const rows = await tx.rows<OperationRow>(
    `select ${operationColumns} from operation
     where instance_started_at is null and status not in ('succeeded', 'failed', 'canceled')
     order by created_at limit $1`,
    [top],
  );
  return rows.map(operationOf);
}

/** Notes the instance of an operation; false when the operation has ended before it began. */
export async function markStarted(
  tx: Transaction,
  id: string,
  instanceId: string,
): Promise<boolean> {
  const changed = await tx.change(
    `update operation set instance_id = $2,
       instance_started_at = coalesce(instance_started_at, clock_timestamp())
     where id = $1 and status not in ('succeeded', 'failed', 'canceled')`,
    [id, instanceId],
  );
  return changed === 1;
}

/** Unfinished operations whose instance was started before `limit`, oldest first. */
export async function listStarted(
  tx: Transaction,
  limit: Date,
  top: number,
): Promise<(Operation & { readonly instanceId: string })[]> {
  const rows = await tx.rows<OperationRow & { readonly instance_id: string }>(
    `select ${operationColumns}, instance_id from operation
     where instance_started_at < $1 and status not in ('succeeded', 'failed', 'canceled')
     order by created_at limit $2`,
    [limit, top],
  );
  return rows.map((row) => ({ ...operationOf(row), instanceId: row.instance_id }));
}

/** Lets the operation be started again, and says so on it; false when it has ended. */
export async function forgetStart(tx: Transaction, id: string, warning: string): Promise<boolean> {
  const row = await tx.row<{ warnings: string }>(
    `select warnings from operation
     where id = $1 and status not in ('succeeded', 'failed', 'canceled') for update`,
    [id],
  );
  if (row === undefined) return false;
  const warnings = [...(JSON.parse(row.warnings) as string[]), warning];
  await tx.change(
    `update operation set instance_started_at = null, warnings = $2,
       last_action_at = clock_timestamp() where id = $1`,
    [id, JSON.stringify(warnings)],
  );
  return true;
}
