import { describe, expect, inject, it } from 'vitest';
import { SharedTokenBuckets } from '../../shared/graph/shared-token-buckets.ts';
import type { Quota } from '../../shared/graph/token-bucket.ts';
import { newTable, openCache } from '../support/caches.ts';
import { SkippingClock } from '../support/skipping-clock.ts';

const tenantId = 'a1b2c3d4-0000-4000-8000-000000000001';
const forEver = Number.POSITIVE_INFINITY;

/** Sends `count` requests one after another; answers when. */
async function send(
  buckets: SharedTokenBuckets,
  clock: SkippingClock,
  quota: Quota,
  count: number,
): Promise<number[]> {
  const times: number[] = [];
  for (let sent = 0; sent < count; sent += 1) {
    const answer = await buckets.take({ tenantId, quota }, 1, clock.now(), forEver);
    expect(answer.granted).toBe(true);
    await clock.sleep(answer.waitMs);
    times.push(clock.now().getTime());
  }
  return times;
}

describe('quotas shared through the cache repository', () => {
  it('are kept by two instances that take turns, with two transactions a lease', async () => {
    const table = newTable();
    const clock = new SkippingClock();
    const caches = [openCache(table), openCache(table)];
    const [one, other] = caches.map((store) => new SharedTokenBuckets({ store, clock }));
    const times: number[] = [];
    for (let turn = 0; turn < 6; turn += 1) {
      const buckets = turn % 2 === 0 ? one : other;
      if (buckets !== undefined) times.push(...(await send(buckets, clock, 'logs', 8)));
    }
    const most = times.map((from) => times.filter((at) => at >= from && at < from + 10_000).length);
    expect(Math.max(...most)).toBeLessThanOrEqual(5);
    const minutes = ((times.at(-1) ?? 0) - (times[0] ?? 0)) / 60_000;
    const asked = caches.reduce((sum, { counts }) => sum + counts.transactions, 0);
    expect(asked / minutes).toBeLessThan(2 * 2 * 12);
  });

  it('are not exceeded when the account is out of reach', async () => {
    const gone = inject('azurite').replace(
      /TableEndpoint=[^;]+/,
      'TableEndpoint=http://127.0.0.1:9/a',
    );
    const store = openCache(newTable(), {}, gone);
    const buckets = new SharedTokenBuckets({ store, clock: new SkippingClock() });
    const key = { tenantId, quota: 'logs' } as const;
    expect(await buckets.take(key, 1, new Date(), forEver)).toMatchObject({ granted: false });
    expect(
      await buckets.take({ tenantId, quota: 'identity' }, 1, new Date(), forEver),
    ).toMatchObject({ granted: true });
  });
});
