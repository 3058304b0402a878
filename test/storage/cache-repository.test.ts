import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, describe, expect, inject, it } from 'vitest';
import { isBackupError } from '../../shared/errors/backup-error.ts';
import { newTable, openCache, rawTable } from '../support/caches.ts';
import { type ProxyRules, type StorageProxy, startStorageProxy } from '../support/storage-proxy.ts';

const closing: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const close of closing) await close();
});

async function proxied(rules: ProxyRules): Promise<StorageProxy> {
  const proxy = await startStorageProxy(inject('azurite'), rules, 'Table');
  closing.push(proxy.close);
  return proxy;
}

async function created(written: Promise<string>): Promise<string> {
  const etag = await written;
  expect(etag).not.toBe('conflict');
  return etag;
}

const KIB = 1024;
const table = newTable();
const cache = openCache(table);

describe('the cache repository', () => {
  it.each([0, 1, 64 * KIB, 64 * KIB + 1, 704 * KIB, 704 * KIB + 1, 4 * 704 * KIB, 5_000_000])(
    'gives back a value of %i bytes, also after it was replaced by a small one',
    async (size) => {
      const value = randomBytes(size);
      const row = `size ${size}`;
      const etag = await created(cache.write('sizes', row, value, undefined));
      const found = await cache.read('sizes', row);
      expect(found?.value.equals(value)).toBe(true);
      expect(found?.etag).toBe(etag);
      await created(cache.write('sizes', row, Buffer.from('small'), etag));
      expect((await cache.read('sizes', row))?.value.toString()).toBe('small');
      const left: string[] = [];
      for await (const { rowKey } of rawTable(table).listEntities()) left.push(rowKey ?? '');
      expect(left.filter((key) => key.startsWith(`size~0020${size}!`))).toHaveLength(1);
    },
  );

  it('refuses a value above 32 MiB', async () => {
    const value = Buffer.alloc(32 * KIB * KIB + 1);
    await expect(cache.write('sizes', 'huge', value, undefined)).rejects.toMatchObject({
      code: 'invalidState',
    });
  });

  it('takes one transaction to read and one to write 700 KB', async () => {
    const value = randomBytes(700 * KIB);
    const before = cache.counts.transactions;
    const etag = await created(cache.write('cost', 'row', value, undefined));
    await cache.read('cost', 'row');
    await created(cache.write('cost', 'row', value, etag));
    expect(cache.counts.transactions - before).toBe(3);
  });

  it('keeps any names apart and tells them again', async () => {
    const awkward = [
      ...['', '/', '\\', '#', '?', "'", '%2F', '~', '~0020', ' ', '\u0000', '\ud800', '\ud801'],
      ...['a', 'A', 'a!', 'ä', 'a\u0308', '.', '..', 'x'.repeat(600), `${'x'.repeat(599)}y`],
      ...['tenant|source', '2026-11-01T00:00:00.0000000Z', 'é'.repeat(600)],
    ];
    const names = fc.oneof(
      fc.constantFrom(...awkward),
      fc.string({ unit: 'binary', maxLength: 40 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(names, { maxLength: 12, minLength: 2 }), async (rows) => {
        const partition = `${rows[0]}${randomBytes(4).toString('hex')}`;
        for (const row of rows) {
          await created(cache.write(partition, row, Buffer.from(`value of ${row}`), undefined));
        }
        for (const row of rows) {
          const found = await cache.read(partition, row);
          expect(found?.value.toString()).toBe(Buffer.from(`value of ${row}`).toString());
        }
        const listed: string[] = [];
        for await (const { row } of cache.list(partition)) listed.push(row);
        expect(listed.sort()).toEqual([...rows].sort());
      }),
      { numRuns: 15, examples: [[awkward]] },
    );
  });

  it('answers nothing where nothing is, and says what it removes', async () => {
    expect(await cache.read('none', 'row')).toBeUndefined();
    expect(await cache.remove('none', 'row')).toBe('missing');
    const etag = await created(cache.write('none', 'row', randomBytes(2_000_000), undefined));
    await created(cache.write('none', 'row', randomBytes(3_000_000), etag));
    expect(await cache.remove('none', 'row', etag)).toBe('conflict');
    expect(await cache.remove('none', 'row')).toBe('removed');
    expect(await cache.read('none', 'row')).toBeUndefined();
    const keys: string[] = [];
    for await (const { partitionKey } of rawTable(table).listEntities()) {
      keys.push(partitionKey ?? '');
    }
    expect(keys).not.toContain('none');
  });

  it('goes on in a table that was lost', async () => {
    const lost = newTable();
    const mine = openCache(lost);
    const etag = await created(mine.write('p', 'r', Buffer.from('1'), undefined));
    await rawTable(lost).deleteTable();
    expect(await mine.read('p', 'r')).toBeUndefined();
    await rawTable(lost).deleteTable();
    expect(await mine.write('p', 'r', Buffer.from('2'), etag)).toBe('conflict');
    await created(mine.write('p', 'r', Buffer.from('2'), undefined));
  });

  it('takes its own effect for a success when the answer was lost', async () => {
    let lose = 0;
    const proxy = await proxied({ losesAnswer: () => lose-- > 0 });
    const mine = openCache(newTable(), {}, proxy.connectionString);
    let etag = await created(mine.write('p', 'r', Buffer.from('0'), undefined));
    for (const size of [10, 2_000_000, 5_000_000, 10]) {
      lose = 1;
      const value = randomBytes(size);
      etag = await created(mine.write('p', 'r', value, etag));
      const found = await mine.read('p', 'r');
      expect(found?.etag).toBe(etag);
      expect(found?.value.equals(value)).toBe(true);
    }
    lose = 1;
    await created(mine.write('p', 'new', Buffer.from('0'), undefined));
  });

  it('tells latency and no region that nobody named', async () => {
    const health = await cache.check();
    expect(health.latencyMs).toBeGreaterThan(0);
    expect(health.region).toBeUndefined();
    const proxy = await proxied({
      before: () =>
        Promise.resolve({
          status: 404,
          headers: { 'content-type': 'application/json', 'x-ms-region': 'West Europe' },
          body: JSON.stringify({ 'odata.error': { code: 'ResourceNotFound' } }),
        }),
    });
    const elsewhere = openCache(newTable(), {}, proxy.connectionString);
    expect((await elsewhere.check()).region).toBe('West Europe');
  });
});

describe('an account that cannot be used', () => {
  const key = /AccountKey=([^;]+)/;
  const refused = inject('azurite').replace(
    key,
    `AccountKey=${randomBytes(64).toString('base64')}`,
  );
  const closed = inject('azurite').replace(
    /TableEndpoint=[^;]+/,
    'TableEndpoint=http://127.0.0.1:9/a',
  );

  it.each([
    ['refuses access', refused],
    ['does not answer well', closed],
  ])('is reported when it %s, without its key', async (message, connection) => {
    const mine = openCache(table, { timeoutMs: 5_000 }, connection);
    const acts = [
      () => mine.read('p', 'r'),
      () => mine.write('p', 'r', Buffer.alloc(0), undefined),
      () => mine.write('p', 'r', Buffer.alloc(1_000_000), undefined),
      () => mine.remove('p', 'r'),
      () => mine.expire(new Date()),
      () => mine.check(),
      async () => {
        for await (const entry of mine.list('p')) throw new Error(entry.row);
      },
    ];
    for (const act of acts) {
      const error = await act().then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (!isBackupError(error, 'cacheUnreachable')) throw error;
      expect(error.message).toContain(message);
      expect(error.cause).toBeInstanceOf(Error);
      expect(`${error.message}${JSON.stringify(error.details)}`).not.toContain(
        key.exec(connection)?.[1],
      );
    }
  });

  it('ends a call that hangs', async () => {
    const proxy = await proxied({ before: () => new Promise(() => undefined) });
    const mine = openCache(table, { timeoutMs: 300 }, proxy.connectionString);
    await expect(mine.read('p', 'r')).rejects.toMatchObject({ code: 'cacheUnreachable' });
  });
});
