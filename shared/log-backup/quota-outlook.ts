import { HOUR } from './log-time.ts';
import { SWEEPS, type Traffic } from './source-state.ts';

/**
 * Requests for logs that Graph allows in an hour, all sources of a tenant together: 5 in 10 s, less
 * what an even pace leaves unused (https://learn.microsoft.com/graph/throttling-limits).
 */
export const POSSIBLE_REQUESTS_PER_HOUR = 1764;

/** What the volume of one source costs: every hour is read by the first read and each sweep. */
export function neededRequestsPerHour({ requests, span }: Traffic): number {
  return span === 0 ? 0 : Math.ceil((requests / span) * HOUR * SWEEPS);
}

export interface QuotaOutlook {
  readonly needed: number;
  readonly possible: number;
  readonly keepsUp: boolean;
  /** `1,764 requests per hour are possible, 2,400 are needed ...`; absent while it keeps up. */
  readonly statement?: string;
}

/** Whether the quota of a tenant suffices; `needed` of each of its sources, requests per hour. */
export function quotaOutlook(needed: readonly number[]): QuotaOutlook {
  const sum = needed.reduce((all, one) => all + one, 0);
  const possible = POSSIBLE_REQUESTS_PER_HOUR;
  if (sum <= possible) return { needed: sum, possible, keepsUp: true };
  const statement =
    `graph allows ${possible} requests for logs per hour, the volume of this tenant needs ${sum}: ` +
    'late sweeps fall behind first, then records are lost after their retention';
  return { needed: sum, possible, keepsUp: false, statement };
}
