import { describe, expect, inject, it } from 'vitest';
import type { CopyContext } from '../../shared/log-backup/copy-context.ts';
import { copyLogs } from '../../shared/log-backup/copy-logs.ts';
import { nothingCopied, readCopyMark } from '../../shared/log-backup/copy-mark.ts';
import { copyLag, stateOf } from '../../shared/log-backup/copy-state.ts';
import { readHead } from '../../shared/log-repository/chain.ts';
import { copyParts } from '../../shared/log-repository/copy-parts.ts';
import type { LogSide } from '../../shared/log-repository/log-side.ts';
import type { LogStore } from '../../shared/log-repository/log-store.ts';
import { newTable, openCache } from '../support/caches.ts';
import { startImmutabilityProxy } from '../support/immutability-proxy.ts';
import {
  appendHour,
  chain,
  Killed,
  killingStore,
  newSide,
  recordsOf,
  SetClock,
  START,
} from '../support/log-chains.ts';
import {
  all,
  closing,
  code,
  DAY,
  newContainer,
  newFolder,
  openBlobs,
  openFolder,
} from '../support/log-stores.ts';
import { startStorageProxy } from '../support/storage-proxy.ts';

const HOUR = 3600 * 1000;
const later = new Date(START + 1000 * DAY);

async function newFolderSide(): Promise<LogSide> {
  return newSide(openFolder(await newFolder()));
}

async function newContext(
  primary?: LogSide,
  secondary?: LogSide,
): Promise<CopyContext & { readonly clock: SetClock }> {
  return {
    ...{ chain, parts: copyParts, clock: new SetClock(START + HOUR) },
    primary: primary ?? (await newFolderSide()),
    secondary: secondary ?? (await newFolderSide()),
    cache: openCache(newTable()),
  };
}

const namesOf = async (store: LogStore): Promise<string[]> =>
  (await all(store.list(''))).map(({ name }) => name);

