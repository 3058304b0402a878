import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SharedTokenBuckets } from '../../../shared/graph/shared-token-buckets.ts';
import type { BucketAnswer, Quota, TenantSize } from '../../../shared/graph/token-bucket.ts';
import {
  busiest,
  runWorkers,
  type Send,
  tenantId,
  VirtualLeases,
} from '../../support/quota-workers.ts';
import { VirtualTime } from '../../support/virtual-time.ts';

const start = Date.parse('2026-04-01T00:00:00Z');
const minute = 60_000;
const forEver = Number.POSITIVE_INFINITY;

/** Quota, tenant size, limit, window, largest amount of a call. */
const quotas: [Quota, TenantSize, number, number, number][] = [
  ['identity', 'S', 3_500, 10_000, 60],
  ['identity', 'L', 8_000, 10_000, 60],
  ['writes', 'L', 3_000, 150_000, 1],
  ['conditionalAccess', 'L', 1, 1_000, 1],
  ['logs', 'L', 5, 10_000, 1],
];

/** Mulberry32: small, and the same for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const trouble = fc.record({
  kind: fc.constantFrom('none', 'all cut off', 'one cut off', 'lost', 'garbled'),
  from: fc.integer({ min: 0, max: 4 * minute }),
  length: fc.integer({ min: 0, max: 2 * minute }),
});

const run = fc.record({
  seed: fc.integer(),
  skews: fc.array(fc.integer({ min: -900, max: 900 }), { minLength: 1, maxLength: 8 }),
  pauseMs: fc.constantFrom(0, 0, 300, 20_000),
  trouble,
});

describe('quotas that several instances share', () => {
  it.each(quotas)('%s of size %s never goes above %i in %i ms', async (...row) => {
    const [quota, size, limit, windowMs, largest] = row;
    const isLarge = quota === 'identity' || quota === 'writes';
    await fc.assert(
      fc.asyncProperty(run, async ({ seed, skews, pauseMs, trouble: what }) => {
        const time = new VirtualTime(start);
        const random = randomOf(seed);
        const leases = new VirtualLeases(time, random);
        const [from, to] = [start + what.from, start + what.from + what.length];
        const within = (): boolean => time.now >= from && time.now < to;
        leases.isCutOff = (worker) =>
          within() &&
          (what.kind === 'all cut off' || (what.kind === 'one cut off' && worker === 0));
        void time.sleep(what.from).then(() => {
          if (what.kind === 'lost') leases.lose();
          if (what.kind === 'garbled') leases.garble();
        });
        const pause = isLarge && pauseMs === 0 ? 50 : pauseMs;
        const endMs = 5 * minute;
        const plan = { quota, size, skews, random, largest, pauseMs: pause, endMs };
        const sends = await runWorkers(time, plan, (worker) => leases.of(worker));
        expect(busiest(sends, windowMs)).toBeLessThanOrEqual(limit);
        if (what.kind === 'none') expect(sends.length).toBeGreaterThan(0);
      }),
      { numRuns: isLarge ? 5 : 20 },
    );
  });

  it.each(quotas)(
    '%s of size %s is used to 80 %% by one that has it for itself',
    async (...row) => {
      const sends = await busyWorkers(row, 1);
      expect(used(sends, row)).toBeGreaterThan(0.8);
    },
  );

  it.each(quotas)('%s of size %s goes round among six', async (...row) => {
    const sends = await busyWorkers(row, 6);
    const late = sends.filter((send) => send.time > start + 5 * minute);
    expect(new Set(late.map((send) => send.worker)).size).toBe(6);
    expect(used(sends, row)).toBeGreaterThan(0.45);
  });
});

describe('an instance that the store of leases is out of reach for', () => {
  const cutOff = (time: VirtualTime): SharedTokenBuckets => {
    const leases = new VirtualLeases(time, () => 0);
    leases.isCutOff = () => true;
    return new SharedTokenBuckets({ store: leases.of(0), clock: time.clock() });
  };
  const answer = async (quota: Quota, amount: number): Promise<BucketAnswer> => {
    const time = new VirtualTime(start);
    const taken = cutOff(time).take({ tenantId, quota }, amount, new Date(start), forEver);
    await time.runUntil(start + 20 * minute);
    return await taken;
  };

  it('goes on slowly where the quota has a part to spare', async () => {
    expect((await answer('identity', 1)).granted).toBe(true);
    expect((await answer('writes', 1)).granted).toBe(true);
  });

  it('is told to come again where it has none', async () => {
    expect(await answer('logs', 1)).toEqual({ granted: false, waitMs: 10_000 });
    expect(await answer('conditionalAccess', 1)).toEqual({ granted: false, waitMs: 10_000 });
    expect(await answer('identity', 60)).toEqual({ granted: false, waitMs: 10_000 });
  });

  it('uses its lanes to their end and takes new ones when the store is back', async () => {
    const time = new VirtualTime(start);
    const random = randomOf(3);
    const leases = new VirtualLeases(time, random);
    const [from, to] = [start + 2 * minute, start + 5 * minute];
    leases.isCutOff = () => time.now >= from && time.now < to;
    const plan = { quota: 'logs' as const, size: 'S' as const, skews: [0], random, largest: 1 };
    const work = runWorkers(time, { ...plan, pauseMs: 0, endMs: 8 * minute }, () => leases.of(0));
    const sends = await work;
    const count = (a: number, b: number): number =>
      sends.filter((send) => send.time >= a && send.time < b).length;
    expect(count(from, from + 10_000)).toBeGreaterThan(3);
    expect(count(from + 35_000, to)).toBe(0);
    expect(count(to + minute, to + 2 * minute)).toBeGreaterThan(20);
  });

  it('passes on errors of another kind', async () => {
    const store = new VirtualLeases(new VirtualTime(start), () => 0);
    store.read = () => Promise.reject(new TypeError('a mistake'));
    const buckets = new SharedTokenBuckets({ store, clock: new VirtualTime(start).clock() });
    const taken = buckets.take({ tenantId, quota: 'logs' }, 1, new Date(start), 0);
    await expect(taken).rejects.toThrow('a mistake');
  });
});

describe('a pause that Graph asks for', () => {
  it('reaches every instance', async () => {
    const time = new VirtualTime(start);
    const random = randomOf(5);
    const leases = new VirtualLeases(time, random);
    const plan = { quota: 'logs' as const, size: 'S' as const, random, largest: 1, pauseMs: 0 };
    const other = new SharedTokenBuckets({ store: leases, clock: time.clock() });
    const from = start + 2 * minute;
    void time.sleep(2 * minute).then(() => {
      const until = new Date(from + 2 * minute);
      return other.pause({ tenantId, quota: 'logs' }, until);
    });
    const sends = await runWorkers(time, { ...plan, skews: [0, 0], endMs: 6 * minute }, (worker) =>
      leases.of(worker),
    );
    // until their next renewal the others do not know, and what is promised leaves
    const late = sends.filter(({ time: at }) => at > from + 30_000 && at < from + 2 * minute);
    expect(late).toEqual([]);
    expect(sends.filter(({ time: at }) => at > from + 3 * minute).length).toBeGreaterThan(20);
  });
});

/** 9 minutes of workers that send all they can. */
async function busyWorkers(row: (typeof quotas)[number], workers: number): Promise<Send[]> {
  const [quota, size, , , largest] = row;
  const time = new VirtualTime(start);
  const random = randomOf(7);
  const leases = new VirtualLeases(time, random);
  const skews = new Array<number>(workers).fill(0);
  const endMs = 9 * minute;
  const plan = { quota, size, skews, random, largest, pauseMs: 0, endMs };
  return await runWorkers(time, plan, (worker) => leases.of(worker));
}

/** Part of the quota in the last four minutes. */
function used(sends: readonly Send[], row: (typeof quotas)[number]): number {
  const [, , limit, windowMs] = row;
  const late = sends.filter((send) => send.time > start + 5 * minute);
  const sum = late.reduce((all, send) => all + send.amount, 0);
  return sum / (limit * ((4 * minute) / windowMs));
}
