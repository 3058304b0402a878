// The watchdog (DESIGN 6.10): finds operations whose orchestration has stopped without ending them, ends
// what is left of it and lets the minute timer start it again. It decides by heartbeats in PostgreSQL,
// because an instance of another task hub looks the same as a lost one.
import { OrchestrationRuntimeStatus } from 'durable-functions';
import { isBackupError } from '../../shared/errors/backup-error.ts';
import type { Operation } from '../../shared/model/operation.ts';
import { addAuditEvent } from '../../shared/repository/audit-events.ts';
import type { Transaction } from '../../shared/repository/database.ts';
import { forgetStart, listStarted } from '../../shared/repository/operation-starts.ts';
import { fenceSession, sessionHealth } from '../../shared/repository/stuck-sessions.ts';
import type { OrchestrationClient } from '../durable/orchestration-client.ts';
import { endInstances, findInstance, isUnfinished } from '../durable/orchestration-instances.ts';
import type { Services } from '../services.ts';

const PER_TICK = 200;
const YOUNG_MS = 5_000;
/** An operation without a heartbeat of its own is lost when it has done nothing for this long. */
const SILENT_MS = 30 * 60_000;

type Started = Operation & { readonly instanceId: string };

/** Answers how many operations were let go for a new start. */
export async function restartStuckOperations(
  services: Services,
  client: OrchestrationClient,
): Promise<number> {
  const { database, clock } = services;
  const limit = new Date(clock.now().getTime() - YOUNG_MS);
  const started = await database.withRegistry((tx) => listStarted(tx, limit, PER_TICK));
  let restarted = 0;
  for (const operation of started.filter(({ status }) => status !== 'paused')) {
    try {
      if (await restartIfStuck(services, client, operation)) restarted += 1;
    } catch (error) {
      // a frozen worker may hold the lease row until the database ends its transaction
      if (!isBackupError(error, 'repositoryUnavailable')) throw error;
      const { tenantNo, id: operationId } = operation;
      services.logger.warn('stuck operation is looked at again', { tenantNo, operationId });
    }
  }
  return restarted;
}

async function restartIfStuck(
  services: Services,
  client: OrchestrationClient,
  operation: Started,
): Promise<boolean> {
  const { database, logger } = services;
  const { id, tenantNo, instanceId } = operation;
  const health = await database.withTenant(tenantNo, async (tx) => {
    const found = await sessionHealth(tx, id);
    if (found.state === 'stuck') await fenceSession(tx, found.sessionId, found.leaseMs);
    return found.state;
  });
  if (operation.kind === 'restore' && (await wakeSuspended(client, instanceId))) return false;
  if (health === 'alive' || (health === 'none' && !isSilent(services, operation))) return false;
  const instance = await findInstance(client, instanceId);
  // Without a session nothing is fenced: then only what no longer runs is started again.
  if (health === 'none' && isUnfinished(instance)) return false;
  await endInstances(client, instanceId, instance);
  const isFree = await database.withTenant(tenantNo, async (tx) => {
    const free = await forgetStart(tx, id, 'the job had stopped and was started again');
    if (free) await report(tx, operation);
    return free;
  });
  if (isFree) logger.warn('stuck operation is started again', { tenantNo, operationId: id });
  return isFree;
}

/** The row says that the restore goes on, and the call that was to say so was lost. */
async function wakeSuspended(client: OrchestrationClient, instanceId: string): Promise<boolean> {
  const instance = await findInstance(client, instanceId);
  if (instance?.runtimeStatus !== OrchestrationRuntimeStatus.Suspended) return false;
  await client.resume(instanceId, 'not paused any more');
  return true;
}

function isSilent(services: Services, operation: Operation): boolean {
  return services.clock.now().getTime() - operation.lastActionAt.getTime() > SILENT_MS;
}

async function report(tx: Transaction, operation: Started): Promise<void> {
  await addAuditEvent(tx, {
    tenantNo: operation.tenantNo,
    tenantId: operation.tenantId,
    principalId: 'system',
    roles: [],
    action: 'operation.restart',
    target: `/api/operations/${operation.id}`,
    detail: { kind: operation.kind },
    requestId: operation.id,
  });
}
