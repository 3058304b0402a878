// What is lost in the primary must not hold up the copy, and must be seen for ever until it is repaired.
import { beforeEach, describe, expect, it } from 'vitest';
import type { CopyContext } from '../../shared/log-backup/copy-context.ts';
import { copyLogs } from '../../shared/log-backup/copy-logs.ts';
import { readCopyMark } from '../../shared/log-backup/copy-mark.ts';
import { repairLogs } from '../../shared/log-backup/repair-logs.ts';
import { repairRange } from '../../shared/log-backup/repair-range.ts';
import { repairSource } from '../../shared/log-backup/repair-source.ts';
import { copyParts } from '../../shared/log-repository/copy-parts.ts';
import type { ManifestSegment } from '../../shared/log-repository/manifest.ts';
import { removeLogOrphans } from '../../shared/retention/log-orphans.ts';
import { hasOldManifest, retainLogs } from '../../shared/retention/log-retention.ts';
import type { LogRetentionContext } from '../../shared/retention/log-retention-context.ts';
import { verifyLogs } from '../../shared/verify/log-chains.ts';
import { newTable, openCache } from '../support/caches.ts';
import { appendHour, chain, newSide, recordsOf, SetClock, START } from '../support/log-chains.ts';
import { newKey } from '../support/log-fixtures.ts';
import { all, code, DAY, newFolder, openFolder } from '../support/log-stores.ts';

const HOUR = 3_600_000;
const later = new Date(START + 1000 * DAY);
type Side = 'primary' | 'secondary';
let scene: CopyContext & { readonly clock: SetClock };

beforeEach(async () => {
  scene = {
    ...{ chain, parts: copyParts, clock: new SetClock(START), cache: openCache(newTable()) },
    primary: newSide(openFolder(await newFolder())),
    secondary: newSide(openFolder(await newFolder())),
  };
  for (let hour = 0; hour < 3; hour++) await appendHour(scene.primary, hour);
});

async function segmentOf(side: Side, number: number): Promise<ManifestSegment> {
  const { manifest } = await copyParts.readLink(scene[side].store, chain, number);
  const [segment] = manifest.segments;
  if (segment === undefined) throw new Error('no segment');
  return segment;
}

async function flip(side: Side, name: string): Promise<Buffer> {
  const { store } = scene[side];
  const bytes = (await store.read(name)) ?? Buffer.alloc(0);
  const changed = Buffer.from(bytes);
  changed.writeUInt8(changed.readUInt8(60) ^ 1, 60);
  await store.remove(name);
  await store.create(name, changed);
  return bytes;
}

const verified = async (level: 'quick' | 'full' = 'full') =>
  (await verifyLogs({ ...scene, sides: scene, level }, later)).defects;

const repairOf = (side: Side) => ({ ...scene, side, writer: 'repair' });

