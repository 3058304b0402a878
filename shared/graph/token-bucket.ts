/** A quota of Graph: identity counts resource units, the others requests. */
export type GraphService = 'identity' | 'conditionalAccess' | 'logs';
export type Quota = GraphService | 'writes';

/** Tenant sizes of the identity quota: below 50 users, up to 500, above. */
export type TenantSize = 'S' | 'M' | 'L';

export interface BucketKey {
  readonly tenantId: string;
  readonly quota: Quota;
}

/** granted: send after `waitMs`; otherwise nothing was taken and `waitMs` is what it would take. */
export interface BucketAnswer {
  readonly granted: boolean;
  readonly waitMs: number;
}

/**
 * Shares the quotas of a tenant among all who call for it: in this process, or leased in portions
 * of 30 s and more from a shared store. Amounts are taken in the order of the calls.
 */
export interface TokenBucketStore {
  /** Takes `amount` when the wait stays within `maxWaitMs`. */
  take(key: BucketKey, amount: number, now: Date, maxWaitMs: number): Promise<BucketAnswer>;
  /** Nobody sends before `until`: Graph has said so. */
  pause(key: BucketKey, until: Date): Promise<void>;
  /** Sets the identity quota of a tenant; without it the smallest size is assumed. */
  setTenantSize(tenantId: string, size: TenantSize): Promise<void>;
}

export function tenantSizeOf(users: number): TenantSize {
  if (users < 50) return 'S';
  return users <= 500 ? 'M' : 'L';
}

export interface Limit {
  readonly burst: number;
  readonly perSecond: number;
}

/**
 * Quota per 10 s for one application in one tenant
 * (https://learn.microsoft.com/graph/throttling-limits#identity-and-access-service-limits).
 */
export const unitsPer10Seconds: Readonly<Record<TenantSize, number>> = {
  S: 3500,
  M: 5000,
  L: 8000,
};

/** burst + 10 s x rate stays below the quota of any 10 s window: 98 % of it at most. */
function limitOf(quota: Quota, size: TenantSize): Limit {
  const units = unitsPer10Seconds[size];
  if (quota === 'identity') return { burst: units * 0.06, perSecond: units * 0.092 };
  // 3,000 writes per 150 s: 100 + 150 x 19 = 2,950.
  if (quota === 'writes') return { burst: 100, perSecond: 19 };
  // 5 requests per 10 s for all logs together, one every 2.04 s: the sixth leaves 10.2 s after the
  // first (https://learn.microsoft.com/graph/throttling-limits#identity-and-access-reports-service-limits).
  if (quota === 'logs') return { burst: 1, perSecond: 0.49 };
  // 1 request per second; the margin absorbs what the network changes between two requests.
  return { burst: 1, perSecond: 0.95 };
}

interface Bucket {
  /** Below zero: taken in advance, those callers wait. */
  level: number;
  /** Milliseconds since 1970 for which `level` holds. */
  at: number;
  pausedUntil: number;
}

/** Buckets of this process. */
export class ProcessTokenBuckets implements TokenBucketStore {
  private readonly buckets = new Map<string, Bucket>();
  private readonly sizes = new Map<string, TenantSize>();
  private readonly limits: Partial<Record<Quota, Limit>>;

  /** `limits`: instead of those of Graph, for a service that has others. */
  constructor(limits: Partial<Record<Quota, Limit>> = {}) {
    this.limits = limits;
  }

  async take(key: BucketKey, amount: number, now: Date, maxWaitMs: number): Promise<BucketAnswer> {
    const limit = this.limit(key);
    const bucket = this.bucket(key, limit, now.getTime());
    refill(bucket, limit, now.getTime());
    // A first amount above the burst may leave at once and is paid off by those that follow.
    const missing = Math.max(0, Math.min(amount, limit.burst) - bucket.level);
    const waitMs = Math.ceil(
      Math.max((missing / limit.perSecond) * 1000, bucket.pausedUntil - now.getTime(), 0),
    );
    if (waitMs > maxWaitMs) return { granted: false, waitMs };
    bucket.level -= amount;
    return { granted: true, waitMs };
  }

  async pause(key: BucketKey, until: Date): Promise<void> {
    const bucket = this.bucket(key, this.limit(key), until.getTime());
    bucket.pausedUntil = Math.max(bucket.pausedUntil, until.getTime());
  }

  async setTenantSize(tenantId: string, size: TenantSize): Promise<void> {
    this.sizes.set(tenantId, size);
  }

  private limit(key: BucketKey): Limit {
    return this.limits[key.quota] ?? limitOf(key.quota, this.sizes.get(key.tenantId) ?? 'S');
  }

  private bucket(key: BucketKey, limit: Limit, at: number): Bucket {
    const name = `${key.tenantId} ${key.quota}`;
    const known = this.buckets.get(name);
    if (known !== undefined) return known;
    const bucket: Bucket = { level: limit.burst, at, pausedUntil: 0 };
    this.buckets.set(name, bucket);
    return bucket;
  }
}

/** A clock that went back adds nothing. */
function refill(bucket: Bucket, limit: Limit, now: number): void {
  const elapsed = Math.max(0, now - bucket.at);
  bucket.level = Math.min(limit.burst, bucket.level + (elapsed / 1000) * limit.perSecond);
  bucket.at = now;
}
