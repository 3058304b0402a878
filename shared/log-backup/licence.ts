import { isBackupError } from '../errors/backup-error.ts';
import type { GraphClient } from '../graph/graph-client.ts';
import type { GraphRequest } from '../graph/graph-request.ts';
import type { Pace } from './cached-state.ts';
import type { CollectContext } from './collect-context.ts';
import { type LogSourceEntry, logSourceEntries, windowRequest } from './log-sources.ts';
import { DAY, type LogTime, MINUTE, timeOfMs } from './log-time.ts';
import type { SourceMemory } from './source-memory.ts';

/** https://learn.microsoft.com/entra/identity/monitoring-health/reference-reports-data-retention */
const FREE_DAYS = 7;
export const PREMIUM_DAYS = 30;

/** The oldest time that can still be read. A bought licence brings back 7 days, not more. */
export function edgeOf(now: number, retentionDays: number, pace: Pace): LogTime {
  const { licensedSince = Number.NEGATIVE_INFINITY, unlicensedAt } = pace;
  const since = unlicensedAt === undefined ? licensedSince : now;
  return timeOfMs(Math.max(now - retentionDays * DAY, since - FREE_DAYS * DAY));
}

/**
 * After Graph refused for want of a licence: asks for a minute before anything is stated about time
 * that may be lost. Throws graphNotLicensed while there is none.
 */
export async function askLicence(
  context: CollectContext,
  memory: SourceMemory,
  deadline: Date,
): Promise<void> {
  if (memory.pace.unlicensedAt === undefined) return;
  const now = context.clock.now().getTime();
  const request = minuteRequest(logSourceEntries[context.source], now);
  await context.graph.rawPage(request, undefined, { deadline, tries: 2 });
  memory.pace = { ...memory.pace, unlicensedAt: undefined, licensedSince: now };
}

/** Days that Microsoft keeps the logs of this tenant: 7 without a premium licence, else 30. */
export async function readRetentionDays(graph: GraphClient, now: Date): Promise<number> {
  try {
    await graph.rawPage(minuteRequest(logSourceEntries.signIns, now.getTime()));
    return PREMIUM_DAYS;
  } catch (error) {
    if (isBackupError(error, 'graphNotLicensed')) return FREE_DAYS;
    throw error;
  }
}

function minuteRequest(entry: LogSourceEntry, now: number): GraphRequest {
  return windowRequest(entry, { from: timeOfMs(now - MINUTE), to: timeOfMs(now) });
}
