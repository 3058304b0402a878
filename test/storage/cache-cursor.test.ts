import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CachedValue } from '../../shared/cache/cache-repository.ts';
import { newTable, openCache } from '../support/caches.ts';

const table = newTable();
const caches = [openCache(table), openCache(table), openCache(table)];
const padding = { small: 0, parts: 721_000 };

function cursor(position: number, bytes: number): Buffer {
  const value = Buffer.alloc(8 + bytes, position % 251);
  value.writeBigUInt64BE(BigInt(position));
  return value;
}

const positionOf = (found: CachedValue | undefined): number =>
  found === undefined ? 0 : Number(found.value.readBigUInt64BE());

describe('a cursor that several workers advance', () => {
  it('moves by the worker alone that read its last state, in every interleaving', async () => {
    const schedules = fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 6, maxLength: 24 });
    const bytes = fc.constantFrom(...Array<number>(7).fill(padding.small), padding.parts);
    await fc.assert(
      fc.asyncProperty(schedules, bytes, async (schedule, size) => {
        const row = randomBytes(6).toString('hex');
        // position in the cursor, as it should be; what each worker has read, if it has
        let position = 0;
        const seen: ({ found: CachedValue | undefined; at: number } | undefined)[] = [];
        for (const worker of schedule) {
          const cache = caches[worker]!;
          const known = seen[worker];
          if (known === undefined) {
            const found = await cache.read('cursor', row);
            expect(positionOf(found)).toBe(position);
            seen[worker] = { found, at: position };
            continue;
          }
          seen[worker] = undefined;
          const next = cursor(positionOf(known.found) + 1, size);
          const written = await cache.write('cursor', row, next, known.found?.etag);
          expect(written === 'conflict').toBe(known.at !== position);
          if (written !== 'conflict') position += 1;
        }
        expect(positionOf(await caches[0]!.read('cursor', row))).toBe(position);
      }),
      { numRuns: 25 },
    );
  });

  it.each(Object.entries(padding))('loses no step when all run at once (%s)', async (_, size) => {
    const row = randomBytes(6).toString('hex');
    const steps: number[] = [];
    const work = async (worker: number): Promise<void> => {
      for (let wins = 0; wins < 4; ) {
        const cache = caches[worker]!;
        const found = await cache.read('cursor', row);
        const next = positionOf(found) + 1;
        const written = await cache.write('cursor', row, cursor(next, size), found?.etag);
        if (written === 'conflict') continue;
        steps.push(next);
        wins += 1;
      }
    };
    await Promise.all([work(0), work(1), work(2)]);
    expect(steps.sort((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, at) => at + 1));
    expect(positionOf(await caches[1]!.read('cursor', row))).toBe(12);
    expect(caches.map(({ counts }) => counts.damaged)).toEqual([0, 0, 0]);
  });
});
