// Every minute: starts the copy of tenants with a point that a copy container does not hold yet. It does
// no work itself, and one instance copies a tenant at a time.
import { app, type InvocationContext, type Timer } from '@azure/functions';
import * as df from 'durable-functions';
import { dueCopies } from '../../shared/repository/tenant-copies.ts';
import { copyPlaces } from '../copy-parts.ts';
import type { OrchestrationClient } from '../durable/orchestration-client.ts';
import { findInstance, isUnfinished } from '../durable/orchestration-instances.ts';
import { type Services, services } from '../services.ts';

const PER_TICK = 100;
/** Labels, holds and settings change without a point. */
const COMPARE_MS = 60 * 60_000;
const RETRY_MS = 2 * 60_000;

/** Answers how many copies were started. */
export async function startTenantCopies(
  from: Services,
  client: OrchestrationClient,
): Promise<number> {
  const places = copyPlaces(from);
  if (places.length === 0) return 0;
  const now = from.clock.now().getTime();
  const bounds = {
    checkedSince: new Date(now - COMPARE_MS),
    failedSince: new Date(now - RETRY_MS),
    top: PER_TICK,
  };
  const containers = places.map(({ store }) => store.description);
  const due = await from.database.withRegistry((tx) => dueCopies(tx, containers, bounds));
  let started = 0;
  for (const { tenantNo, tenantId } of due) {
    const instanceId = `copy:${tenantId}`;
    if (isUnfinished(await findInstance(client, instanceId))) continue;
    const input = { tenantNo, containers: places.length };
    await client.startNew('copyTenant', { instanceId, input });
    started += 1;
  }
  return started;
}

app.timer('startTenantCopies', {
  schedule: '20 * * * * *',
  extraInputs: [df.input.durableClient()],
  handler: async (_timer: Timer, context: InvocationContext): Promise<void> => {
    if (services().settings.tenantCopies.addresses.length === 0) return;
    await services().verifyRepository();
    const started = await startTenantCopies(services(), df.getClient(context));
    services().logger.info('tenant copies checked', { count: started });
  },
});
