import { type Quota, type TenantSize, unitsPer10Seconds } from './token-bucket.ts';

/**
 * How a quota is divided among several instances: into lanes, each leased by one of them at a time.
 * A holder of n lanes refills n x `perSecond` up to a burst of n x `burst`, or of `burst` where a
 * lane is less than one request.
 */
export interface LaneLimit {
  readonly lanes: number;
  readonly burst: number;
  readonly perSecond: number;
  /** One burst for all lanes of a holder: the quota counts single requests. */
  readonly isSingle: boolean;
  /** Rest of a lane between two holders. */
  readonly coolDownMs: number;
  /**
   * What one instance may use without any lease when the store is out of reach; kept back from the
   * lanes. Undefined where the quota is too small to be divided in advance.
   */
  readonly spare?: { readonly burst: number; readonly perSecond: number };
}

/**
 * Most instances that may be at work at once; the spare part of the quota is divided by it.
 * https://learn.microsoft.com/azure/azure-functions/flex-consumption-plan: 40 is the smallest limit.
 */
export const MOST_INSTANCES = 40;

/** All lanes and all spare parts together stay below the quota of any window. */
export function laneLimitOf(quota: Quota, size: TenantSize, instances: number): LaneLimit {
  if (quota === 'identity') return divided(unitsPer10Seconds[size], 10, 0.08, instances);
  if (quota === 'writes') return divided(3000, 150, 0.03, instances);
  // A holder of n lanes sends at most floor(1 + 10 x n x 0.098) = n requests in 10 s; a lane rests as
  // long as the window, so that no two holders have used it in one window.
  if (quota === 'logs') {
    return { lanes: 5, burst: 1, perSecond: 0.098, isSingle: true, coolDownMs: 10_000 };
  }
  return { lanes: 1, burst: 1, perSecond: 0.95, isSingle: true, coolDownMs: 1_000 };
}

/**
 * 93 % of the quota in 4 lanes, of it `share` as burst, and 5 % spare. A lane begins empty with a
 * new holder, so that what two holders can send in one window is what one could have sent.
 */
function divided(amount: number, seconds: number, share: number, instances: number): LaneLimit {
  const lanes = 4;
  const part = (amount * 0.05) / instances;
  const burst = Math.min(5, part / 2);
  return {
    lanes,
    burst: (amount * share) / lanes,
    perSecond: (amount * (0.93 - share)) / seconds / lanes,
    isSingle: false,
    coolDownMs: 0,
    spare: { burst, perSecond: (part - burst) / seconds },
  };
}