describe('the copy of a chain of logs', () => {
  it('holds the same records under its own key and its own chain', async () => {
    const context = await newContext();
    const { primary, secondary } = context;
    for (let hour = 0; hour < 4; hour++) await appendHour(primary, hour, hour === 2 ? 0 : 7);
    const before = await namesOf(primary.store);
    const result = await copyLogs(context, later);
    expect(result).toEqual({
      ...{ head: 4, copied: 4, verified: 4, defects: 0, done: true, lost: false },
    });
    expect(await namesOf(primary.store)).toEqual(before);
    expect(await recordsOf(secondary)).toEqual(await recordsOf(primary));
    expect(await recordsOf(secondary)).toHaveLength(21);
    const links = await all(copyParts.walkChain(secondary.store, chain));
    const originals = await all(copyParts.walkChain(primary.store, chain));
    expect(links.map(({ manifest }) => manifest.copyOf)).toEqual(
      originals.map(({ sha256 }) => sha256),
    );
    expect(await code(recordsOf({ ...secondary, keys: primary.keys }))).toBe('keyWrong');
  });

  it('tells for each segment whether it is pending, copied or verified', async () => {
    const context = await newContext();
    const { primary } = context;
    for (let hour = 0; hour < 3; hour++) await appendHour(primary, hour);
    expect(stateOf(nothingCopied, 1, 'any')).toBe('pending');
    // no time: one manifest
    const slice = await copyLogs(context, new Date(0));
    expect(slice).toMatchObject({ copied: 1, verified: 1, done: false });
    const { mark } = await readCopyMark(context.cache, chain);
    expect([1, 2].map((number) => stateOf(mark, number, 'any'))).toEqual(['verified', 'pending']);
    expect(stateOf({ ...mark, copied: 2 }, 2, 'any')).toBe('copied');
    context.clock.time = START + 4 * HOUR;
    const lag = await copyLag(context);
    expect(lag).toMatchObject({ manifests: 2, seconds: 2 * 3600, unverified: 0, defects: 0 });
    const waiting = (await all(copyParts.walkChain(primary.store, chain))).slice(1);
    expect(lag.bytes).toBe(
      waiting
        .flatMap(({ manifest }) => manifest.segments)
        .reduce((sum, { bytes, index }) => sum + bytes + index.bytes, 0),
    );
  });

  it('catches up after the secondary was away for three days, which nobody else notices', async () => {
    const [one, two] = [await newContainer(), await newContainer()];
    let isDown = false;
    const proxy = await startStorageProxy(inject('azurite'), {
      before: async () =>
        await Promise.resolve(
          isDown
            ? { status: 503, headers: { 'x-ms-error-code': 'ServerBusy' }, body: '' }
            : undefined,
        ),
    });
    closing.push(proxy.close);
    const primary = newSide(openBlobs(inject('azurite'), one));
    const context = await newContext(primary, newSide(openBlobs(proxy.connectionString, two)));
    for (let hour = 0; hour < 2; hour++) await appendHour(primary, hour);
    expect(await copyLogs(context, later)).toMatchObject({ copied: 2, done: true });
    isDown = true;
    for (let hour = 2; hour < 74; hour += 3) {
      await appendHour(primary, hour, 4);
      context.clock.time = START + (hour + 1) * HOUR;
      if (hour % 24 === 2) expect(await code(copyLogs(context, later))).toBe('logStoreUnavailable');
    }
    // read without the secondary; the oldest that waits was written when hour 2 was over
    expect(await copyLag(context)).toMatchObject({ manifests: 24, seconds: 69 * 3600 });
    isDown = false;
    let slices = 0;
    while (!(await copyLogs(context, new Date(context.clock.time + 1))).done) slices += 1;
    expect(slices).toBeLessThan(80);
    expect(await copyLag(context)).toMatchObject({ manifests: 0, seconds: 0, bytes: 0 });
    expect(await recordsOf(context.secondary)).toEqual(await recordsOf(primary));
    // the primary is destroyed: all of it is read from the secondary alone
    const truth = await recordsOf(primary);
    for (const name of await namesOf(primary.store)) await primary.store.remove(name);
    expect(await recordsOf(context.secondary)).toEqual(truth);
    expect(truth).toHaveLength(2 * 7 + 24 * 4);
  });

  it('lets one of two workers win each number, and both end with one chain', async () => {
    const context = await newContext();
    for (let hour = 0; hour < 6; hour++) await appendHour(context.primary, hour);
    const results = await Promise.allSettled([copyLogs(context, later), copyLogs(context, later)]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
    expect(await copyLogs(context, later)).toMatchObject({ copied: 6, verified: 6, done: true });
    expect(await recordsOf(context.secondary)).toEqual(await recordsOf(context.primary));
    const names = await namesOf(context.secondary.store);
    expect(names).toHaveLength(18);
  });

  it('is whole after it was killed before or after any of its steps', async () => {
    const source = await newFolderSide();
    for (let hour = 0; hour < 2; hour++) await appendHour(source, hour);
    const truth = await recordsOf(source);
    let kills = 0;
    for (const isAfter of [false, true]) {
      for (let killAt = 1; ; killAt++) {
        const context = await newContext(source);
        const counter = { calls: 0, killAt, isAfter };
        const store = killingStore(context.secondary.store, counter);
        const dying = { ...context, secondary: { ...context.secondary, store } };
        try {
          await copyLogs(dying, later);
          break;
        } catch (error) {
          expect(error).toBeInstanceOf(Killed);
          kills += 1;
        }
        expect(await copyLogs(context, later)).toMatchObject({ verified: 2, done: true });
        expect(await recordsOf(context.secondary)).toEqual(truth);
        expect(await namesOf(context.secondary.store)).toHaveLength(6);
      }
    }
    expect(kills).toBeGreaterThan(30);
  });

  it('takes another name where something defective stands, and never overwrites it', async () => {
    const context = await newContext();
    const { manifest } = await appendHour(context.primary, 0);
    const name = manifest.segments[0]?.name ?? '';
    await context.secondary.store.create(name, Buffer.from('what was left here'));
    expect(await copyLogs(context, later)).toMatchObject({ verified: 1, done: true });
    expect((await context.secondary.store.read(name))?.toString()).toBe('what was left here');
    expect(await recordsOf(context.secondary)).toEqual(await recordsOf(context.primary));
  });

  it('works with an immutable container', async () => {
    const policy = { retentionMs: 30 * DAY, now: () => Date.now() };
    const proxy = await startImmutabilityProxy(inject('azurite'), policy);
    closing.push(proxy.close);
    const side = newSide(openBlobs(proxy.connectionString, await newContainer()));
    const context = await newContext(undefined, side);
    await appendHour(context.primary, 0);
    expect(await copyLogs(context, later)).toMatchObject({ done: true });
    await appendHour(context.primary, 1);
    expect(await copyLogs(context, later)).toMatchObject({ copied: 2, verified: 2, done: true });
    expect(await recordsOf(side)).toEqual(await recordsOf(context.primary));
  });

  it('refuses a secondary that belongs to another chain, and a primary that lost manifests', async () => {
    const [context, other] = [await newContext(), await newContext()];
    await appendHour(context.primary, 0);
    await appendHour(other.primary, 0);
    await copyLogs(context, later);
    const mixed = { ...context, primary: other.primary };
    expect(await code(copyLogs(mixed, later))).toBe('chainBroken');
    await appendHour(context.primary, 1);
    await copyLogs(context, later);
    await context.primary.store.remove(copyParts.manifestName(chain, 2));
    expect(await code(copyLogs(context, later))).toBe('chainBroken');
    expect((await readHead(context.secondary.store, chain))?.number).toBe(2);
  });

  it('reads everything back again when the cache was lost, and names what it cannot read', async () => {
    const context = await newContext();
    for (let hour = 0; hour < 3; hour++) await appendHour(context.primary, hour);
    await copyLogs(context, later);
    const second = await copyParts.readLink(context.secondary.store, chain, 2);
    const name = second.manifest.segments[0]?.name ?? '';
    await context.secondary.store.remove(name);
    const fresh = { ...context, cache: openCache(newTable()) };
    expect(await copyLogs(fresh, later)).toMatchObject({ verified: 3, defects: 1, done: true });
    const { mark } = await readCopyMark(fresh.cache, chain);
    expect(mark.defects).toEqual([{ number: 2, name, code: 'logBlobMissing' }]);
    expect([stateOf(mark, 2, name), stateOf(mark, 3, 'x')]).toEqual(['copied', 'verified']);
  });
});
