import { randomBytes, randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import { BlobServiceClient } from '@azure/storage-blob';
import { describe, expect, inject, it } from 'vitest';
import { startImmutabilityProxy } from '../support/immutability-proxy.ts';
import {
  all,
  closing,
  code,
  DAY,
  inPieces,
  newContainer,
  openBlobs,
} from '../support/log-stores.ts';
import { startStorageProxy } from '../support/storage-proxy.ts';

describe('an immutable container', () => {
  it('lets blobs go when their time is over, and never lets a name be written again', async () => {
    let now = Date.now();
    const policy = { retentionMs: 30 * DAY, now: () => now };
    const proxy = await startImmutabilityProxy(inject('azurite'), policy);
    closing.push(proxy.close);
    const store = openBlobs(proxy.connectionString, await newContainer());
    await store.create('a/1', Buffer.from('x'));
    expect(await store.remove('a/1')).toMatchObject({ retained: expect.any(String) as unknown });
    now += 30 * DAY + 1000;
    expect(await store.create('a/1', Buffer.from('y'))).toBe('exists');
    expect(await store.remove('a/1')).toBe('removed');
  });

  it('refuses what the product never does: the proxy is not blind', async () => {
    const policy = { retentionMs: DAY, now: () => Date.now() };
    const proxy = await startImmutabilityProxy(inject('azurite'), policy);
    closing.push(proxy.close);
    const service = BlobServiceClient.fromConnectionString(proxy.connectionString);
    const blob = service.getContainerClient(await newContainer()).getBlockBlobClient('a');
    await blob.upload('x', 1);
    const refused = { statusCode: 409, code: 'BlobImmutableDueToPolicy' };
    await expect(blob.upload('y', 1)).rejects.toMatchObject(refused);
    await expect(blob.setMetadata({ a: 'b' })).rejects.toMatchObject(refused);
    await expect(blob.delete()).rejects.toMatchObject(refused);
    await expect(blob.commitBlockList([])).rejects.toMatchObject(refused);
  });
});

describe('a blob container behind a bad line', () => {
  const lossy = async (comp: string, losses: number) => {
    let left = losses;
    const proxy = await startStorageProxy(inject('azurite'), {
      losesAnswer: (asked) => {
        const url = new URL(asked.url ?? '', 'http://proxy');
        const hits = asked.method === 'PUT' && (url.searchParams.get('comp') ?? '') === comp;
        if (!hits || left === 0) return false;
        left -= 1;
        return true;
      },
    });
    closing.push(proxy.close);
    return { proxy, store: openBlobs(proxy.connectionString, await newContainer()) };
  };

  it.each([
    ['one block list', 'blocklist', 300_000, 1],
    ['each answer to a block list', 'blocklist', 300_000, 99],
    ['one small upload', '', 100, 1],
    ['each answer to a small upload', '', 100, 99],
    ['two blocks', 'block', 300_000, 2],
  ])('knows its own blob again when the answer to %s is lost', async (_, comp, size, losses) => {
    const { store, proxy } = await lossy(comp, losses);
    const content = randomBytes(size);
    expect(await store.create('a/1', inPieces(content, 20_000))).toBe('created');
    expect(await store.read('a/1')).toEqual(content);
    const sent = proxy.seen.filter((each) => each === `PUT ${comp}`.trim()).length;
    expect(sent).toBeGreaterThan(1);
    // the same bytes of somebody else are not its own
    expect(await store.create('a/1', inPieces(content, 20_000))).toBe('exists');
  });

  it('says that the repository is down, without secrets, and works again afterwards', async () => {
    let isDown = false;
    const proxy = await startStorageProxy(inject('azurite'), {
      before: () => {
        const body = 'busy';
        return Promise.resolve(isDown ? { status: 503, headers: {}, body } : undefined);
      },
    });
    closing.push(proxy.close);
    const store = openBlobs(proxy.connectionString, await newContainer());
    isDown = true;
    expect(await code(store.create('a/1', inPieces(randomBytes(300_000), 9_000)))).toBe(
      'logStoreUnavailable',
    );
    const acts = [
      () => store.read('a/1'),
      () => store.head('a/1'),
      () => store.check(),
      () => all(store.list('a')),
    ];
    for (const act of acts) {
      const error: unknown = await act().catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'logStoreUnavailable' });
      const shown = inspect(error, { depth: 20, showHidden: true });
      expect(shown).not.toMatch(/AccountKey|SharedKey|sig=|Eby8/);
    }
    isDown = false;
    expect(await store.create('a/1', Buffer.from('x'))).toBe('created');
  });

  it('notices when other bytes are read back', async () => {
    const proxy = await startStorageProxy(inject('azurite'), {
      before: (asked) => {
        const flips = asked.method === 'GET';
        const headers = { 'content-length': '4', etag: '"1"' };
        return Promise.resolve(flips ? { status: 206, headers, body: 'evil' } : undefined);
      },
    });
    closing.push(proxy.close);
    const store = openBlobs(proxy.connectionString, await newContainer());
    expect(await code(store.create('a/1', Buffer.from('good')))).toBe('logReadBackFailed');
  });

  it('tells a container that is not there and a wrong key apart', async () => {
    const missing = openBlobs(inject('azurite'), `none-${randomUUID()}`);
    expect(await code(missing.create('a', Buffer.from('x')))).toBe('logStoreMissing');
    expect(await code(missing.read('a'))).toBe('logStoreMissing');
    expect(await code(missing.head('a'))).toBe('logStoreMissing');
    expect(await code(all(missing.list('')))).toBe('logStoreMissing');
    const wrong = inject('azurite').replace(/AccountKey=[^;]+/, `AccountKey=${'A'.repeat(86)}==`);
    const denied = openBlobs(wrong, await newContainer());
    expect(await code(denied.create('a', Buffer.from('x')))).toBe('logStoreRefused');
    expect(await code(denied.check())).toBe('logStoreRefused');
  });
});
