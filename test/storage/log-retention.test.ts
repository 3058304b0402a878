import { describe, expect, inject, it } from 'vitest';
import type { CopyContext } from '../../shared/log-backup/copy-context.ts';
import { copyLogs } from '../../shared/log-backup/copy-logs.ts';
import { nothingCopied, readCopyMark } from '../../shared/log-backup/copy-mark.ts';
import { copyParts } from '../../shared/log-repository/copy-parts.ts';
import { removeLogOrphans } from '../../shared/retention/log-orphans.ts';
import { retainLogs } from '../../shared/retention/log-retention.ts';
import type { LogRetentionContext } from '../../shared/retention/log-retention-context.ts';
import { verifyLogs } from '../../shared/verify/log-chains.ts';
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
  DAY,
  newContainer,
  newFolder,
  openBlobs,
  openFolder,
} from '../support/log-stores.ts';

const HOUR = 3_600_000;
const later = new Date(START + 1000 * DAY);

/** Hours 0 to 3, of which 0 and 1 are older than 10 days, 2 and 3 are not. */
async function newScene(): Promise<CopyContext & { readonly clock: SetClock }> {
  const [primary, secondary] = [
    newSide(openFolder(await newFolder())),
    newSide(openFolder(await newFolder())),
  ];
  for (let hour = 0; hour < 4; hour++) await appendHour(primary, hour);
  const clock = new SetClock(START + 10 * DAY + 2 * HOUR);
  return { chain, parts: copyParts, clock, primary, secondary, cache: openCache(newTable()) };
}

async function contextOf(
  scene: CopyContext,
  more: Partial<LogRetentionContext> = {},
): Promise<LogRetentionContext> {
  const { mark } = await readCopyMark(scene.cache, chain);
  const { primary, secondary, parts, clock } = scene;
  return {
    ...{
      chain,
      parts,
      clock,
      primary,
      secondary,
      side: 'primary',
      copy: mark,
      writer: 'retention',
    },
    ...{ days: { primary: 10 }, ...more },
  };
}

const verified = async (scene: CopyContext): Promise<unknown> =>
  (await verifyLogs({ ...scene, sides: scene, level: 'full' }, later)).defects;

