import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import type { LogStore } from '../../shared/log-repository/log-store.ts';
import { startImmutabilityProxy } from '../support/immutability-proxy.ts';
import {
  all,
  closing,
  code,
  DAY,
  inPieces,
  newContainer,
  newFolder,
  openBlobs,
  openFolder,
} from '../support/log-stores.ts';

async function wormStore(toCreate: 'BlobAlreadyExists' | 'BlobImmutableDueToPolicy') {
  const policy = { retentionMs: DAY, now: () => Date.now(), toCreate };
  const proxy = await startImmutabilityProxy(inject('azurite'), policy);
  closing.push(proxy.close);
  return openBlobs(proxy.connectionString, await newContainer());
}

const stores: readonly (readonly [string, boolean, () => Promise<LogStore>])[] = [
  ['a folder', false, async () => openFolder(await newFolder())],
  ['a blob container', false, async () => openBlobs(inject('azurite'), await newContainer())],
  ['an immutable container', true, () => wormStore('BlobImmutableDueToPolicy')],
  ['an immutable container that says exists', true, () => wormStore('BlobAlreadyExists')],
];

describe.each(stores)('%s as a log repository', (_, isImmutable, open) => {
  let store: LogStore;
  beforeAll(async () => {
    store = await open();
  });

  it.each([0, 1, 65_535, 65_536, 65_537, 1_000_003])('gives back %i bytes', async (size) => {
    const content = randomBytes(size);
    const name = `sizes/${size}.seg`;
    expect(await store.create(name, inPieces(content, 10_007))).toBe('created');
    expect(await store.read(name)).toEqual(content);
    expect(Buffer.concat(await all(store.readStream(name)))).toEqual(content);
    expect(await store.head(name)).toEqual({ name, bytes: size });
    const range = { from: Math.floor(size / 3), bytes: 100 };
    const expected = content.subarray(range.from, range.from + range.bytes);
    expect(await store.read(name, range)).toEqual(expected);
    expect(await store.read(name, { from: size + 5, bytes: 10 })).toEqual(Buffer.alloc(0));
  });

  it('never overwrites, whoever comes and with what', async () => {
    const name = 'once/0000000001.json';
    expect(await store.create(name, Buffer.from('first'))).toBe('created');
    expect(await store.create(name, Buffer.from('second'))).toBe('exists');
    expect(await store.create(name, Buffer.from('first'))).toBe('exists');
    expect(await store.create(name, inPieces(randomBytes(300_000), 50_000))).toBe('exists');
    expect((await store.read(name))?.toString()).toBe('first');
  });

  it('lets exactly one of many writers at once have a name', async () => {
    for (const size of [20, 200_000]) {
      const name = `race/${size}.seg`;
      const contents = Array.from({ length: 6 }, () => randomBytes(size));
      const outcomes = await Promise.all(
        contents.map((content) => store.create(name, inPieces(content, 30_000))),
      );
      expect(outcomes.filter((outcome) => outcome === 'created')).toHaveLength(1);
      expect(await store.read(name)).toEqual(contents[outcomes.indexOf('created')]);
    }
  });

  it('stores nothing when the content ends with an error, and throws that error', async () => {
    const reason = new Error('the source broke');
    for (const size of [100, 400_000]) {
      const broken = async function* (): AsyncGenerator<Uint8Array> {
        yield* inPieces(randomBytes(size), 50_000);
        throw reason;
      };
      await expect(store.create(`broken/${size}`, broken())).rejects.toBe(reason);
      expect(await store.head(`broken/${size}`)).toBeUndefined();
      expect(await all(store.list(`broken/${size}`))).toEqual([]);
      expect(await store.create(`broken/${size}`, Buffer.from('later'))).toBe('created');
    }
  });

  it('lists by name in code unit order, below a prefix and after a name', async () => {
    const names = ['o/a/2', 'o/a-1', 'o/a.1', 'o/a/10', 'o/B', 'o/a/1/x', 'o/b/0', 'p/1', 'o/a0'];
    for (const name of names) await store.create(name, Buffer.from(name));
    const namesOf = async (prefix: string, after?: string): Promise<string[]> => {
      const found = store.list(prefix, after === undefined ? {} : { after });
      return (await all(found)).map(({ name }) => name);
    };
    const inOrder = names.filter((name) => name.startsWith('o/')).sort();
    expect(await namesOf('o/')).toEqual(inOrder);
    for (const [place, name] of inOrder.entries()) {
      expect(await namesOf('o/', name)).toEqual(inOrder.slice(place + 1));
    }
    expect(await namesOf('o/a/')).toEqual(['o/a/1/x', 'o/a/10', 'o/a/2']);
    expect(await namesOf('o/a/1')).toEqual(['o/a/1/x', 'o/a/10']);
    expect(await namesOf('o/a/1', 'o/a/1/a')).toEqual(['o/a/1/x', 'o/a/10']);
    expect(await namesOf('none/')).toEqual([]);
    expect((await all(store.list('p'))).map(({ bytes }) => bytes)).toEqual([3]);
  });

  it('says what is missing', async () => {
    expect(await store.read('none/1')).toBeUndefined();
    expect(await store.read('none/1', { from: 0, bytes: 5 })).toBeUndefined();
    expect(await store.head('none/1')).toBeUndefined();
    expect(await store.remove('none/1')).toBe('missing');
    expect(await code(all(store.readStream('none/1')))).toBe('logBlobMissing');
  });

  it('removes, or says why not', async () => {
    await store.create('old/1', Buffer.from('x'));
    const outcome = await store.remove('old/1');
    if (isImmutable) {
      expect(outcome).toEqual({
        retained: expect.stringContaining('immutability policy') as unknown,
      });
      expect((await store.read('old/1'))?.toString()).toBe('x');
    } else {
      expect(outcome).toBe('removed');
      expect(await store.head('old/1')).toBeUndefined();
    }
  });

  it.each([
    '',
    '/',
    'a//b',
    '../x',
    'a/../../x',
    'a/./b',
    '/etc/x',
    'a\\b',
    'a/',
    '.hidden',
    'a/.incoming/x',
    'a\0b',
    'a b',
    'a%2e%2e',
    'C:x',
    `${'a/'.repeat(300)}a`,
    'ä',
  ])('refuses the name %j everywhere', async (name) => {
    expect(await code(store.create(name, Buffer.from('x')))).toBe('logNameInvalid');
    expect(await code(store.read(name))).toBe('logNameInvalid');
    expect(await code(store.head(name))).toBe('logNameInvalid');
    expect(await code(store.remove(name))).toBe('logNameInvalid');
    expect(await code(all(store.readStream(name)))).toBe('logNameInvalid');
  });

  it('answers a check with its latency', async () => {
    expect((await store.check()).latencyMs).toBeGreaterThan(0);
  });
});
