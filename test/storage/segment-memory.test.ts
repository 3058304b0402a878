import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, inject, it } from 'vitest';
import { DirectoryLogStore } from '../../shared/log-repository/directory-log-store.ts';
import type { LogStore } from '../../shared/log-repository/log-store.ts';
import { openSegment } from '../../shared/log-repository/segment-reader.ts';
import { openSegmentWriter } from '../../shared/log-repository/segment-writer.ts';
import { newKey, newPlace, signIn, timeOf } from '../support/log-fixtures.ts';
import { newContainer, openBlobs } from '../support/log-stores.ts';

const MEBIBYTE = 1024 * 1024;

describe('a segment that is being written', () => {
  it('makes the writer wait when the store does not keep up', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'entra-backup-slow-'));
    let isBlocked = true;
    const slow: LogStore = Object.assign(new DirectoryLogStore(folder), {
      create: async (name: string, content: AsyncIterable<Uint8Array>) => {
        while (isBlocked) await sleep(5);
        return await new DirectoryLogStore(folder).create(name, content);
      },
    });
    const keys = newKey();
    const writer = openSegmentWriter(slow, { place: newPlace(), keys, frameBytes: 10_000 });
    const writing = (async () => {
      for (let number = 0; number < 1000; number++)
        await writer.add(signIn(number), timeOf(number));
      return await writer.close();
    })();
    await sleep(300);
    // one raw frame, one being handed over, two waiting: 16 records of 600 bytes each
    expect(writer.records).toBeLessThanOrEqual(4 * 17);
    isBlocked = false;
    expect(await writing).toMatchObject({ records: 1000 });
    await rm(folder, { recursive: true });
  });

  it('needs memory for a few frames, not for 300 MB of records', { timeout: 120_000 }, async () => {
    const store = openBlobs(inject('azurite'), await newContainer());
    const records = Array.from({ length: 2000 }, (_, number) => signIn(number, 5000));
    const keys = newKey();
    const before = process.memoryUsage();
    let peak = 0;
    const look = (): void => {
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      peak = Math.max(peak, heapUsed + arrayBuffers - before.heapUsed - before.arrayBuffers);
    };
    const place = newPlace();
    const writer = openSegmentWriter(store, { place, keys });
    for (let round = 0; round < 30; round++) {
      for (const [number, record] of records.entries()) await writer.add(record, timeOf(number));
      look();
    }
    const stored = await writer.close();
    if (stored === 'exists') throw new Error('exists');
    let read = 0;
    for await (const { line } of (await openSegment(store, writer.name, keys, stored)).records()) {
      read += line.length;
      if (read % 100_000_000 < 5000) look();
    }
    expect(read).toBe(300_000_000);
    expect(peak / MEBIBYTE).toBeLessThan(150);
  });
});
