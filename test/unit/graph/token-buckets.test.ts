// Which quotas a process has to itself, and which it leases.
import { expect, it } from 'vitest';
import { openTokenBuckets } from '../../../functions/token-buckets.ts';
import type { CacheRepository } from '../../../shared/cache/cache-repository.ts';
import type { BucketKey } from '../../../shared/graph/token-bucket.ts';

const tenantId = 'c0117050-0000-4000-8000-000000000001';
const now = new Date('2026-11-24T10:00:00Z');
const clock = { now: () => now, sleep: async () => {} };

function open(severalInstances: boolean, hasCache = true) {
  const asked: string[] = [];
  const cache: Pick<CacheRepository, 'read' | 'write'> = {
    read: (partition, row) => {
      asked.push(`${partition} ${row}`);
      return Promise.resolve(undefined);
    },
    write: () => Promise.resolve('etag'),
  };
  const buckets = openTokenBuckets({
    settings: { severalInstances },
    clock,
    cache: () => (hasCache ? (cache as CacheRepository) : undefined),
  });
  const take = async (quota: BucketKey['quota']): Promise<boolean> =>
    (await buckets.take({ tenantId, quota }, 1, now, 1_000)).granted;
  return { asked, take };
}

it('lets a process that is the only one send at once', async () => {
  const { asked, take } = open(false);
  expect(await take('logs')).toBe(true);
  expect(asked).toEqual([]);
});

it('leases the quota for logs where the platform runs several instances', async () => {
  const { asked, take } = open(true);
  // what a lost record may have held has to end first
  expect(await take('logs')).toBe(false);
  expect(asked).toEqual([`quota ${tenantId} logs`]);
  expect(await take('identity')).toBe(true);
  expect(asked).toHaveLength(1);
});

it('keeps it in the process where there is no cache', async () => {
  const { take } = open(true, false);
  expect(await take('logs')).toBe(true);
});
