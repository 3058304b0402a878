import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AdminChange, TruthLine } from '../../local/graph-simulator/control/client.ts';
import { rewriteIds } from '../../shared/compare/rewrite-ids.ts';
import type { JsonValue } from '../../shared/json/json-value.ts';
import type { Selection } from '../../shared/model/selection.ts';
import * as identityMap from '../../shared/repository/identity-map.ts';
import { plan } from '../database/restore-plan-fixture.ts';
import { captureTruth } from './capture-truth.ts';
import {
  type ApplyOptions,
  applyPlan,
  quickLimits,
  type RestoreHarness,
  Stopped,
  startHarness,
} from './restore-harness.ts';

type ObjectLine = Extract<TruthLine, { kind: 'object' }>;

let harness: RestoreHarness;
let point = 0;
beforeAll(async () => {
  harness = await startHarness(120, 24);
});
afterAll(async () => {
  await harness.close();
});

async function truth(): Promise<TruthLine[]> {
  const lines: TruthLine[] = [];
  for await (const line of harness.simulator.control.truth(harness.tenantId)) lines.push(line);
  return lines;
}

const objects = (lines: readonly TruthLine[], type: string): ObjectLine[] =>
  lines.filter((line): line is ObjectLine => line.kind === 'object' && line.type === type);
const live = (lines: readonly TruthLine[], type: string): ObjectLine[] =>
  objects(lines, type).filter((line) => line.state === 'live');

async function capture(): Promise<number> {
  point += 1;
  await harness.db.database.withTenant(harness.tenantNo, (tx) =>
    captureTruth(tx, harness.simulator.control, harness.tenantId, point),
  );
  return point;
}

async function makePlan(selection: Selection, from: number) {
  const livePoint = await capture();
  return await harness.db.database.withTenant(harness.tenantNo, (tx) =>
    plan(tx, selection, from, livePoint),
  );
}

async function change(...changes: AdminChange[]): Promise<void> {
  await harness.simulator.control.change(harness.tenantId, ...changes);
}

async function currentIds(): Promise<Map<string, string>> {
  return await harness.db.database.withTenant(harness.tenantNo, (tx) =>
    identityMap.readIdentityMap(tx),
  );
}

/** Deletes every second of the objects for good, the others to the recycle bin. */
function deletions(lines: readonly ObjectLine[]): AdminChange[] {
  return lines.flatMap(({ id }, index): AdminChange[] => [
    { kind: 'delete', id },
    ...(index % 2 === 0 ? [{ kind: 'purge', id } as const] : []),
  ]);
}

/** Links that Graph shows and lets us write, with ids brought up to date. */
function linkSet(lines: readonly TruthLine[], ids: ReadonlyMap<string, string>): Set<string> {
  const foreign = new Set(
    lines
      .filter((line) => line.kind === 'object')
      .filter((line) => isSynced(line) || isMailOnly(line) || isDynamic(line))
      .map((line) => line.id),
  );
  return new Set(
    lines
      .filter((line) => line.kind === 'link' && line.live)
      .filter((line) => line.kind === 'link' && !foreign.has(line.source))
      .map((line) => rewriteIds(JSON.stringify(line), ids) as string),
  );
}

/** Links that only one of the states has. */
function lost(
  before: readonly TruthLine[],
  after: readonly TruthLine[],
  ids: ReadonlyMap<string, string>,
): string[] {
  const [one, two] = [linkSet(before, ids), linkSet(after, new Map())];
  return [
    ...[...one].filter((line) => !two.has(line)),
    ...[...two].filter((line) => !one.has(line)),
  ];
}

async function writesAfter(number: number) {
  const entries = await harness.simulator.control.ledger({ after: number });
  return entries.filter(
    (entry) => entry.method !== 'GET' && !entry.url.includes('getByIds') && entry.applied,
  );
}

const isSynced = (line: ObjectLine): boolean => line.properties['onPremisesSyncEnabled'] === true;
const isMailOnly = (line: ObjectLine): boolean =>
  line.properties['mailEnabled'] === true &&
  !JSON.stringify(line.properties['groupTypes'] ?? []).includes('Unified');

/** Members that follow from a rule. */
const isDynamic = (line: ObjectLine): boolean =>
  /Dynamic/.test(
    JSON.stringify([line.properties['groupTypes'], line.properties['membershipType']]),
  );

/** Restores after `damage` and checks that everything is as it was, through the identity map. */
async function restoreAfter(damage: AdminChange[], options: ApplyOptions = {}) {
  const wanted = await capture();
  const before = await truth();
  await change(...damage);
  const made = await makePlan({ all: true }, wanted);
  const last = await harness.simulator.control.ledgerLastNumber();
  const rows = await applyPlan(harness, made.planId, options);
  await harness.simulator.control.clearFaults();
  const after = await truth();
  const again = await makePlan({ all: true }, wanted);
  return { wanted, before, made, rows, after, again, writes: await writesAfter(last) };
}

