import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { uncovered, withInterval } from '../../../shared/log-backup/intervals.ts';
import {
  AddedDigests,
  type KnownDigests,
  noDigests,
} from '../../../shared/log-backup/known-digests.ts';
import {
  besideTime,
  DAY,
  HOUR,
  MINUTE,
  parseLogTime,
  timeOfMs,
} from '../../../shared/log-backup/log-time.ts';
import { planWindow } from '../../../shared/log-backup/plan-window.ts';
import { quotaOutlook } from '../../../shared/log-backup/quota-outlook.ts';
import { emptyState, sweepDelays } from '../../../shared/log-backup/source-state.ts';

const delays = sweepDelays(30);
const now = Date.UTC(2026, 4, 4, 12, 34, 56, 789);
const edge = timeOfMs(now - 30 * DAY);

describe('times of records', () => {
  it('are padded to 7 digits, so that texts compare like times', () => {
    expect(parseLogTime('2026-05-04T12:00:00Z')).toBe('2026-05-04T12:00:00.0000000Z');
    expect(parseLogTime('2026-05-04T12:00:00.25Z')).toBe('2026-05-04T12:00:00.2500000Z');
    expect(parseLogTime('2026-05-04T12:00:00.12345678Z')).toBeUndefined();
    expect(parseLogTime('2026-05-04T12:00:00+01:00')).toBeUndefined();
    expect(parseLogTime('2026-13-04T12:00:00Z')).toBeUndefined();
  });

  it('move by 100 ns across seconds, days and years, and back', () => {
    expect(besideTime('2026-12-31T23:59:59.9999999Z', 1)).toBe('2027-01-01T00:00:00.0000000Z');
    expect(besideTime('2026-03-01T00:00:00.0000000Z', -1)).toBe('2026-02-28T23:59:59.9999999Z');
  });
});

describe('the plan', () => {
  it('reads everything once, without a hole, whatever was read before and in whatever order', () => {
    const step = fc.record({
      at: fc.integer({ min: 0, max: 700 }),
      width: fc.integer({ min: 1, max: 40 }),
    });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 12 }),
        fc.integer({ min: 1, max: 1440 }),
        (steps, width) => {
          let covered = steps.reduce<{ from: string; to: string }[]>(
            (list, { at, width: hours }) => {
              const from = now - 30 * DAY + at * HOUR;
              return withInterval(list, {
                from: timeOfMs(from),
                to: timeOfMs(Math.min(from + hours * HOUR, now)),
              });
            },
            [],
          );
          const begin = timeOfMs(now - 29 * DAY);
          for (let windows = 0; windows < 50_000; windows += 1) {
            const state = { ...emptyState, begin, covered: [covered, [], [], [], []] };
            const plan = planWindow({ state, now, edge, delays, width: width * MINUTE });
            if (plan.kind !== 'window' || plan.sweep !== 0) break;
            expect(plan.from < plan.to).toBe(true);
            expect(Date.parse(plan.to) - Date.parse(plan.from)).toBeLessThanOrEqual(
              Math.min(DAY, width * MINUTE),
            );
            covered = withInterval(covered, { from: plan.from, to: plan.to });
          }
          const limit = timeOfMs(Math.floor((now - 5 * MINUTE) / MINUTE) * MINUTE);
          expect(uncovered({ from: begin, to: limit }, covered)).toEqual([]);
        },
      ),
      { numRuns: 20 },
    );
  });

  it('states what can no longer be read before it reads on', () => {
    const [from, to] = [timeOfMs(now - 40 * DAY), timeOfMs(now - 35 * DAY)];
    const state = { ...emptyState, begin: from, covered: [[{ from, to }], [], [], [], []] };
    const plan = planWindow({ state, now, edge, delays, width: HOUR });
    expect(plan).toEqual({ kind: 'gap', from: to, to: timeOfMs(now - 30 * DAY + MINUTE) });
  });

  it('leaves a window alone that was put aside, and reads behind it', () => {
    const begin = timeOfMs(now - 3 * HOUR);
    const aside = [{ from: begin, to: timeOfMs(now - 2 * HOUR) }];
    const plan = planWindow({
      state: { ...emptyState, begin },
      now,
      edge,
      delays,
      width: HOUR,
      aside,
    });
    expect(plan).toMatchObject({ kind: 'window', sweep: 0, from: aside[0]?.to });
  });
});

/** The same with plain sets. */
function seeIn(seen: Map<number, Set<number>>, [id, content]: [number, number]): string {
  const contents = seen.get(id);
  seen.set(id, new Set([...(contents ?? []), content]));
  if (contents === undefined) return 'new';
  return contents.has(content) ? 'known' : 'changed';
}

describe('digests', () => {
  it('tell a known content, another content of a known id, and a new id, as a plain set does', () => {
    const digest = fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 3 }));
    const bytes = ([id, content]: [number, number]): Buffer => {
      const row = Buffer.alloc(16, 7);
      row.writeUInt8(id * 25, 7);
      row.writeUInt8(content * 80, 15);
      return row;
    };
    fc.assert(
      fc.property(fc.array(fc.array(digest)), (rounds) => {
        let known: KnownDigests = noDigests;
        const seen = new Map<number, Set<number>>();
        for (const round of rounds) {
          const added = new AddedDigests(known);
          for (const one of round) expect(added.see(bytes(one))).toBe(seeIn(seen, one));
          known = added.merged();
        }
        expect(known.count).toBe([...seen.values()].reduce((sum, { size }) => sum + size, 0));
      }),
    );
  });
});

it('says with figures when the quota cannot keep up', () => {
  expect(quotaOutlook([100, 1600])).toEqual({ needed: 1700, possible: 1764, keepsUp: true });
  const outlook = quotaOutlook([2000, 400]);
  expect(outlook).toMatchObject({ needed: 2400, possible: 1764, keepsUp: false });
  expect(outlook.statement).toMatch(/1764 .* 2400/);
});
