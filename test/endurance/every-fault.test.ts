// The whole matrix: every fault meets every request that it fits, one by one, for a while and for
// ever, in every kind of backup that makes the request. Takes an hour; FAULT_SEED=n repeats a run.
import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { faultCatalogue } from '../../local/graph-simulator/faults/fault-catalogue.ts';
import { FaultLanes, makeShots } from '../support/fault-lanes.ts';
import { isBelieved, type Shot, shotsOf } from '../support/fault-shots.ts';
import type { Mode } from '../support/fault-targets.ts';

const seed = Number(process.env['FAULT_SEED'] ?? randomInt(1_000_000));
const lanes = new FaultLanes(seed);
const reading = faultCatalogue.filter((entry) => entry.of !== 'write');

beforeAll(async () => {
  console.log(`FAULT_SEED=${seed}`);
  await lanes.open(3);
});
afterAll(async () => await lanes.close());

function inMode(shots: readonly Shot[], mode: Mode): Shot[] {
  return shots
    .filter(({ target }) => target.in.includes(mode))
    .map((shot) => ({ ...shot, target: { ...shot.target, in: [mode] } }));
}

const cases = reading.flatMap((entry) =>
  (['full', 'incremental'] as const).flatMap((mode) =>
    [2, undefined].map((times) => [entry.name, mode, times, entry] as const),
  ),
);

test.concurrent.each(cases)(
  '%s in a backup that is %s, %s times',
  async (_, mode, times, entry) => {
    // real time passes while nothing comes: for ever is no different from a connection that breaks
    const shots = shotsOf([entry], entry.fault.kind === 'hang' ? 2 : times);
    const chosen = inMode(shots, mode).filter((shot) => times !== undefined || !isBelieved(shot));
    if (chosen.length > 0) await lanes.use((lane) => makeShots(lane, chosen, 'oneByOne'));
  },
);

test('no point lacks what stood in the tenant all the time', () => {
  console.log(JSON.stringify(lanes.tally));
  expect(lanes.tally.runs).toBeGreaterThan(reading.length);
  expect(lanes.tally.falseDeletions).toBe(0);
});