describe('a segment that is lost in the primary', () => {
  it.each(['removed', 'flipped'])(
    'does not hold the copy up when %s, and stays named',
    async (how) => {
      const { name } = await segmentOf('primary', 2);
      const bytes =
        how === 'removed' ? await scene.primary.store.read(name) : await flip('primary', name);
      if (how === 'removed') await scene.primary.store.remove(name);
      const truth = await recordsOf({ ...scene.primary }).catch(() => []);
      expect(truth).toEqual([]);
      expect(await copyLogs(scene, later)).toMatchObject({ copied: 3, verified: 3, defects: 1 });
      const { manifest } = await copyParts.readLink(scene.secondary.store, chain, 2);
      expect(manifest.uncopied).toEqual([name]);
      const { mark } = await readCopyMark(scene.cache, chain);
      expect(mark.defects).toEqual([{ number: 2, name, code: 'logBlobMissing' }]);
      for (const level of ['quick', 'full'] as const) {
        const missing = (await verified(level)).filter(({ side }) => side === 'secondary');
        expect(missing).toMatchObject([{ kind: 'missing', name, number: 2 }]);
      }
      // the cache is lost: the manifest still says it
      const fresh = { ...scene, cache: openCache(newTable()) };
      expect(await copyLogs(fresh, later)).toMatchObject({ defects: 1, done: true });

      // somebody brings the segment back, and asks for a repair
      await scene.primary.store.remove(name);
      await scene.primary.store.create(name, bytes ?? Buffer.alloc(0));
      expect(await repairLogs(repairOf('secondary'), { from: 1, to: 3 }, later)).toMatchObject({
        ...{ segments: 1, unrepaired: [] },
      });
      expect(await copyLogs(scene, later)).toMatchObject({ defects: 0, done: true });
      expect(await verified()).toEqual([]);
      expect(await recordsOf(scene.secondary)).toEqual(await recordsOf(scene.primary));
    },
  );

  it('does not take a wrong key for a loss, of either side', async () => {
    const wrong = { ...scene, primary: { ...scene.primary, keys: newKey() } };
    expect(await code(copyLogs(wrong, later))).toBe('keyWrong');
    expect(await all(copyParts.listNumbers(scene.secondary.store, chain))).toEqual([]);
    await copyLogs(scene, later);
    const other = {
      ...{ ...scene, cache: openCache(newTable()) },
      secondary: { ...scene.secondary, keys: newKey() },
    };
    expect(await code(copyLogs(other, later))).toBe('keyWrong');
    expect((await readCopyMark(other.cache, chain)).mark.defects).toEqual([]);
  });

  it('stays in the manifest of the secondary that a repair makes again', async () => {
    const { name } = await segmentOf('primary', 2);
    await scene.primary.store.remove(name);
    await copyLogs(scene, later);
    const two = copyParts.manifestName(chain, 2);
    const before = await scene.secondary.store.read(two);
    await flip('secondary', two);
    const result = await repairLogs(repairOf('secondary'), { from: 2, to: 2 }, later);
    expect(result).toMatchObject({ manifests: 1, segments: 0, unrepaired: [{ number: 2, name }] });
    expect(await scene.secondary.store.read(two)).toEqual(before);
  });
});

