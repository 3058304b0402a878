import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { GraphRequest } from '../../../shared/graph/graph-request.ts';
import { resourceUnits } from '../../../shared/graph/resource-units.ts';
import {
  ProcessTokenBuckets,
  type Quota,
  type TenantSize,
  tenantSizeOf,
} from '../../../shared/graph/token-bucket.ts';

const forEver = Number.POSITIVE_INFINITY;
const tenantId = 'a';

/** Times in ms at which `count` calls that come as fast as they can are let through. */
async function timesOf(
  quota: Quota,
  amounts: readonly number[],
  size: TenantSize = 'L',
): Promise<number[]> {
  const buckets = new ProcessTokenBuckets();
  await buckets.setTenantSize(tenantId, size);
  let now = 1_000_000;
  const times: number[] = [];
  for (const amount of amounts) {
    const { waitMs } = await buckets.take({ tenantId, quota }, amount, new Date(now), forEver);
    now += waitMs;
    times.push(now);
  }
  return times;
}

/** Largest sum of amounts in any window of `windowMs`. */
function busiest(times: readonly number[], amounts: readonly number[], windowMs: number): number {
  let start = 0;
  let sum = 0;
  let most = 0;
  times.forEach((time, index) => {
    sum += amounts[index] ?? 0;
    while ((times[start] ?? 0) <= time - windowMs) sum -= amounts[start++] ?? 0;
    most = Math.max(most, sum);
  });
  return most;
}

describe('token buckets', () => {
  const limits: [Quota, TenantSize, number, number][] = [
    ['identity', 'S', 3_500, 10_000],
    ['identity', 'M', 5_000, 10_000],
    ['identity', 'L', 8_000, 10_000],
    ['writes', 'L', 3_000, 150_000],
    ['conditionalAccess', 'L', 1, 1_000],
    ['logs', 'L', 5, 10_000],
  ];

  it.each(limits)(
    'keep %s of size %s below %i in every %i ms and use 90 %% of it',
    async (quota, size, limit, windowMs) => {
      const amounts = new Array<number>(limit < 10 ? 100 : limit * 4).fill(1);
      const times = await timesOf(quota, amounts, size);
      expect(busiest(times, amounts, windowMs)).toBeLessThanOrEqual(limit);
      const span = (times.at(-1) ?? 0) - (times[0] ?? 0);
      expect(amounts.length / (span / windowMs)).toBeGreaterThanOrEqual(limit * 0.9);
    },
  );

  it('keep below the limit for any mix of amounts', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 500, maxLength: 900 }),
        async (amounts) => {
          const times = await timesOf('identity', amounts, 'S');
          expect(busiest(times, amounts, 10_000)).toBeLessThanOrEqual(3_500);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('serve callers that come together one after another', async () => {
    const buckets = new ProcessTokenBuckets();
    const now = new Date(0);
    const take = () => buckets.take({ tenantId, quota: 'conditionalAccess' }, 1, now, forEver);
    const waits = (await Promise.all([take(), take(), take()])).map((answer) => answer.waitMs);
    expect(waits[0]).toBe(0);
    expect(waits[1]).toBeGreaterThan(1_000);
    expect((waits[2] ?? 0) - (waits[1] ?? 0)).toBeGreaterThan(1_000);
  });

  it('take nothing from who cannot wait so long', async () => {
    const buckets = new ProcessTokenBuckets();
    const key = { tenantId, quota: 'conditionalAccess' } as const;
    const now = new Date(0);
    await buckets.take(key, 1, now, forEver);
    const refused = await buckets.take(key, 1, now, 500);
    expect(refused.granted).toBe(false);
    expect(await buckets.take(key, 1, now, forEver)).toEqual({
      granted: true,
      waitMs: refused.waitMs,
    });
  });

  it('let nobody through before the end of a pause, other tenants excepted', async () => {
    const buckets = new ProcessTokenBuckets();
    const now = new Date(0);
    await buckets.pause({ tenantId, quota: 'identity' }, new Date(9_000));
    await buckets.pause({ tenantId, quota: 'identity' }, new Date(2_000));
    const take = (tenant: string) =>
      buckets.take({ tenantId: tenant, quota: 'identity' }, 1, now, forEver);
    expect((await take(tenantId)).waitMs).toBe(9_000);
    expect((await take('b')).waitMs).toBe(0);
  });

  it('gain nothing from a clock that goes back', async () => {
    const buckets = new ProcessTokenBuckets();
    const key = { tenantId, quota: 'conditionalAccess' } as const;
    await buckets.take(key, 1, new Date(10_000), forEver);
    await buckets.take(key, 1, new Date(0), 0);
    expect((await buckets.take(key, 1, new Date(500), 0)).granted).toBe(false);
  });

  it.each([
    [0, 'S'],
    [49, 'S'],
    [50, 'M'],
    [500, 'M'],
    [501, 'L'],
  ])('size a tenant of %i users as %s', (users, size) => {
    expect(tenantSizeOf(users)).toBe(size);
  });
});

describe('resource units', () => {
  const cost = (path: string, query: Record<string, string> = {}): number => {
    const request: GraphRequest = { path, apiVersion: 'v1.0', service: 'identity', query };
    return resourceUnits(request, false);
  };

  it.each([
    ['/users', {}, 2],
    ['/users', { $select: 'id' }, 1],
    ['/users', { $select: 'id', $expand: 'manager' }, 2],
    ['/users', { $top: '5' }, 1],
    ['/users/delta', {}, 2],
    ['/groups', {}, 1],
    ['/groups', { $expand: 'members' }, 2],
    ['/groups', { $select: 'id', $top: '1' }, 1],
    ['/groups/a/members', {}, 3],
    ['/groups/a/members', { $select: 'id' }, 2],
    ['/groups/a/transitiveMembers', {}, 5],
    ['/groups/a/owners', {}, 1],
    ['/applications', {}, 2],
    ['/oauth2PermissionGrants', {}, 2],
    ['/servicePrincipals/a/appRoleAssignments', {}, 2],
    ['/subscribedSkus', {}, 3],
    ['/directoryObjects/getByIds', {}, 3],
    ['/administrativeUnits', {}, 1],
  ])('of %s with %o are %i', (path, query, units) => {
    expect(cost(path, query)).toBe(units);
  });

  it('of a write are 1', () => {
    const request: GraphRequest = { path: '/users', apiVersion: 'v1.0', service: 'identity' };
    expect(resourceUnits(request, true)).toBe(1);
  });
});
