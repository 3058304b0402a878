// The fewest requests a log can be read with, from the number of its rows and the page size alone,
// and the least time the quota allows for them. Nothing of the product is used here.
import { pageSizes } from './page-sizes.ts';

export type LogLowerBound = {
  /** Rows a list shows now, copies included. */
  readonly rows: number;
  readonly windows: number;
  readonly requests: number;
  /** 5 requests at once, then one every 2 s (5 in 10 s per application and tenant). */
  readonly seconds: number;
};

const burst = 5;
const secondsPerRequest = 2;

/** `rows` of each window that is read by itself; an empty one still takes its request. */
export function logReadBound(rows: readonly number[]): LogLowerBound {
  const requests = rows.reduce(
    (sum, count) => sum + Math.max(1, Math.ceil(count / pageSizes.logs.maximum)),
    0,
  );
  return {
    rows: rows.reduce((sum, count) => sum + count, 0),
    windows: rows.length,
    requests,
    seconds: Math.max(0, requests - burst) * secondsPerRequest,
  };
}
