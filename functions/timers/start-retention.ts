// Once an hour: starts the daily retention of tenants whose last run is a day old, and the tidying of what
// belongs to no tenant. It does no work itself, and one instance goes through a tenant at a time.
import { app, type InvocationContext, type Timer } from '@azure/functions';
import * as df from 'durable-functions';
import { dueLogRetentions } from '../../shared/repository/log-retentions.ts';
import { copyPlaces } from '../copy-parts.ts';
import type { OrchestrationClient } from '../durable/orchestration-client.ts';
import { findInstance, isUnfinished } from '../durable/orchestration-instances.ts';
import { logPlaces } from '../log-parts.ts';
import { type Services, services } from '../services.ts';

const PER_TICK = 500;
/** Less than a day, so that a run keeps its hour. */
const EVERY_MS = 23.5 * 60 * 60_000;

/** Answers how many tenants were started. */
export async function startRetention(from: Services, client: OrchestrationClient): Promise<number> {
  const now = from.clock.now().getTime();
  await startTidying(client, now);
  const places = logPlaces(from);
  const sides = [
    ...(places?.secondary === undefined ? [] : ['secondary' as const]),
    ...(places === undefined ? [] : ['primary' as const]),
  ];
  const containers = copyPlaces(from).length;
  if (sides.length === 0 && containers === 0) return 0;
  const since = new Date(now - EVERY_MS);
  const due = await from.database.withRegistry((tx) => dueLogRetentions(tx, since, PER_TICK));
  let started = 0;
  for (const tenant of due) {
    const instanceId = `retention:${tenant.tenantId}`;
    if (isUnfinished(await findInstance(client, instanceId))) continue;
    const input = { ...tenant, sides, containers };
    await client.startNew('retainRepositories', { instanceId, input });
    started += 1;
  }
  return started;
}

async function startTidying(client: OrchestrationClient, now: number): Promise<void> {
  const instanceId = 'tidyStores';
  const last = await findInstance(client, instanceId);
  const begun = last === undefined ? 0 : new Date(last.createdTime).getTime();
  if (isUnfinished(last) || now - begun < EVERY_MS) return;
  await client.startNew('tidyStores', { instanceId, input: {} });
}

app.timer('startRetention', {
  schedule: '0 17 * * * *',
  extraInputs: [df.input.durableClient()],
  handler: async (_timer: Timer, context: InvocationContext): Promise<void> => {
    await services().verifyRepository();
    const started = await startRetention(services(), df.getClient(context));
    services().logger.info('retention checked', { count: started });
  },
});
