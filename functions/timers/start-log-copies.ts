// Every minute: starts the copy of logs to the secondary repository for tenants of which the database
// knows that a chain is behind; once an hour the chains themselves are looked at. It does no work
// itself, and one instance copies a tenant at a time.
import { app, type InvocationContext, type Timer } from '@azure/functions';
import * as df from 'durable-functions';
import { dueLogCopies } from '../../shared/repository/log-copies.ts';
import type { OrchestrationClient } from '../durable/orchestration-client.ts';
import { findInstance, isUnfinished } from '../durable/orchestration-instances.ts';
import { logPlaces } from '../log-parts.ts';
import { type Services, services } from '../services.ts';

const PER_TICK = 100;
/** A row may be lost, and a repository may be another one since. */
const LOOK_MS = 60 * 60_000;
const RETRY_MS = 2 * 60_000;

/** Answers how many copies were started. */
export async function startLogCopies(from: Services, client: OrchestrationClient): Promise<number> {
  if (logPlaces(from)?.secondary === undefined) return 0;
  const now = from.clock.now().getTime();
  const bounds = {
    checkedSince: new Date(now - LOOK_MS),
    failedSince: new Date(now - RETRY_MS),
    top: PER_TICK,
  };
  const due = await from.database.withRegistry((tx) => dueLogCopies(tx, bounds));
  let started = 0;
  for (const input of due) {
    const instanceId = `logCopy:${input.tenantId}`;
    if (isUnfinished(await findInstance(client, instanceId))) continue;
    await client.startNew('copyLogs', { instanceId, input });
    started += 1;
  }
  return started;
}

app.timer('startLogCopies', {
  schedule: '40 * * * * *',
  extraInputs: [df.input.durableClient()],
  handler: async (_timer: Timer, context: InvocationContext): Promise<void> => {
    if (services().settings.secondaryLogRepository === undefined) return;
    await services().verifyRepository();
    const started = await startLogCopies(services(), df.getClient(context));
    services().logger.info('copies of logs checked', { count: started });
  },
});
