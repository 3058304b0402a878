import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openContainer } from '../../../shared/log-repository/container-reader.ts';
import { DirectoryLogStore } from '../../../shared/log-repository/directory-log-store.ts';
import { segmentName } from '../../../shared/log-repository/log-names.ts';
import type { LogStore } from '../../../shared/log-repository/log-store.ts';
import { reencryptContainer } from '../../../shared/log-repository/reencrypt-container.ts';
import { openSegment } from '../../../shared/log-repository/segment-reader.ts';
import { openSegmentWriter } from '../../../shared/log-repository/segment-writer.ts';
import { newKey, newPlace, signIn, timeOf, writeSegment } from '../../support/log-fixtures.ts';

let folder: string;
let store: LogStore;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'entra-backup-segments-'));
  store = new DirectoryLogStore(folder);
});
afterAll(async () => await rm(folder, { recursive: true }));

async function linesOf(name: string, keys = newKey(), from: LogStore = store): Promise<Buffer[]> {
  const segment = await openSegment(from, name, keys);
  const lines: Buffer[] = [];
  for await (const { line } of segment.records()) lines.push(Buffer.from(line));
  return lines;
}

const withoutLineFeed = fc
  .uint8Array({ minLength: 1, maxLength: 900 })
  .map((bytes) => Buffer.from(bytes.map((byte) => (byte === 10 ? 32 : byte))));

describe('a segment', () => {
  it('gives every record back, byte for byte, whatever the bytes and the size of frames', async () => {
    const property = fc.asyncProperty(
      fc.array(withoutLineFeed, { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 1, max: 4000 }),
      fc.constantFrom('zstd' as const, 'gzip' as const),
      async (lines, frameBytes, codec) => {
        const keys = newKey();
        const { name, frames, records } = await writeSegment(store, lines, {
          keys,
          frameBytes,
          codec,
        });
        expect(await linesOf(name, keys)).toEqual(lines);
        expect(records).toBe(lines.length);
        const segment = await openSegment(store, name, keys);
        const single = await Promise.all(frames.map((_, frame) => segment.readLines(frame)));
        expect(single.flat()).toEqual(lines);
      },
    );
    // the seed is shown when it fails; another one in each run
    await fc.assert(property, { numRuns: 60, verbose: true });
  });

  it('says in which frame a record is, its count and its times', async () => {
    const keys = newKey();
    const place = newPlace();
    const writer = openSegmentWriter(store, { place, keys, frameBytes: 5000 });
    const frames: number[] = [];
    for (let number = 0; number < 100; number++) {
      frames.push(await writer.add(signIn(number), timeOf(number)));
    }
    const stored = await writer.close();
    if (stored === 'exists') throw new Error('exists');
    const times = Array.from({ length: 100 }, (_, number) => timeOf(number)).sort();
    expect(stored).toMatchObject({ records: 100, minTime: times[0], maxTime: times.at(-1) });
    const segment = await openSegment(store, stored.name, keys, stored);
    for (const [number, frame] of frames.entries()) {
      const lines = await segment.readLines(frame);
      expect(lines.map(String)).toContain(signIn(number).toString());
      const { minTime = '', maxTime = '' } = segment.footer.frames[frame] ?? {};
      expect(timeOf(number) >= minTime && timeOf(number) <= maxTime).toBe(true);
    }
    expect(new Set(frames).size).toBe(segment.footer.frames.length);
    expect(segment.footer.frames.length).toBeGreaterThan(5);
  });

  it('replaces line feeds between tokens, which Graph does not send, and nothing else', async () => {
    const keys = newKey();
    const { name } = await writeSegment(store, [Buffer.from('{\n "a":\r\n1}')], { keys });
    expect((await linesOf(name, keys)).map(String)).toEqual(['{  "a":\r 1}']);
  });

  it('refuses a record of another hour, no record and an empty one', async () => {
    const writer = openSegmentWriter(store, { place: newPlace(), keys: newKey() });
    await expect(writer.add(signIn(1), '2026-03-04T06:00:00.0000000Z')).rejects.toThrow('hour');
    await expect(writer.add(Buffer.alloc(0), timeOf(1))).rejects.toThrow('out of bounds');
    await expect(writer.close()).rejects.toThrow('no record');
    await writer.abort();
    expect(await store.head(writer.name)).toBeUndefined();
  });

  it('stores nothing when it is given up', async () => {
    const options = { place: newPlace(), keys: newKey(), frameBytes: 1000 };
    const writer = openSegmentWriter(store, options);
    for (let number = 0; number < 20; number++) await writer.add(signIn(number), timeOf(number));
    await writer.abort();
    expect(await store.head(segmentName(options.place))).toBeUndefined();
    await expect(writer.add(signIn(1, 2000), timeOf(1))).rejects.toThrow('given up');
  });

  it('hears of a store that broke, at the next record or at the end', async () => {
    const broken: LogStore = Object.assign(new DirectoryLogStore(folder), {
      create: () => Promise.reject(new Error('no space left')),
    });
    const options = { place: newPlace(), keys: newKey(), frameBytes: 1000 };
    const writer = openSegmentWriter(broken, options);
    const act = async (): Promise<unknown> => {
      for (let number = 0; number < 20; number++) await writer.add(signIn(number), timeOf(number));
      return await writer.close();
    };
    await expect(act()).rejects.toThrow('no space left');
  });

  it('holds each frame under a nonce of its own and each container under a key of its own', async () => {
    const keys = newKey();
    const lines = Array.from({ length: 10 }, () => signIn(1));
    const one = await writeSegment(store, lines, { keys, frameBytes: 600 });
    const two = await writeSegment(store, lines, { keys, frameBytes: 600 });
    const bytes = await Promise.all(
      [one, two].map(async ({ name }) => await readFile(path.join(folder, name))),
    );
    const sealed = [one, two].flatMap(({ frames }, which) =>
      frames.map(({ offset, bytes: length }) =>
        bytes[which]?.toString('hex', offset, offset + length),
      ),
    );
    expect(new Set(sealed).size).toBe(20);
  });
});

