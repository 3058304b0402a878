/** Longest wait Graph can make us take, in milliseconds. */
export const maximumRetryAfterMs = 300_000;

/**
 * Milliseconds of a Retry-After header: seconds, also with a fraction ("2.128"), or a date; at most
 * 300,000. A past date is 0. undefined when absent, negative or garbage: the caller then decides.
 * https://learn.microsoft.com/graph/throttling#sample-response
 */
export function retryAfterMs(value: string | undefined, now: Date): number | undefined {
  const text = value?.trim() ?? '';
  if (/^\d+(\.\d+)?$/.test(text)) return cap(Number(text) * 1000);
  // Only the HTTP date forms begin with a weekday; Date.parse alone would take "-5" for a date.
  if (!/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text)) return undefined;
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : cap(time - now.getTime());
}

function cap(milliseconds: number): number {
  return Math.min(Math.max(Math.ceil(milliseconds), 0), maximumRetryAfterMs);
}

/**
 * Wait before try `attempt` + 1, in milliseconds. What Graph asks is a lower bound: jitter only
 * adds, so that those who were refused together do not come back together.
 */
export function waitBefore(
  attempt: number,
  asked: number | undefined,
  firstWaitMs: number,
  random: () => number,
): number {
  const backoff = Math.min(firstWaitMs * 2 ** (attempt - 1), 60_000);
  if (asked === undefined) return Math.ceil(backoff + random() * backoff);
  return Math.ceil(asked + random() * Math.min(backoff, 5_000));
}
