// Every fault of the simulator's catalogue on the requests of a backup. The test command lets every
// fault happen, for a while or for ever, in a full and in an incremental backup, to rotating requests
// of rotating collections; FAULT_MATRIX=full lets it happen to all of them.
import { randomInt } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { FaultRuleInput } from '../../local/graph-simulator/control/client.ts';
import {
  type CatalogueEntry,
  faultCatalogue,
} from '../../local/graph-simulator/faults/fault-catalogue.ts';
import {
  differenceOf,
  missingAlthoughThere,
  readStanding,
  type Standing,
} from '../support/false-deletions.ts';
import { type Lab, type LabTenant, type Outcome, startFaultLab } from '../support/fault-lab.ts';
import { type FaultTarget, faultTargets, sharedTargets } from '../support/fault-targets.ts';
import { changeAtRandom, generator } from '../support/random-changes.ts';
import { sessionResidue } from '../support/session-residue.ts';
import { repositoryLines, simulatorTruth } from '../support/simulator-truth.ts';

const seed = Number(process.env['FAULT_SEED'] ?? randomInt(1_000_000));
const isFull = process.env['FAULT_MATRIX'] === 'full';
const random = generator(seed);
let lab: Lab;
let tenant: LabTenant;
let head = 0;
/** Points looked at, and objects or links missing there although they were never gone. */
const counted = { points: 0, complete: 0, partial: 0, gaveUp: 0, fired: 0, falseDeletions: 0 };

beforeAll(async () => {
  console.log(`seed ${seed}`);
  lab = await startFaultLab({ pageSize: { list: 23, expanded: 23 } });
  tenant = await lab.addTenant({
    seed: { users: 50, groups: 12, links: 90, administrativeUnits: 3, policies: 5, seed },
  });
  head = (await tenant.published()).point;
});
afterEach(async () => await lab.control.clearFaults());
afterAll(async () => await lab.close());

const fits = (entry: CatalogueEntry, target: FaultTarget): boolean =>
  entry.of === 'any' ||
  (entry.of === 'page' && target.of !== 'any') ||
  (entry.of === 'delta' && target.of === 'delta');

interface Shot {
  readonly collection: string;
  readonly target: FaultTarget;
  readonly entry: CatalogueEntry;
}

const reading = faultCatalogue.filter((entry) => entry.of !== 'write');

function ruleOf({ target, entry }: Shot, times: number | undefined): FaultRuleInput {
  const hang = entry.fault.kind === 'hang' ? { ...entry.fault, milliseconds: 30_000 } : entry.fault;
  return {
    name: `${entry.name} on ${target.name}`,
    match: { ...target.match, ...(target.match.signIn ? {} : { tenantId: tenant.tenantId }) },
    // real time passes while nothing comes: for ever is no different from a connection that breaks
    when: entry.fault.kind === 'hang' ? { times: 2 } : times === undefined ? {} : { times },
    fault: hang,
  };
}

type Mode = 'full' | 'incremental';

/** One shot at each of three collections: no two faults of a run meet in one. */
function shotsOf(run: number, mode: Mode, shift: number): Shot[] {
  return Object.entries(faultTargets).flatMap(([collection, targets], place): Shot[] => {
    const entry = reading[(run + place * 7) % reading.length];
    if (entry === undefined || (run + place + shift) % 5 > 2) return [];
    const fitting = targets.filter((target) => target.in.includes(mode) && fits(entry, target));
    const target = fitting[(run + shift) % fitting.length];
    return target === undefined ? [] : [{ collection, target, entry }];
  });
}

/** A shot at what all collections use, in every third run. */
function sharedShot(run: number, shift: number): Shot[] {
  const entry = reading[run];
  const target = sharedTargets[(Math.floor(run / 3) + shift) % sharedTargets.length];
  if (entry === undefined || target === undefined || !fits(entry, target)) return [];
  return [{ collection: 'shared', target, entry }];
}

