// The quotas of a tenant, shared by several instances of the application: each leases lanes of a
// quota for 30 s and more from a store that all of them see, and sends only within its lanes. With
// the store out of reach it uses up its leases and then the spare part that was kept back for it.
import { randomUUID } from 'node:crypto';
import { isBackupError } from '../errors/backup-error.ts';
import type { Clock } from '../model/clock.ts';
import { LaneBucket } from './lane-bucket.ts';
import { type LaneLimit, laneLimitOf, MOST_INSTANCES } from './lane-limits.ts';
import {
  type Ask,
  freshRecord,
  type LaneRecord,
  LEASE_MS,
  lanesOf,
  parseRecord,
  shareOut,
} from './lane-record.ts';
import type { BucketAnswer, BucketKey, TenantSize, TokenBucketStore } from './token-bucket.ts';

/** Where the leases lie: any store with compare and swap, the cache repository for one. */
export interface LeaseStore {
  read(
    partition: string,
    row: string,
  ): Promise<{ readonly value: Buffer; readonly etag: string } | undefined>;
  write(
    partition: string,
    row: string,
    value: Buffer,
    etag: string | undefined,
    options?: { readonly expires?: Date },
  ): Promise<string | 'conflict'>;
}

export interface SharedBucketOptions {
  readonly store: LeaseStore;
  readonly clock: Clock;
  /** Most instances at work at once. */
  readonly instances?: number;
}

interface Share {
  readonly key: BucketKey;
  readonly bucket: LaneBucket;
  readonly spare: { level: number; at: number };
  pausedUntil: number;
  /** No request to the store before. */
  nextAsk: number;
  isCutOff: boolean;
  asking: Promise<void> | undefined;
}

const ATTEMPTS = 5;
const ASK_AGAIN_MS = 5_000;
const CUT_OFF_MS = 10_000;
const FORGET_MS = 7 * 86_400_000;

export class SharedTokenBuckets implements TokenBucketStore {
  readonly #store: LeaseStore;
  readonly #clock: Clock;
  readonly #instances: number;
  readonly #holder = randomUUID();
  readonly #shares = new Map<string, Share>();
  readonly #sizes = new Map<string, TenantSize>();

