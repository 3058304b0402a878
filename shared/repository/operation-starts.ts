// Rows of operations that wait for their orchestration.
import type { Operation } from '../model/operation.ts';
import type { Transaction } from './database.ts';
import { type OperationRow, operationColumns, operationOf } from './operation-row.ts';

/** Operations that no instance works for yet, oldest first; in a registry transaction. */
export async function listUnstarted(tx: Transaction, top: number): Promise<Operation[]> {
  const rows = await tx.rows<OperationRow>(
    `select ${operationColumns} from operation
     where instance_started_at is null and status = 'notStarted' order by created_at limit $1`,
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
