import { createHash } from 'node:crypto';
import { isBackupError } from '../../shared/errors/backup-error.ts';
import type { Transaction } from '../../shared/repository/database.ts';
import { markStarted } from '../../shared/repository/operation-starts.ts';
import {
  createOperation,
  findOperation,
  isCancelRequested,
  updateOperation,
} from '../../shared/repository/operations.ts';
import { defineActivity } from '../durable/define-activity.ts';
import { type Outcome, outcomeOf } from '../durable/outcome.ts';
import type { OperationInput } from '../durable/start-operation.ts';
import { services } from '../services.ts';

/** busy: a backup of the tenant runs already, and the live point is taken after it. */
type Answer =
  | { readonly state: 'ready'; readonly backupOperationId: string }
  | { readonly state: 'busy' | 'canceled' };

/**
 * Writes the operation of the incremental backup that takes the live point. The same operation asks
 * for the same backup however often it calls.
 */
export const requestLivePoint = defineActivity<OperationInput, Outcome<Answer>>(
  'requestLivePoint',
  async (input) =>
    await outcomeOf(
      async () =>
        await services().database.withTenant(
          input.tenantNo,
          async (tx) => await request(tx, input),
        ),
    ),
);

async function request(tx: Transaction, input: OperationInput): Promise<Answer> {
  const { tenantNo, tenantId, operationId } = input;
  if (await isCancelRequested(tx, operationId)) return { state: 'canceled' };
  const id = liveBackupId(operationId);
  const known = await findOperation(tx, id);
  if (known !== undefined) return { state: 'ready', backupOperationId: id };
  try {
    await createOperation(tx, {
      id,
      tenantNo,
      kind: 'tenantBackup',
      requestedBy: operationId,
      trigger: 'system',
      request: { mode: 'auto' },
    });
  } catch (error) {
    if (!isBackupError(error, 'tenantBusy')) throw error;
    const running = String(error.details['operationId'] ?? '');
    await updateOperation(tx, operationId, {
      status: 'waiting',
      waitingFor: { cause: 'tenantBusy', detail: `backup ${running} has to end first` },
    });
    return { state: 'busy' };
  }
  // run as a child of this operation's orchestration, not by the minute timer
  await markStarted(tx, id, `backup:${tenantId}`);
  return { state: 'ready', backupOperationId: id };
}

/** A UUID that follows from the operation (RFC 9562, version 8). */
function liveBackupId(operationId: string): string {
  const hex = createHash('sha256').update(`live point of ${operationId}`).digest('hex');
  const parts = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ];
  return parts.join('-');
}
