import { BackupError } from '../../shared/errors/backup-error.ts';
import type { Operation } from '../../shared/model/operation.ts';
import type { Fence } from '../../shared/repository/fence.ts';
import {
  getOperation,
  isCancelRequested,
  updateOperation,
} from '../../shared/repository/operations.ts';
import { type BackupRequest, openSession } from '../../shared/tenant-backup/open-session.ts';
import { backupContext } from '../backup-parts.ts';
import { defineActivity } from '../durable/define-activity.ts';
import { type Outcome, outcomeOf } from '../durable/outcome.ts';
import type { OperationInput } from '../durable/start-operation.ts';
import { services } from '../services.ts';

type Answer =
  | { readonly state: 'open' | 'abandon' | 'committed'; readonly fence: Fence }
  /** Canceled: its session is undone, or it never had one. */
  | { readonly state: 'abandoned' }
  | { readonly state: 'busy' };

/** Opens the session of the operation, goes on with it, or says what stands in its way. */
export const openBackup = defineActivity<OperationInput, Outcome<Answer>>(
  'openBackup',
  async (input) => await outcomeOf(async () => await open(input)),
);

async function open({ tenantNo, operationId }: OperationInput): Promise<Answer> {
  const context = await backupContext(tenantNo);
  const { database } = context;
  const operation = await database.withTenant(tenantNo, (tx) => getOperation(tx, operationId));
  const held = new Set(await services().permissions(context.tenant, 'backup'));
  const opened = await openSession(context, { ...requestOf(operation), held });
  if (opened.state === 'ended') {
    return opened.committed ? { state: 'committed', fence: opened.fence } : { state: 'abandoned' };
  }
  if (opened.state === 'busy') {
    // It holds neither session nor lease: there is nothing to undo, and nothing to wait for any more.
    const stop = await database.withTenant(tenantNo, (tx) => isCancelRequested(tx, operationId));
    if (stop) return { state: 'abandoned' };
    await report(tenantNo, operationId, opened.operationId);
    return { state: 'busy' };
  }
  if (opened.state === 'open') {
    const update = { status: 'running', phase: 'reading', waitingFor: null } as const;
    await database.withTenant(tenantNo, async (tx) => {
      await context.tables.fence.holdLease(tx, opened.fence);
      await updateOperation(tx, operationId, update);
    });
  }
  return opened;
}

async function report(tenantNo: number, operationId: string, other: string | null): Promise<void> {
  const detail = other === null ? 'the lease is held' : `backup ${other} holds the lease`;
  await services().database.withTenant(tenantNo, (tx) =>
    updateOperation(tx, operationId, {
      status: 'waiting',
      waitingFor: { cause: 'tenantBusy', detail },
    }),
  );
}

/** The request of the operation, as the API has validated and stored it. */
function requestOf(operation: Operation): BackupRequest {
  const { mode, types, label, hold } = operation.request;
  if (mode !== 'auto' && mode !== 'full' && mode !== 'incremental') {
    throw new BackupError('invalidState', `operation ${operation.id} has no mode`);
  }
  const isList = Array.isArray(types) && types.every((name) => typeof name === 'string');
  return {
    operationId: operation.id,
    mode,
    ...(isList ? { types } : {}),
    ...(typeof label === 'string' ? { label } : {}),
    ...(typeof hold === 'boolean' ? { hold } : {}),
  };
}
