import { overdueJobs } from '../../shared/repository/jobs.ts';
import type { Services } from '../services.ts';
import { runDueJobs } from './due-jobs.ts';
import type { OrchestrationClient } from './orchestration-client.ts';

const EVERY_MS = 60_000;
const OVERDUE_MS = 3 * 60_000;
const lastChecks = new WeakMap<Services, number>();

/**
 * Timers of the platform have been seen to stop while requests went on: at most once a minute a request
 * looks for jobs that are overdue and does the work of the minute timer.
 */
export async function startOverdueJobs(
  services: Services,
  client: OrchestrationClient,
): Promise<void> {
  const now = services.clock.now().getTime();
  const last = lastChecks.get(services) ?? 0;
  if (now - last < EVERY_MS) return;
  lastChecks.set(services, now);
  const limit = new Date(now - OVERDUE_MS);
  const overdue = await services.database.withRegistry((tx) => overdueJobs(tx, limit));
  if (overdue.count === 0) return;
  const tick = await runDueJobs(services, client);
  services.logger.warn('overdue jobs were started by a request', {
    added: tick.created,
    skipped: tick.passed,
    count: tick.started,
  });
}