  constructor(options: SharedBucketOptions) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#instances = options.instances ?? MOST_INSTANCES;
  }

  /** May itself wait for a lane, within `maxWaitMs`; `waitMs` then counts from its answer. */
  async take(key: BucketKey, amount: number, now: Date, maxWaitMs: number): Promise<BucketAnswer> {
    const latest = now.getTime() + maxWaitMs;
    for (let at = now.getTime(); ; at = this.#clock.now().getTime()) {
      const share = this.#share(key, at);
      await this.#ask(share, at);
      const asked = Math.max(at, this.#clock.now().getTime());
      const answer = this.#tryTake(share, amount, asked, latest);
      if (answer !== undefined) return answer;
      const pause = Math.max(100, Math.min(ASK_AGAIN_MS, share.nextAsk - asked));
      if (asked + pause > latest) return { granted: false, waitMs: pause };
      await this.#clock.sleep(pause);
    }
  }

  async pause(key: BucketKey, until: Date): Promise<void> {
    const now = this.#clock.now().getTime();
    const share = this.#share(key, now);
    share.pausedUntil = Math.max(share.pausedUntil, until.getTime());
    await this.#reach(share, async () => {
      await this.#change(share, (record) => ({
        ...record,
        pausedUntil: Math.max(record.pausedUntil, until.getTime()),
      }));
    });
  }

  async setTenantSize(tenantId: string, size: TenantSize): Promise<void> {
    this.#sizes.set(tenantId, size);
  }

  /** Undefined: ask again later. */
  #tryTake(share: Share, amount: number, now: number, latest: number): BucketAnswer | undefined {
    const time = share.bucket.timeFor(amount, now, share.pausedUntil);
    if (time !== undefined) {
      const waitMs = Math.max(0, Math.ceil(time - now));
      if (now + waitMs > latest) return { granted: false, waitMs };
      share.bucket.take(amount, now + waitMs);
      return { granted: true, waitMs };
    }
    return share.isCutOff ? this.#takeSpare(share, amount, now, latest) : undefined;
  }

  #takeSpare(share: Share, amount: number, now: number, latest: number): BucketAnswer {
    const { spare: limit } = this.#limit(share.key);
    const { spare } = share;
    if (limit === undefined || amount > limit.burst) return { granted: false, waitMs: CUT_OFF_MS };
    const added = (Math.max(0, now - spare.at) / 1000) * limit.perSecond;
    spare.level = Math.min(limit.burst, spare.level + added);
    spare.at = now;
    const missing = Math.max(0, amount - spare.level);
    const ready = Math.max(now + (missing / limit.perSecond) * 1000, share.pausedUntil);
    const waitMs = Math.ceil(ready - now);
    if (now + waitMs > latest) return { granted: false, waitMs };
    spare.level -= amount;
    return { granted: true, waitMs };
  }

  /** Renews or takes lanes when it is time; calls that come together share one request. */
  async #ask(share: Share, now: number): Promise<void> {
    if (share.bucket.until - now > LEASE_MS / 2) return;
    if (share.asking === undefined) {
      if (now < share.nextAsk) return;
      share.nextAsk = now + ASK_AGAIN_MS;
      share.asking = this.#renew(share).finally(() => {
        share.asking = undefined;
      });
    }
    await share.asking;
  }

  async #renew(share: Share): Promise<void> {
    await this.#reach(share, async () => {
      const record = await this.#change(share, shareOut);
      if (record === undefined) return;
      share.pausedUntil = Math.max(share.pausedUntil, record.pausedUntil);
      const present = this.#clock.now().getTime();
      const lanes = lanesOf(record, this.#holder, present);
      share.bucket.set(this.#limit(share.key), lanes, present);
    });
  }

  /** Runs `act`; a store that cannot be reached cuts off, it ends nothing. */
  async #reach(share: Share, act: () => Promise<void>): Promise<void> {
    try {
      await act();
      share.isCutOff = false;
    } catch (error) {
      if (!isBackupError(error, 'cacheUnreachable')) throw error;
      share.isCutOff = true;
      share.nextAsk = this.#clock.now().getTime() + CUT_OFF_MS;
    }
  }

  /** Undefined when others were quicker each time. */
  async #change(
    share: Share,
    how: (record: LaneRecord, ask: Ask) => LaneRecord,
  ): Promise<LaneRecord | undefined> {
    const partition = `quota ${share.key.tenantId}`;
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const found = await this.#store.read(partition, share.key.quota);
      // by the clock after the read: what was written before it ends no later than a lease from now
      const ask = this.#askOf(share, this.#clock.now().getTime());
      const known = found === undefined ? undefined : parseRecord(found.value, ask.lanes);
      const record = how(known ?? freshRecord(ask), ask);
      const value = Buffer.from(JSON.stringify(record));
      const options = { expires: new Date(ask.now + FORGET_MS) };
      const { etag } = found ?? { etag: undefined };
      const written = await this.#store.write(partition, share.key.quota, value, etag, options);
      if (written !== 'conflict') return record;
    }
    return undefined;
  }

  #askOf(share: Share, now: number): Ask {
    const { lanes, coolDownMs } = this.#limit(share.key);
    return { holder: this.#holder, now, lanes, coolDownMs };
  }

  #limit(key: BucketKey): LaneLimit {
    return laneLimitOf(key.quota, this.#sizes.get(key.tenantId) ?? 'S', this.#instances);
  }

  #share(key: BucketKey, now: number): Share {
    const name = `${key.tenantId} ${key.quota}`;
    const known = this.#shares.get(name);
    if (known !== undefined) return known;
    const limit = this.#limit(key);
    const share: Share = {
      key,
      bucket: new LaneBucket(limit, now),
      spare: { level: limit.spare?.burst ?? 0, at: now },
      pausedUntil: 0,
      nextAsk: 0,
      isCutOff: false,
      asking: undefined,
    };
    this.#shares.set(name, share);
    return share;
  }
}
