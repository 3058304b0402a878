import { randomBytes } from 'node:crypto';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { copyLogs } from '../../shared/log-backup/copy-logs.ts';
import { copyParts } from '../../shared/log-repository/copy-parts.ts';
import { IndexWriter } from '../../shared/log-repository/index-writer.ts';
import { segmentName } from '../../shared/log-repository/log-names.ts';
import type { LogSide } from '../../shared/log-repository/log-side.ts';
import type { ManifestSegment } from '../../shared/log-repository/manifest.ts';
import { openSegment } from '../../shared/log-repository/segment-reader.ts';
import { type LogVerification, verifyLogs } from '../../shared/verify/log-chains.ts';
import { newTable, openCache } from '../support/caches.ts';
import { appendHour, chain, newSide, SetClock, START } from '../support/log-chains.ts';
import { newKey } from '../support/log-fixtures.ts';
import { DAY, newFolder, openFolder } from '../support/log-stores.ts';

const HOURS = 5;
const later = new Date(START + 1000 * DAY);
const clock = new SetClock(START);
type Name = 'primary' | 'secondary';
let folders: Record<Name, string>;
let sides: Record<Name, LogSide>;

beforeAll(async () => {
  folders = { primary: await newFolder(), secondary: await newFolder() };
  sides = {
    primary: newSide(openFolder(folders.primary)),
    secondary: newSide(openFolder(folders.secondary)),
  };
  for (let hour = 0; hour < HOURS; hour++) await appendHour(sides.primary, hour, 8);
  const cache = openCache(newTable());
  await copyLogs({ ...sides, chain, parts: copyParts, clock, cache }, later);
});

async function verify(level: 'quick' | 'full', used: Partial<Record<Name, LogSide>> = sides) {
  return await verifyLogs({ chain, sides: used, level, parts: copyParts, clock }, later);
}

/** Damages copies of the two folders, verifies them, and answers what was found. */
async function damaged(
  damage: (folder: Record<Name, string>) => Promise<unknown>,
  level: 'quick' | 'full' = 'full',
): Promise<LogVerification> {
  const copies = { primary: await newFolder(), secondary: await newFolder() };
  for (const name of ['primary', 'secondary'] as const) {
    await cp(folders[name], copies[name], { recursive: true });
  }
  await damage(copies);
  const open = (name: Name): LogSide => ({ ...sides[name], store: openFolder(copies[name]) });
  const found = await verify(level, { primary: open('primary'), secondary: open('secondary') });
  expect(JSON.parse(JSON.stringify(found))).toEqual(found);
  return found;
}

const short = (found: LogVerification): string[] =>
  found.defects.map(({ side, kind, number }) => `${side} ${kind} ${number}`).sort();

async function segmentOf(name: Name, number: number): Promise<ManifestSegment> {
  const link = await copyParts.readLink(sides[name].store, chain, number);
  const segment = link.manifest.segments[0];
  if (segment === undefined) throw new Error('the manifest names no segment');
  return segment;
}

async function flip(folder: string, name: string, place: number): Promise<void> {
  const bytes = await readFile(path.join(folder, name));
  bytes.writeUInt8(bytes.readUInt8(place) ^ 1, place);
  await writeFile(path.join(folder, name), bytes);
}

const each = [1, 3, 5].flatMap((number) =>
  (['primary', 'secondary'] as const).map((side) => ({ side, number })),
);