describe('retention of logs', () => {
  it('removes a prefix behind a checkpoint that keeps what was known of the hours', async () => {
    const scene = await newScene();
    await copyLogs(scene, later);
    const truth = await recordsOf(scene.primary);
    const result = await retainLogs(await contextOf(scene), later);
    expect(result).toMatchObject({ manifests: 2, containers: 4, done: true, lost: false });
    const links = await all(copyParts.walkChain(scene.primary.store, chain));
    expect(links.map(({ number }) => number)).toEqual([3, 4, 5]);
    expect(links[2]?.manifest.checkpoint).toMatchObject({
      ...{ firstNumber: 1, removedThrough: 2 },
      hours: {
        '2026-03-04T05': { records: 7, versions: 0, complete: true },
        '2026-03-04T06': { records: 7, versions: 0, complete: true },
      },
    });
    expect(await recordsOf(scene.primary)).toEqual(truth.slice(14));
    await copyLogs(scene, later);
    expect(await recordsOf(scene.secondary)).toEqual(truth);
    expect(await verified(scene)).toEqual([]);
    // nothing more is old
    expect(await retainLogs(await contextOf(scene), later)).toMatchObject({ manifests: 0 });
    expect((await all(copyParts.listNumbers(scene.primary.store, chain))).length).toBe(3);
  });

  it('keeps statements of earlier checkpoints, and lets a new secondary begin behind them', async () => {
    const scene = await newScene();
    const alone = { ...(await contextOf(scene)) };
    const { secondary: _secondary, ...only } = alone;
    expect(await retainLogs(only, later)).toMatchObject({ manifests: 2 });
    scene.clock.time += 2 * HOUR;
    expect(await retainLogs(only, later)).toMatchObject({ manifests: 2 });
    const links = await all(copyParts.walkChain(scene.primary.store, chain));
    expect(Object.keys(links.at(-1)?.manifest.checkpoint?.hours ?? {})).toHaveLength(4);
    await appendHour(scene.primary, 4);
    expect(await copyLogs(scene, later)).toMatchObject({ done: true });
    expect(await recordsOf(scene.secondary)).toHaveLength(7);
    expect(await verified(scene)).toEqual([]);
  });

  it('removes nothing that the other repository should have and has not', async () => {
    const scene = await newScene();
    const uncopied = await retainLogs(await contextOf(scene), later);
    expect(uncopied).toMatchObject({ manifests: 0, kept: { number: 1, reason: 'notVerified' } });
    await copyLogs(scene, later);
    // copied, and the mark was lost
    const unread = await retainLogs(await contextOf(scene, { copy: nothingCopied }), later);
    expect(unread).toMatchObject({ manifests: 0, kept: { reason: 'notVerified' } });
    const { manifest } = await copyParts.readLink(scene.secondary.store, chain, 2);
    await scene.secondary.store.remove(manifest.segments[0]?.name ?? '');
    const lost = await retainLogs(await contextOf(scene), later);
    expect(lost).toMatchObject({ manifests: 1, kept: { number: 2, reason: 'notCopied' } });
    // the secondary's own retention has let it go: it need not have it
    const days = { primary: 10, secondary: 10 };
    const free = await retainLogs(await contextOf(scene, { days }), later);
    expect(free).toMatchObject({ manifests: 1 });
  });

  it('removes from the secondary with a checkpoint of its own under a number of both', async () => {
    const scene = await newScene();
    await copyLogs(scene, later);
    const truth = await recordsOf(scene.primary);
    const days = { secondary: 10 };
    const result = await retainLogs(await contextOf(scene, { side: 'secondary', days }), later);
    expect(result).toMatchObject({ manifests: 2, containers: 4, done: true });
    expect(await recordsOf(scene.primary)).toEqual(truth);
    expect(await recordsOf(scene.secondary)).toEqual(truth.slice(14));
    await appendHour(scene.primary, 4);
    expect(await copyLogs(scene, later)).toMatchObject({ done: true, copied: 6 });
    expect(await verified(scene)).toEqual([]);
  });

  it('is finished by the next run after a kill at any step', async () => {
    let kills = 0;
    for (const isAfter of [false, true]) {
      for (let killAt = 1; ; killAt += 3) {
        const scene = await newScene();
        const { secondary: _secondary, ...only } = await contextOf(scene);
        const store = killingStore(scene.primary.store, { calls: 0, killAt, isAfter });
        try {
          await retainLogs({ ...only, primary: { ...scene.primary, store } }, later);
          break;
        } catch (error) {
          expect(error).toBeInstanceOf(Killed);
          kills += 1;
        }
        const { primary } = scene;
        const found = await verifyLogs({ ...scene, sides: { primary }, level: 'quick' }, later);
        expect(found.defects).toEqual([]);
        expect(await retainLogs(only, later)).toMatchObject({ done: true });
        expect(await recordsOf(primary)).toHaveLength(14);
        expect(await all(copyParts.listNumbers(primary.store, chain))).toEqual([3, 4, 5]);
      }
    }
    expect(kills).toBeGreaterThan(10);
  });

  it('says what an immutable container retains, and writes no second checkpoint for it', async () => {
    const scene = await newScene();
    let now = Date.now();
    const policy = { retentionMs: 30 * DAY, now: () => now };
    const proxy = await startImmutabilityProxy(inject('azurite'), policy);
    closing.push(proxy.close);
    const primary = newSide(openBlobs(proxy.connectionString, await newContainer()));
    for (let hour = 0; hour < 3; hour++) await appendHour(primary, hour);
    const { secondary: _secondary, ...only } = await contextOf({ ...scene, primary });
    for (let run = 0; run < 2; run++) {
      const result = await retainLogs(only, later);
      expect(result).toMatchObject({ manifests: 0, kept: { number: 1, reason: 'retained' } });
      expect(await all(copyParts.listNumbers(primary.store, chain))).toEqual([1, 2, 3, 4]);
    }
    now += 31 * DAY;
    expect(await retainLogs(only, later)).toMatchObject({ manifests: 2, done: true });
  });

  it('removes orphans of numbers that were written long ago, and no others', async () => {
    const scene = await newScene();
    const context = await contextOf(scene);
    const { manifest } = await copyParts.readLink(scene.primary.store, chain, 4);
    const named = manifest.segments[0]?.name ?? '';
    const orphan = named.replace(/-[0-9a-f]{16}/, '-0123456789abcdef');
    const coming = orphan.replace('0000000004-', '0000000005-');
    for (const name of [orphan, coming]) await scene.primary.store.create(name, Buffer.from('x'));
    const young = { ...context, clock: new SetClock(START + 5 * HOUR) };
    expect(await removeLogOrphans(young, later)).toMatchObject({ removed: 0 });
    const run = await removeLogOrphans(context, later);
    expect(run).toMatchObject({ removed: 1, retained: 0, waiting: 1, through: 4 });
    expect(await scene.primary.store.head(orphan)).toBeUndefined();
    expect(await recordsOf(scene.primary)).toHaveLength(28);
  });
});
