import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { retryAfterMs, waitBefore } from '../../../shared/graph/retry-after.ts';

const now = new Date('2026-11-24T12:00:00Z');

describe('Retry-After', () => {
  it.each([
    ['whole seconds', '7', 7_000],
    ['a fraction', '2.128', 2_128],
    ['a small fraction', '0.249', 249],
    ['zero', '0', 0],
    ['a date', 'Tue, 24 Nov 2026 12:00:30 GMT', 30_000],
    ['a past date', 'Tue, 24 Nov 2026 11:00:00 GMT', 0],
    ['a huge number', '86400', 300_000],
    ['a far date', 'Wed, 25 Nov 2026 12:00:00 GMT', 300_000],
    ['an absurd number', '9'.repeat(400), 300_000],
  ])('with %s is %s -> %i ms', (_name, value, expected) => {
    expect(retryAfterMs(value, now)).toBe(expected);
  });

  it.each([
    ['absent', undefined],
    ['empty', ''],
    ['negative', '-5'],
    ['garbage', 'soon'],
    ['several values', '1, 2'],
    ['an exponent', '1e3'],
    ['a broken date', 'Tue, 99 Foo 2026'],
  ])('that is %s leaves the wait to the caller', (_name, value) => {
    expect(retryAfterMs(value, now)).toBeUndefined();
  });

  it('never lets a wait be shorter than what was asked, nor longer than 5 s more', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10 }),
        fc.integer({ min: 0, max: 300_000 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (attempt, asked, random) => {
          const wait = waitBefore(attempt, asked, 1_000, () => random);
          expect(wait).toBeGreaterThanOrEqual(asked);
          expect(wait).toBeLessThanOrEqual(asked + 5_000);
        },
      ),
    );
  });

  it('that is missing doubles the wait from try to try up to a minute, with jitter above', () => {
    const waits = (random: number): number[] =>
      [1, 2, 3, 8, 10].map((attempt) => waitBefore(attempt, undefined, 1_000, () => random));
    expect(waits(0)).toEqual([1_000, 2_000, 4_000, 60_000, 60_000]);
    expect(waits(0.5)).toEqual([1_500, 3_000, 6_000, 90_000, 90_000]);
  });
});
