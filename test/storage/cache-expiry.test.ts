import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { CacheRepository } from '../../shared/cache/cache-repository.ts';
import { newTable, openCache, rawTable } from '../support/caches.ts';

const hour = 3_600_000;
const start = Date.parse('2026-03-01T00:00:00Z');
const at = (hours: number): Date => new Date(start + hours * hour);

async function rows(cache: CacheRepository, partition = 'p'): Promise<string[]> {
  const found: string[] = [];
  for await (const { row } of cache.list(partition)) found.push(row);
  return found.sort();
}

async function keys(table: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { rowKey } of rawTable(table).listEntities()) found.push(rowKey ?? '');
  return found;
}

describe('expiry in the cache', () => {
  it('removes what has reached its time, parts included, and tells how many', async () => {
    const table = newTable();
    const cache = openCache(table);
    await cache.write('p', 'early', randomBytes(2_000_000), undefined, { expires: at(1) });
    await cache.write('p', 'late', Buffer.from('2'), undefined, { expires: at(2) });
    await cache.write('q', 'always', Buffer.from('3'), undefined);
    expect(await cache.expire(at(0.9))).toBe(0);
    expect(await cache.expire(at(1))).toBe(1);
    expect(await rows(cache)).toEqual(['late']);
    expect(await keys(table)).toHaveLength(2);
    expect(await cache.expire(at(50))).toBe(1);
    expect(await rows(cache, 'q')).toEqual(['always']);
    expect(await cache.expire(at(50))).toBe(0);
  });

  it('leaves a value that was given a later time in between', async () => {
    const cache = openCache(newTable());
    const etag = await cache.write('p', 'r', Buffer.from('1'), undefined, { expires: at(1) });
    await cache.write('p', 'r', Buffer.from('1'), etag, { expires: at(9) });
    expect(await cache.expire(at(5))).toBe(0);
    let listed: Date | undefined;
    for await (const entry of cache.list('p')) listed = entry.expires;
    expect(listed).toEqual(at(9));
  });

  it('keeps the table below its limit by removing what would expire next', async () => {
    const cache = openCache(newTable(), { maximumBytes: 250 });
    await cache.write('p', 'never', Buffer.alloc(100), undefined);
    for (const hours of [4, 1, 3, 2]) {
      await cache.write('p', `h${hours}`, Buffer.alloc(50), undefined, { expires: at(hours) });
    }
    expect(await cache.expire(at(0))).toBe(1);
    expect(await rows(cache)).toEqual(['h2', 'h3', 'h4', 'never']);
    expect(await cache.expire(at(0))).toBe(0);
  });

  it('removes parts that an interrupted write has left, but not those of a write under way', async () => {
    const table = newTable();
    const cache = openCache(table);
    await cache.write('p', 'r', randomBytes(2_000_000), undefined);
    const all = await keys(table);
    await rawTable(table).upsertEntity({
      partitionKey: 'p',
      rowKey: 'r!0123456789abcdef-001',
      d0: randomBytes(10),
    });
    expect(await cache.expire(new Date())).toBe(0);
    expect(await keys(table)).toHaveLength(all.length + 1);
    expect(await cache.expire(new Date(Date.now() + 2 * hour))).toBe(0);
    expect(await keys(table)).toEqual(all);
    expect((await cache.read('p', 'r'))?.value).toHaveLength(2_000_000);
  });
});
