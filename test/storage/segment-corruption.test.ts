import { randomInt } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isBackupError } from '../../shared/errors/backup-error.ts';
import { DirectoryLogStore } from '../../shared/log-repository/directory-log-store.ts';
import { IndexWriter } from '../../shared/log-repository/index-writer.ts';
import { recordDigest } from '../../shared/log-repository/record-line.ts';
import { type NamedBlob, openSegment } from '../../shared/log-repository/segment-reader.ts';
import type { StoredSegment } from '../../shared/log-repository/segment-writer.ts';
import {
  newKey,
  newPlace,
  signIn,
  tenantA,
  tenantB,
  writeSegment,
} from '../support/log-fixtures.ts';

const keys = newKey();
let folder: string;
let store: DirectoryLogStore;
let stored: StoredSegment;
let bytes: Buffer;
const lines = Array.from({ length: 12 }, (_, number) => signIn(number, 300));

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'entra-backup-corruption-'));
  store = new DirectoryLogStore(folder);
  stored = await writeSegment(store, lines, { keys, frameBytes: 930 });
  bytes = await readFile(path.join(folder, stored.name));
});
afterAll(async () => await rm(folder, { recursive: true }));

async function put(name: string, content: Uint8Array): Promise<void> {
  await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
  await writeFile(path.join(folder, name), content);
}

/** Code of the error, or the word `read` with what came out. */
async function outcome(
  name: string,
  named?: NamedBlob,
  wrapper = keys,
  written: readonly Buffer[] = lines,
): Promise<string> {
  const found: string[] = [];
  try {
    const segment = await openSegment(store, name, wrapper, named);
    for await (const { line } of segment.records()) found.push(line.toString());
  } catch (error) {
    const isGood = found.every((line, place) => line === written[place]?.toString());
    if (!isGood) return 'bad data';
    return isBackupError(error) ? error.code : String(error);
  }
  return 'read';
}

const codes = ['containerDamaged', 'containerTruncated', 'containerForeign', 'containerVersion'];

