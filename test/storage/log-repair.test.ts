import { beforeEach, describe, expect, inject, it } from 'vitest';
import type { CopyContext } from '../../shared/log-backup/copy-context.ts';
import { copyLogs } from '../../shared/log-backup/copy-logs.ts';
import { repairLogs } from '../../shared/log-backup/repair-logs.ts';
import { copyParts } from '../../shared/log-repository/copy-parts.ts';
import { verifyLogs } from '../../shared/verify/log-chains.ts';
import { newTable, openCache } from '../support/caches.ts';
import { startImmutabilityProxy } from '../support/immutability-proxy.ts';
import { appendHour, chain, newSide, recordsOf, SetClock, START } from '../support/log-chains.ts';
import {
  closing,
  DAY,
  newContainer,
  newFolder,
  openBlobs,
  openFolder,
} from '../support/log-stores.ts';

const later = new Date(START + 1000 * DAY);
const whole = { from: 1, to: 4 };
const sides = ['primary', 'secondary'] as const;
let scene: CopyContext;
let truth: string[];

beforeEach(async () => {
  scene = {
    ...{ chain, parts: copyParts, clock: new SetClock(START), cache: openCache(newTable()) },
    primary: newSide(openFolder(await newFolder())),
    secondary: newSide(openFolder(await newFolder())),
  };
  for (let hour = 0; hour < 4; hour++) await appendHour(scene.primary, hour);
  await copyLogs(scene, later);
  truth = await recordsOf(scene.primary);
});

const defects = async (): Promise<unknown> =>
  (await verifyLogs({ ...scene, sides: scene, level: 'full' }, later)).defects;

async function replaceBytes(side: 'primary' | 'secondary', name: string): Promise<void> {
  const { store } = scene[side];
  const bytes = (await store.read(name)) ?? Buffer.alloc(0);
  await store.remove(name);
  bytes.writeUInt8(bytes.readUInt8(60) ^ 1, 60);
  await store.create(name, bytes);
}

describe('repair of one log repository from the other', () => {
  it.each(sides)('replaces defective segments of the %s under new names', async (side) => {
    const two = await copyParts.readLink(scene[side].store, chain, 2);
    const three = await copyParts.readLink(scene[side].store, chain, 3);
    await replaceBytes(side, two.manifest.segments[0]?.name ?? '');
    await scene[side].store.remove(three.manifest.segments[0]?.index.name ?? '');
    const repair = { ...scene, side, writer: 'repair' };
    expect(await repairLogs(repair, whole, later)).toEqual({
      ...{ segments: 2, manifests: 0, unrepaired: [] },
    });
    await copyLogs(scene, later);
    // what is left of the defective pairs is named by its manifest and replaced
    expect(await defects()).toEqual([]);
    expect(await recordsOf(scene[side])).toEqual(truth);
    expect(await repairLogs(repair, whole, later)).toMatchObject({ segments: 0, unrepaired: [] });
    await appendHour(scene.primary, 4);
    expect(await copyLogs(scene, later)).toMatchObject({ done: true, defects: 0 });
  });

  it.each(sides)('brings a lost or damaged manifest of the %s back byte for byte', async (side) => {
    const names = [2, 3].map((number) => copyParts.manifestName(chain, number));
    const before = await Promise.all(names.map((name) => scene[side].store.read(name)));
    // two neighbours of a secondary cannot be told: only the primary's hashes stand in its pair
    if (side === 'primary') await scene[side].store.remove(names[0] ?? '');
    await replaceBytes(side, names[1] ?? '');
    const result = await repairLogs({ ...scene, side, writer: 'repair' }, whole, later);
    expect(result.manifests).toBe(side === 'primary' ? 2 : 1);
    expect(await Promise.all(names.map((name) => scene[side].store.read(name)))).toEqual(before);
    expect(await defects()).toEqual([]);
  });

  it('says why an immutable damaged manifest stays, and names what neither side has', async () => {
    const proxy = await startImmutabilityProxy(inject('azurite'), {
      retentionMs: 30 * DAY,
      now: () => Date.now(),
    });
    closing.push(proxy.close);
    const container = await newContainer();
    const secondary = newSide(openBlobs(proxy.connectionString, container));
    scene = { ...scene, secondary, cache: openCache(newTable()) };
    await copyLogs(scene, later);
    const behind = openBlobs(inject('azurite'), container);
    const name = copyParts.manifestName(chain, 2);
    await behind.remove(name);
    await behind.create(name, Buffer.from('damaged'));
    const both = await copyParts.readLink(scene.primary.store, chain, 4);
    const lost = both.manifest.segments[0]?.name ?? '';
    await scene.primary.store.remove(lost);
    await behind.remove(lost);
    const repair = { ...scene, side: 'secondary' as const, writer: 'repair' };
    const { unrepaired } = await repairLogs(repair, whole, later);
    expect(unrepaired.map(({ number }) => number)).toEqual([2, 4]);
    expect(unrepaired[0]?.reason).toContain('immutable');
    expect(unrepaired[1]?.reason).toContain('logBlobMissing');
  });
});