/** A run under faults, then what must hold of it whatever happened. */
async function runUnder(
  shots: readonly Shot[],
  mode: Mode,
  times: number | undefined,
): Promise<void> {
  const before = await readStanding(lab.control, tenant.tenantId);
  await changeAtRandom(lab.control, tenant.tenantId, random, 5, 5);
  const rules = shots.map((shot) => ruleOf(shot, times));
  await lab.control.faults(...rules);
  const isSlow = shots.some(({ entry }) => entry.fault.kind === 'hang');
  tenant.tryTimeoutMs = isSlow ? 2_000 : 30_000;
  if (shots.some(({ target }) => target.match.signIn)) tenant.signInAgain();
  const outcome = await tenant.backup({ mode });
  const report = await lab.control.faultReport();
  await lab.control.clearFaults();
  tenant.tryTimeoutMs = 30_000;
  const name = `${mode}, ${times ?? 'for ever'}: ${rules.map((rule) => rule.name).join('; ')}`;
  counted.fired += report.filter((rule) => rule.fired > 0).length;
  await judge(name, shots, outcome, before);
}

async function judge(
  name: string,
  shots: readonly Shot[],
  outcome: Outcome,
  before: Standing,
): Promise<void> {
  if (outcome.kind === 'gaveUp') {
    counted.gaveUp += 1;
    expect(['internalError', 'invalidState'], name).not.toContain(outcome.error.code);
    expect(outcome.error.hint, name).toMatch(/\.$/);
    expect(await sessionResidue(lab.db, tenant.tenantId), name).toEqual([]);
    return;
  }
  head = outcome.point;
  counted[outcome.state] += 1;
  if (outcome.state === 'partial') {
    await namesTheCollection(name, shots, outcome.point);
  }
  await countFalseDeletions(name, before);
}

async function namesTheCollection(
  name: string,
  shots: readonly Shot[],
  point: number,
): Promise<void> {
  const [row] = await lab.db.owner.rows<{ reasons: string }>(
    'select reasons::text as reasons from restore_point where tenant_no = $1 and number = $2',
    [tenant.tenantNo, point],
  );
  const reasons = JSON.parse(row?.reasons ?? '[]') as readonly { collection?: string }[];
  const named = reasons.flatMap(({ collection }) => collection ?? []);
  expect(named.length, name).toBeGreaterThan(0);
  const aimed = shots.map((shot) => shot.collection);
  if (aimed.includes('shared')) return;
  for (const collection of named)
    expect(aimed, `${name}: ${JSON.stringify(row)}`).toContain(collection);
}

async function countFalseDeletions(name: string, before: Standing): Promise<void> {
  const after = await readStanding(lab.control, tenant.tenantId);
  const missing = await missingAlthoughThere(lab.db, tenant.tenantNo, head, before, after);
  counted.points += 1;
  counted.falseDeletions += missing.length;
  expect(missing, name).toEqual([]);
}

/** Without faults everything equals the tenant again. */
async function comeBack(name: string, mode: 'auto' | 'full' = 'auto'): Promise<void> {
  const before = await readStanding(lab.control, tenant.tenantId);
  const outcome = await tenant.published({ mode });
  head = outcome.point;
  expect(outcome.state, name).toBe('complete');
  const truth = await simulatorTruth(lab.control, tenant.tenantId);
  const point = await repositoryLines(lab.db, tenant.tenantNo, head);
  expect(differenceOf(truth, point), name).toEqual([]);
  await countFalseDeletions(`after ${name}`, before);
}

/** In one round of the test command; the whole matrix has as many as any collection has targets. */
const shifts = isFull ? [0, 1, 2, 3, 4, 5, 6, 7] : [0];

test.each(reading.map((entry, run) => [entry.name, run] as const))(
  '%s: each collection ends well, with an error or named on a partial point',
  async (name, run) => {
    for (const shift of shifts) {
      const times = (run + shift) % 2 === 0 ? 2 : undefined;
      await runUnder(shotsOf(run, 'incremental', shift), 'incremental', times);
      await runUnder(shotsOf(run, 'full', shift), 'full', times === undefined ? 2 : undefined);
      const shared = isFull || run % 3 === 0 ? sharedShot(run, shift) : [];
      if (shared.length > 0) await runUnder(shared, 'full', times);
      await comeBack(name);
    }
  },
);

test('no point lacks what was in the tenant all the time', () => {
  console.log(JSON.stringify(counted));
  expect(counted.points).toBeGreaterThan(reading.length);
  expect(counted.partial).toBeGreaterThan(0);
  expect(counted.falseDeletions).toBe(0);
});