describe('a damaged segment is never taken for a good one', () => {
  it('is read while it is whole', async () => {
    expect(await outcome(stored.name, stored)).toBe('read');
    expect(await outcome(stored.name)).toBe('read');
    expect(stored.frames.length).toBe(4);
  });

  it('when one bit is flipped in any byte', { timeout: 60_000 }, async () => {
    const seen = new Map<string, number>();
    for (let place = 0; place < bytes.length; place++) {
      const damaged = Buffer.from(bytes);
      damaged.writeUInt8(damaged.readUInt8(place) ^ (1 << randomInt(8)), place);
      await put(stored.name, damaged);
      // with the manifest and, every third time, without it
      const found = await outcome(stored.name, place % 3 === 0 ? undefined : stored);
      expect([...codes, 'keyWrong'], `byte ${place}`).toContain(found);
      seen.set(found, (seen.get(found) ?? 0) + 1);
    }
    await put(stored.name, bytes);
    expect([...seen.keys()].sort()).toEqual([...codes, 'keyWrong'].sort());
  });

  it('when its header says the same in other words', async () => {
    const end = 12 + bytes.readUInt32BE(8);
    const header = JSON.parse(bytes.toString('utf8', 12, end)) as Record<string, unknown>;
    const reversed = JSON.stringify(Object.fromEntries(Object.entries(header).reverse()));
    await put(
      stored.name,
      Buffer.concat([bytes.subarray(0, 12), Buffer.from(reversed), bytes.subarray(end)]),
    );
    expect(await outcome(stored.name, stored)).toBe('containerDamaged');
    await put(stored.name, bytes);
  });

  it('when it is cut off anywhere', { timeout: 60_000 }, async () => {
    for (let length = 0; length < bytes.length; length += 1) {
      await put(stored.name, bytes.subarray(0, length));
      const found = await outcome(stored.name, length % 3 === 0 ? stored : undefined);
      expect(codes, `length ${length}`).toContain(found);
    }
    await put(stored.name, bytes);
  });

  it('when something is in front of it, inside it or behind it', async () => {
    const places = [0, 8, 12, ...stored.frames.map(({ offset }) => offset), bytes.length - 12];
    for (const place of [...places, bytes.length]) {
      for (const extra of [Buffer.from([0]), Buffer.from('EBLOGEND'), bytes.subarray(-12), bytes]) {
        const longer = [bytes.subarray(0, place), extra, bytes.subarray(place)];
        await put(stored.name, Buffer.concat(longer));
        expect(codes).toContain(await outcome(stored.name, stored));
        // two containers behind each other end like a good one
        expect(codes).toContain(await outcome(stored.name));
      }
    }
    await put(stored.name, bytes);
  });

  it('when two of its frames change places, or one stands twice', async () => {
    const same = Array.from({ length: 12 }, () => signIn(7, 300));
    const place = newPlace();
    const even = await writeSegment(store, same, { keys, frameBytes: 930, place });
    const file = await readFile(path.join(folder, even.name));
    const pairs = even.frames.flatMap((one, a) =>
      even.frames.filter((_, b) => a !== b).map((other) => [one, other] as const),
    );
    expect(pairs).toHaveLength(12);
    for (const [one, other] of pairs) {
      expect(one.bytes).toBe(other.bytes);
      const twice = Buffer.from(file);
      file.copy(twice, one.offset, other.offset, other.offset + other.bytes);
      const swapped = Buffer.from(twice);
      file.copy(swapped, other.offset, one.offset, one.offset + one.bytes);
      for (const changed of [twice, swapped]) {
        await put(even.name, changed);
        expect(await outcome(even.name, even, keys, same)).toBe('containerDamaged');
      }
    }
  });

  it('when a frame of another segment under the same key stands in its place', async () => {
    const other = await writeSegment(store, lines, { keys, frameBytes: 930 });
    const otherBytes = await readFile(path.join(folder, other.name));
    for (const [number, frame] of stored.frames.entries()) {
      const from = other.frames[number];
      if (from?.bytes !== frame.bytes) throw new Error('the frames differ in length');
      const changed = Buffer.from(bytes);
      otherBytes.copy(changed, frame.offset, from.offset, from.offset + from.bytes);
      await put(stored.name, changed);
      expect(await outcome(stored.name, stored)).toBe('containerDamaged');
    }
    await put(stored.name, bytes);
  });

  it('when it lies under the name of another segment, tenant, source or kind', async () => {
    const { segmentId } = newPlace();
    const own = stored.name.slice(-20, -4);
    const names = [
      stored.name.replace(own, segmentId.slice(0, 16)),
      stored.name.replace(tenantA, tenantB),
      stored.name.replace('signIns', 'directoryAudits'),
    ];
    for (const name of names) {
      await put(name, bytes);
      expect(await outcome(name, stored)).toBe('containerForeign');
      expect(await outcome(name)).toBe('containerForeign');
    }
    const index = new IndexWriter();
    index.add(recordDigest('1', signIn(1)), 0, []);
    const place = newPlace();
    const storedIndex = await index.store(store, { place, keys });
    if (storedIndex === 'exists') throw new Error('exists');
    const name = storedIndex.name.replace('.idx', '.seg');
    await put(name, await readFile(path.join(folder, storedIndex.name)));
    expect(await outcome(name)).toBe('containerForeign');
  });

  it('when another segment with the same id has taken its name', async () => {
    const place = newPlace();
    const first = await writeSegment(store, lines, { keys, place });
    await rm(path.join(folder, first.name));
    const second = await writeSegment(store, lines, { keys, place });
    expect(await outcome(first.name)).toBe('read');
    const named = { bytes: second.bytes, footerSha256: first.footerSha256 };
    expect(await outcome(first.name, named)).toBe('containerForeign');
  });

  it('when the key is another one, or the blob is missing', async () => {
    expect(await outcome(stored.name, stored, newKey())).toBe('keyWrong');
    const gone = stored.name.replace('2026', '2027').replace('/03/', '/04/');
    expect(await outcome(gone)).toBe('logBlobMissing');
    expect(await outcome(gone, stored)).toBe('logBlobMissing');
  });
});