describe('a restore', () => {
  it('brings back what was deleted, purged and changed, by exactly the planned writes', async () => {
    const start = await truth();
    const users = live(start, 'user')
      .filter((line) => !isSynced(line))
      .slice(0, 30);
    const groups = live(start, 'group')
      .filter((line) => !isSynced(line) && !isMailOnly(line))
      .slice(0, 6);
    const units = live(start, 'administrativeUnit').slice(0, 2);
    const changed = live(start, 'user')
      .filter((line) => !isSynced(line))
      .at(-1)!;
    const { before, after, made, rows, again, writes } = await restoreAfter([
      ...deletions([...users, ...groups, ...units]),
      { kind: 'patch', id: changed.id, properties: { city: 'Elsewhere', department: null } },
    ]);
    const causes = rows
      .filter((row) => row.state !== 'done')
      .map((row) => [row.state, row.result, JSON.parse(row.document).id]);
    expect(causes).toEqual([]);
    const ids = await currentIds();
    expect(lost(before, after, ids)).toEqual([]);
    // recorded writes equal the plan after id substitution
    const sent = writes.map(
      (entry) => `${entry.method} ${new URL(entry.url, 'https://x').pathname}`,
    );
    const planned = made.steps.map(
      ({ request }) => `${request.method} /${request.apiVersion}${rewriteIds(request.path, ids)}`,
    );
    expect(sent.sort()).toEqual(planned.sort());
    expect(again.steps).toEqual([]);
  });

  it('leaves policies that refer to created objects as they are and lists them', async () => {
    const start = await truth();
    const policy = live(start, 'conditionalAccessPolicy').find((line) =>
      /"(in|ex)cludeGroups":\["[0-9a-f]/.test(JSON.stringify(line.properties)),
    )!;
    const conditions = policy.properties['conditions'] as Record<string, Record<string, string[]>>;
    const groupId = [
      ...(conditions['users']?.['includeGroups'] ?? []),
      ...(conditions['users']?.['excludeGroups'] ?? []),
    ][0]!;
    const { made, after, before, again } = await restoreAfter([
      { kind: 'delete', id: groupId },
      { kind: 'purge', id: groupId },
    ]);
    const healing = made.notes.filter((note) => note.kind === 'needsHealing');
    expect(healing.map((note) => note.objectId)).toContain(policy.id);
    expect(live(after, 'conditionalAccessPolicy')).toEqual(live(before, 'conditionalAccessPolicy'));
    expect(again.steps).toEqual([]);
  });

  it('keeps the password of a created user in the vault and sends it once', async () => {
    const victim = live(await truth(), 'user').find((line) => !isSynced(line))!;
    const { rows, made } = await restoreAfter(deletions([victim]));
    expect(JSON.stringify([rows, made])).not.toMatch(/"password":/);
    const restoreIds = await harness.db.owner.rows<{ id: string }>('select id from restore');
    const kept = await Promise.all(
      restoreIds.map(({ id }) => harness.secrets.find(`${id}:password:${victim.id}`)),
    );
    expect(kept.filter((each) => each !== undefined && each.length === 24)).toHaveLength(1);
  });
});

describe('a restore that is stopped at any instant', () => {
  it.each(['step.afterStarted', 'step.afterWrite', 'step.afterWritten'])(
    'goes on from its rows: %s, again and again',
    async (name) => {
      const start = await truth();
      const users = live(start, 'user')
        .filter((line) => !isSynced(line))
        .slice(5, 13);
      const groups = live(start, 'group')
        .filter((line) => !isSynced(line) && !isMailOnly(line))
        .slice(6, 8);
      let passed = 0;
      const { before, after, rows, again } = await restoreAfter(deletions([...users, ...groups]), {
        failpoint: async (at) => {
          if (at !== name) return;
          passed += 1;
          if (passed % 3 === 0) throw new Stopped(name);
        },
      });
      expect(passed).toBeGreaterThan(3);
      expect(rows.map((row) => row.state).filter((state) => state !== 'done')).toEqual([]);
      expect(lost(before, after, await currentIds())).toEqual([]);
      expect(live(after, 'user')).toHaveLength(live(before, 'user').length);
      expect(live(after, 'group')).toHaveLength(live(before, 'group').length);
      expect(again.steps).toEqual([]);
    },
  );
});

describe('a restore over a bad line', () => {
  it('makes no twins when answers to creations are lost', async () => {
    const start = await truth();
    const users = live(start, 'user')
      .filter((line) => !isSynced(line))
      .slice(14, 22);
    const units = live(start, 'administrativeUnit').slice(0, 2);
    await harness.simulator.control.faults({
      name: 'answers to writes are lost',
      match: { method: ['POST', 'PATCH', 'PUT'] },
      when: { every: 3 },
      fault: { kind: 'responseLost', how: 'reset' },
    });
    const { before, after, rows, again } = await restoreAfter(deletions([...users, ...units]));
    expect(rows.map((row) => row.state).filter((state) => state !== 'done')).toEqual([]);
    expect(lost(before, after, await currentIds())).toEqual([]);
    expect(live(after, 'user')).toHaveLength(live(before, 'user').length);
    expect(live(after, 'administrativeUnit')).toHaveLength(
      live(before, 'administrativeUnit').length,
    );
    expect(again.steps).toEqual([]);
  });
});

describe('a step whose object was changed after the plan was made', () => {
  it('is a conflict and writes nothing', async () => {
    const start = await truth();
    const [one, two] = live(start, 'user').filter((line) => !isSynced(line));
    const wanted = await capture();
    await change(
      { kind: 'patch', id: one!.id, properties: { city: 'A' } },
      { kind: 'patch', id: two!.id, properties: { city: 'A' } },
    );
    const made = await makePlan({ types: ['user'] }, wanted);
    await change({ kind: 'patch', id: one!.id, properties: { city: 'B' } });
    const rows = await applyPlan(harness, made.planId, { limits: quickLimits });
    expect(rows.map((row) => row.state).sort()).toEqual(['conflict', 'done']);
    const after = await truth();
    const city = (id: string): JsonValue | undefined =>
      objects(after, 'user').find((line) => line.id === id)?.properties['city'] as JsonValue;
    expect(city(one!.id)).toBe('B');
    expect(city(two!.id)).toEqual(two!.properties['city']);
  });
});
