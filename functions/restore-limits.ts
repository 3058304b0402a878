import {
  type ApplyContext,
  defaultRestoreLimits,
  type RestoreLimits,
} from '../shared/restore/steps/step-context.ts';
import { faults, reachedFailpoint } from './fault-points.ts';

let limits: RestoreLimits = withWaits(faults.restoreWaitMs);
let reached: ApplyContext['failpoint'] = reachedFailpoint;

/** No wait for other parts of Graph is longer than `longestMs`. */
function withWaits(longestMs: number | undefined): RestoreLimits {
  if (longestMs === undefined) return defaultRestoreLimits;
  const { searchMs, freshMs, lagMs, visibleMs, pauseMs, concurrency } = defaultRestoreLimits;
  const most = (ms: number): number => Math.min(ms, longestMs);
  return {
    searchMs: most(searchMs),
    freshMs: most(freshMs),
    lagMs: most(lagMs),
    visibleMs: most(visibleMs),
    pauseMs: most(pauseMs),
    concurrency,
  };
}

export function restoreLimits(): RestoreLimits {
  return limits;
}

/** Named instants of a restore at which tests stop the process. */
export async function failpoint(name: string): Promise<void> {
  await reached(name);
}

/** Other waits and failpoints for the rest of the process; for tests that drive activities. */
export function useRestoreLimits(
  changed: Partial<RestoreLimits>,
  onFailpoint: ApplyContext['failpoint'] = async () => undefined,
): void {
  limits = { ...defaultRestoreLimits, ...changed };
  reached = onFailpoint;
}