describe('verify of logs', () => {
  it('finds nothing in sound repositories, and says what it looked at', async () => {
    const quick = await verify('quick');
    expect(quick).toMatchObject({ defects: [], defectCount: 0 });
    expect(quick.checked.primary).toEqual({ manifests: 5, segments: 5, records: 40, bytes: 0 });
    const full = await verify('full');
    expect(full).toMatchObject({ defects: [], defectCount: 0 });
    expect(full.checked.secondary).toMatchObject({ manifests: 5, segments: 5, records: 40 });
    expect(full.checked.secondary?.bytes).toBeGreaterThan(0);
    expect(await verify('full', { secondary: sides.secondary })).toMatchObject({ defectCount: 0 });
  });

  it('goes on from slice to slice and finds the same', async () => {
    const context = { chain, sides, level: 'full' as const, parts: copyParts, clock };
    let found = await verifyLogs(context, new Date(0));
    let slices = 1;
    for (; found.next !== undefined; slices++) {
      const place = JSON.parse(JSON.stringify(found.next)) as typeof found.next;
      found = await verifyLogs(context, new Date(0), place);
    }
    expect(slices).toBe(HOURS);
    expect(found).toEqual(await verify('full'));
  });

  it.each(each)('names a flipped bit in a segment or index: $side $number', async (where) => {
    const { side, number } = where;
    const segment = await segmentOf(side, number);
    for (const blob of [segment, segment.index]) {
      for (const part of [0.3, 0.9]) {
        const place = Math.floor(blob.bytes * part);
        const found = await damaged((copies) => flip(copies[side], blob.name, place));
        expect(
          found.defects.map(({ name }) => name),
          `byte ${place}`,
        ).toEqual([blob.name]);
        expect(['damaged', 'foreign']).toContain(found.defects[0]?.kind);
      }
    }
  });

  it.each(each)('names a flipped bit in a manifest: $side $number', async ({ side, number }) => {
    const name = copyParts.manifestName(chain, number);
    const found = await damaged((copies) => flip(copies[side], name, 40 + number), 'quick');
    expect(found.defects.filter(({ kind }) => kind !== 'orphan')).toMatchObject([
      { side, kind: 'damaged', name, number },
    ]);
  });

  it.each(each)('names a missing manifest and missing containers: $side $number', async (where) => {
    const { side, number } = where;
    const name = copyParts.manifestName(chain, number);
    const segment = await segmentOf(side, number);
    for (const gone of [segment.name, segment.index.name]) {
      const found = await damaged((copies) => rm(path.join(copies[side], gone)), 'quick');
      expect(found.defects).toMatchObject([{ side, kind: 'missing', name: gone, number }]);
    }
    const found = await damaged((copies) => rm(path.join(copies[side], name)), 'quick');
    const named = found.defects.filter(({ kind }) => kind !== 'orphan');
    // the copy may lack its newest manifests: they are pending
    const isPending = side === 'secondary' && number === HOURS;
    const kind = number === HOURS ? 'missing' : 'gap';
    expect(named).toMatchObject(isPending ? [] : [{ side, kind, number }]);
  });

  it.each(each)('names extra containers and names: $side $number', async ({ side, number }) => {
    const { hour } = await segmentOf(side, number);
    const segmentId = randomBytes(16).toString('hex');
    const extra = segmentName({ ...chain, hour, number, segmentId });
    const [stray, far] = [
      `${copyParts.chainFolder(chain)}/notes-${number}.txt`,
      segmentName({ ...chain, hour, number: 9_999_999_999, segmentId }),
    ];
    const found = await damaged(async (copies) => {
      for (const name of [extra, stray, far]) await writeFile(path.join(copies[side], name), 'x');
    }, 'quick');
    const names = found.defects.map(({ kind, name }) => `${kind} ${name}`).sort();
    expect(names).toEqual([`orphan ${extra}`, `orphan ${far}`, `unknown ${stray}`].sort());
  });

  it.each([1, 4])('names swapped segments and swapped frames: %i', async (number) => {
    const [one, two] = [await segmentOf('primary', number), await segmentOf('primary', number + 1)];
    const swapped = await damaged(async ({ primary }) => {
      const bytes = await readFile(path.join(primary, one.name));
      await cp(path.join(primary, two.name), path.join(primary, one.name));
      await writeFile(path.join(primary, two.name), bytes);
    });
    expect(swapped.defects.map(({ name }) => name).sort()).toEqual([one.name, two.name].sort());
    for (const { kind } of swapped.defects) expect(['foreign', 'damaged']).toContain(kind);
    const frames = await damaged(async ({ primary }) => await swapFrames(primary, one));
    expect(short(frames)).toEqual([`primary damaged ${number}`]);
    expect(frames.defects[0]).toMatchObject({ name: one.name, frame: 0 });
  });

  it.each(each)('names a container cut short or made longer: $side $number', async (where) => {
    const { side, number } = where;
    const segment = await segmentOf(side, number);
    for (const change of [-1, 1]) {
      const found = await damaged(async (copies) => {
        const file = path.join(copies[side], segment.name);
        const bytes = await readFile(file);
        await writeFile(file, change < 0 ? bytes.subarray(0, -1) : Buffer.concat([bytes, bytes]));
      }, 'quick');
      expect(short(found)).toEqual([`${side} damaged ${number}`]);
    }
  });

  it('names the key as wrong, for all that it does not open', async () => {
    const found = await verify('full', { secondary: { ...sides.secondary, keys: newKey() } });
    expect(found.defectCount).toBe(2 * HOURS);
    expect(new Set(found.defects.map(({ kind }) => kind))).toEqual(new Set(['wrongKey']));
  });

  it('names manifests that another chain wrote, and a secondary that says other things', async () => {
    const other = newSide(openFolder(await newFolder()));
    for (let hour = 0; hour < HOURS; hour++) await appendHour(other, hour, 3);
    const name = copyParts.manifestName(chain, 3);
    const found = await damaged(async ({ primary }) => {
      await writeFile(path.join(primary, name), (await other.store.read(name)) ?? '');
    }, 'quick');
    const kinds = new Set(found.defects.map(({ side, kind }) => `${side} ${kind}`));
    for (const kind of ['primary broken', 'secondary differs', 'primary missing']) {
      expect(kinds).toContain(kind);
    }
    const mixed = await verify('quick', { primary: other, secondary: sides.secondary });
    expect(mixed.defects.filter(({ kind }) => kind === 'differs').length).toBe(2 * HOURS);
  });

  it('names a manifest that stands under another number', async () => {
    const [two, three] = [2, 3].map((number) => copyParts.manifestName(chain, number));
    const found = await damaged(async ({ secondary }) => {
      await cp(path.join(secondary, two ?? ''), path.join(secondary, three ?? ''));
    }, 'quick');
    expect(short(found).filter((text) => !text.includes('orphan'))).toEqual([
      'secondary foreign 3',
    ]);
  });

  it('names an index that is sound and not that of its segment', async () => {
    const side = newSide(openFolder(await newFolder()));
    const { manifest } = await appendHour(side, 0, 8);
    const named = manifest.segments[0];
    if (named === undefined) throw new Error('the manifest names no segment');
    const index = new IndexWriter();
    for (let place = 0; place < 8; place++) index.add(randomBytes(16), 0, []);
    const segmentId = `${/-([0-9a-f]{16})\.seg$/.exec(named.name)?.[1]}0000000000000000`;
    const place = { ...chain, hour: named.hour, number: 1, segmentId };
    await side.store.remove(named.index.name);
    const stored = await index.store(side.store, { place, keys: side.keys });
    if (stored === 'exists') throw new Error('the name is taken');
    const { name, bytes, sha256, footerSha256 } = stored;
    const segments = [{ ...named, index: { name, bytes, sha256, footerSha256 } }];
    await side.store.remove(copyParts.manifestName(chain, 1));
    const { version: _v, tenant: _t, source: _s, number: _n, previous: _p, ...content } = manifest;
    await copyParts.appendManifest(side.store, chain, undefined, { ...content, segments });
    const found = await verify('full', { primary: side });
    expect(found.defects).toMatchObject([{ kind: 'damaged', name }]);
    expect(await verify('quick', { primary: side })).toMatchObject({ defectCount: 0 });
  });

  it('names all defects at once, and bounds the list', async () => {
    const found = await damaged(async ({ primary, secondary }) => {
      for (let number = 1; number <= HOURS; number++) {
        await rm(path.join(primary, (await segmentOf('primary', number)).name));
        await flip(secondary, (await segmentOf('secondary', number)).index.name, 700);
      }
      await mkdir(path.join(primary, chain.tenant, chain.source, 'x'));
      for (let file = 0; file < 1100; file++) {
        await writeFile(path.join(primary, chain.tenant, chain.source, 'x', `f${file}`), '');
      }
    });
    expect(found.defectCount).toBe(1100 + 2 * HOURS);
    expect(found.defects).toHaveLength(1000);
  });
});

async function swapFrames(folder: string, named: ManifestSegment): Promise<void> {
  const { store, keys } = { store: openFolder(folder), keys: sides.primary.keys };
  const { footer } = await openSegment(store, named.name, keys, named);
  const [one, two] = footer.frames;
  if (one === undefined || two === undefined) throw new Error('too few frames');
  const file = path.join(folder, named.name);
  const bytes = await readFile(file);
  const length = Math.min(one.bytes, two.bytes);
  const first = Buffer.from(bytes.subarray(one.offset, one.offset + length));
  bytes.copyWithin(one.offset, two.offset, two.offset + length);
  first.copy(bytes, two.offset);
  await writeFile(file, bytes);
}
