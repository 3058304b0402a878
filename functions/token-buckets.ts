import type { CacheRepository } from '../shared/cache/cache-repository.ts';
import { SharedTokenBuckets } from '../shared/graph/shared-token-buckets.ts';
import {
  type BucketAnswer,
  type BucketKey,
  ProcessTokenBuckets,
  type TenantSize,
  type TokenBucketStore,
} from '../shared/graph/token-bucket.ts';
import type { Clock } from '../shared/model/clock.ts';
import type { Settings } from '../shared/settings/settings.ts';
import { faults } from './fault-points.ts';

interface Parts {
  readonly settings: Pick<Settings, 'severalInstances'>;
  readonly clock: Clock;
  cache(): CacheRepository | undefined;
}

/**
 * The quotas of this process. That of logs is so small that two instances always pass it together:
 * where the platform runs several and there is a cache, it is leased from there. A process that is
 * the only one has it to itself and starts at once; a first lease waits until every lease has ended
 * that a lost record may have held, about half a minute.
 */
export function openTokenBuckets({ settings, clock, cache }: Parts): TokenBucketStore {
  const own = new ProcessTokenBuckets(ownLimits());
  if (!settings.severalInstances) return own;
  const store = cache();
  return store === undefined
    ? own
    : new DividedBuckets(own, new SharedTokenBuckets({ store, clock }));
}

function ownLimits(): ConstructorParameters<typeof ProcessTokenBuckets>[0] {
  const { logRequestsPerSecond: perSecond } = faults;
  return perSecond === undefined ? {} : { logs: { burst: 1, perSecond } };
}

/** The quota of logs is shared with other instances, the others are of this process. */
class DividedBuckets implements TokenBucketStore {
  readonly #own: TokenBucketStore;
  readonly #shared: TokenBucketStore;

  constructor(own: TokenBucketStore, shared: TokenBucketStore) {
    this.#own = own;
    this.#shared = shared;
  }

  async take(key: BucketKey, amount: number, now: Date, maxWaitMs: number): Promise<BucketAnswer> {
    return await this.#of(key).take(key, amount, now, maxWaitMs);
  }

  async pause(key: BucketKey, until: Date): Promise<void> {
    await this.#of(key).pause(key, until);
  }

  async setTenantSize(tenantId: string, size: TenantSize): Promise<void> {
    await this.#own.setTenantSize(tenantId, size);
  }

  #of({ quota }: BucketKey): TokenBucketStore {
    return quota === 'logs' ? this.#shared : this.#own;
  }
}