describe('a copy under another key', () => {
  it('keeps the compressed frames and opens with its own key only', async () => {
    const [keys, otherKeys] = [newKey(), newKey()];
    const lines = Array.from({ length: 200 }, (_, number) => signIn(number));
    const stored = await writeSegment(store, lines, { keys, frameBytes: 20_000 });
    const elsewhere = await mkdtemp(path.join(tmpdir(), 'entra-backup-copy-'));
    const secondary = new DirectoryLogStore(elsewhere);
    const source = await openSegment(store, stored.name, keys, stored);
    const target = { store: secondary, name: stored.name, keys: otherKeys };
    const copy = await reencryptContainer(source, target);
    if (copy === 'exists') throw new Error('exists');
    expect(copy.frames.map(({ sha256 }) => sha256)).toEqual(
      stored.frames.map(({ sha256 }) => sha256),
    );
    expect(copy.footerSha256).not.toBe(stored.footerSha256);
    expect(await linesOf(stored.name, otherKeys, secondary)).toEqual(lines);
    await expect(linesOf(stored.name, keys, secondary)).rejects.toMatchObject({ code: 'keyWrong' });
    expect(await reencryptContainer(source, target)).toBe('exists');
    await rm(elsewhere, { recursive: true });
  });

  it('stops at a damaged frame and stores nothing', async () => {
    const keys = newKey();
    const lines = Array.from({ length: 60 }, (_, number) => signIn(number));
    const stored = await writeSegment(store, lines, { keys, frameBytes: 5000 });
    const file = path.join(folder, stored.name);
    const bytes = await readFile(file);
    const last = stored.frames.at(-1)?.offset ?? 0;
    bytes.writeUInt8(bytes.readUInt8(last) ^ 1, last);
    await writeFile(file, bytes);
    const source = await openSegment(store, stored.name, keys, stored);
    const name = stored.name.replace('0000000001', '0000000002');
    await expect(reencryptContainer(source, { store, name, keys: newKey() })).rejects.toMatchObject(
      {
        code: 'containerDamaged',
        details: { part: 'frame', frame: stored.frames.length - 1 },
      },
    );
    expect(await store.head(name)).toBeUndefined();
  });
});

describe('reading one frame', () => {
  it('reads the ends and that frame, not the rest', async () => {
    const keys = newKey();
    const lines = Array.from({ length: 400 }, () => Buffer.from(randomBytes(3000).toString('hex')));
    const stored = await writeSegment(store, lines, { keys, frameBytes: 60_000 });
    let read = 0;
    const counting: LogStore = Object.assign(new DirectoryLogStore(folder), {
      read: async (...args: Parameters<LogStore['read']>) => {
        const found = await new DirectoryLogStore(folder).read(...args);
        read += found?.length ?? 0;
        return found;
      },
    });
    const container = await openContainer(counting, stored.name, keys, {
      ...{ tenant: newPlace().tenant, source: 'signIns', content: 'segment' },
      ...{ bytes: stored.bytes, footerSha256: stored.footerSha256 },
    });
    await container.readFrame(20);
    expect(read).toBeLessThan(120_000);
    expect(stored.bytes).toBeGreaterThan(1_000_000);
  });
});