describe('a repair of all that one repository should hold', () => {
  it.each(['removed', 'damaged'])(
    'makes the newest manifest of the secondary anew when it was %s',
    async (how) => {
      await copyLogs(scene, later);
      const newest = copyParts.manifestName(chain, 3);
      const before = await scene.secondary.store.read(newest);
      if (how === 'damaged') await flip('secondary', newest);
      else await scene.secondary.store.remove(newest);
      const isBlocked = how === 'damaged';
      if (isBlocked) expect(await code(copyLogs(scene, later))).toBe('manifestDamaged');
      const done = await repairSource(repairOf('secondary'), later);
      expect(done).toMatchObject({ state: 'done', result: { unrepaired: [] } });
      expect(await scene.secondary.store.read(newest)).toEqual(before);
      expect(await verified()).toEqual([]);
      await appendHour(scene.primary, 3);
      expect(await copyLogs(scene, later)).toMatchObject({ copied: 4, done: true });
    },
  );

  it('makes the checkpoint anew without which the secondary has no beginning', async () => {
    scene.clock.time = START + 10 * DAY + HOUR;
    await copyLogs(scene, later);
    const { mark } = await readCopyMark(scene.cache, chain);
    const context: LogRetentionContext = {
      ...{ ...scene, copy: mark, side: 'secondary', days: { secondary: 10 }, writer: 'retention' },
    };
    expect(await hasOldManifest(context)).toBe(true);
    expect(await retainLogs(context, later)).toMatchObject({ manifests: 1, done: true });
    expect(await hasOldManifest({ ...context, days: {} })).toBe(false);
    await flip('secondary', copyParts.manifestName(chain, 4));
    const done = await repairSource(repairOf('secondary'), later);
    // until then nothing tells that number 1 was removed on purpose
    expect(done.result).toMatchObject({ manifests: 1, unrepaired: [{ number: 1 }] });
    expect(await repairRange(repairOf('secondary'))).toEqual({ from: 2, to: 4 });
    expect(await all(copyParts.walkChain(scene.secondary.store, chain))).toHaveLength(3);
    expect(await verified()).toEqual([]);
  });

  it('replaces a replacement that is damaged too', async () => {
    await copyLogs(scene, later);
    const truth = await recordsOf(scene.primary);
    await flip('primary', (await segmentOf('primary', 2)).name);
    expect((await repairSource(repairOf('primary'), later)).result.segments).toBe(1);
    await flip('primary', (await segmentOf('primary', 4)).name);
    expect((await repairSource(repairOf('primary'), later)).result.segments).toBe(1);
    await copyLogs(scene, later);
    expect(await recordsOf(scene.primary)).toEqual(truth);
    expect(await verified()).toEqual([]);
    expect((await repairSource(repairOf('primary'), later)).result.segments).toBe(0);
  });

  it('begins behind a checkpoint, and at 1 when nothing explains what is missing', async () => {
    await copyLogs(scene, later);
    expect(await repairRange(repairOf('primary'))).toEqual({ from: 1, to: 3 });
    await scene.primary.store.remove(copyParts.manifestName(chain, 1));
    expect(await repairRange(repairOf('primary'))).toEqual({ from: 1, to: 3 });
    await scene.primary.store.remove(copyParts.manifestName(chain, 3));
    expect((await repairSource(repairOf('primary'), later)).result).toMatchObject({ manifests: 2 });
    scene.clock.time = START + 10 * DAY + HOUR;
    const { mark } = await readCopyMark(scene.cache, chain);
    const context: LogRetentionContext = {
      ...{ ...scene, copy: mark, side: 'primary', days: { primary: 10 }, writer: 'retention' },
    };
    expect(await retainLogs(context, later)).toMatchObject({ manifests: 1 });
    expect(await repairRange(repairOf('primary'))).toEqual({ from: 2, to: 4 });
  });
});

it('removes no containers as orphans whose manifests at the beginning are lost', async () => {
  scene.clock.time = START + 100 * DAY;
  const { name } = await segmentOf('primary', 1);
  await scene.primary.store.remove(copyParts.manifestName(chain, 1));
  const { mark } = await readCopyMark(scene.cache, chain);
  const context: LogRetentionContext = {
    ...{ ...scene, copy: mark, side: 'primary', days: {}, writer: 'retention' },
  };
  expect(await code(removeLogOrphans(context, later))).toBe('chainBroken');
  expect(await scene.primary.store.head(name)).toBeDefined();
});

it('looks for orphans name by name in slices, and at new numbers only the next time', async () => {
  scene.clock.time = START + 100 * DAY;
  const { name } = await segmentOf('primary', 2);
  const orphan = name.replace(/-[0-9a-f]{16}/, '-0123456789abcdef');
  await scene.primary.store.create(orphan, Buffer.from('x'));
  const context: LogRetentionContext = {
    ...{ ...scene, copy: { verified: 0, sha256: null, defects: [] }, side: 'primary' },
    ...{ days: {}, writer: 'retention' },
  };
  const none = new Date(0);
  let [slices, removed] = [1, 0];
  let found = await removeLogOrphans(context, none);
  for (; found.next !== undefined; slices += 1) {
    removed += found.removed;
    found = await removeLogOrphans(context, none, { from: found.next });
  }
  expect([slices, removed, found.through]).toEqual([8, 1, 3]);
  await scene.primary.store.create(orphan, Buffer.from('x'));
  expect(await removeLogOrphans(context, later, { after: 3 })).toMatchObject({ removed: 0 });
  expect(await removeLogOrphans(context, later)).toMatchObject({ removed: 1 });
});
