import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rewriteIds } from '../../shared/compare/rewrite-ids.ts';
import { type RestoreHarness, Stopped, startHarness } from './restore-harness.ts';
import {
  currentIds,
  deletions,
  isMailOnly,
  isSynced,
  live,
  lost,
  restoreAfter,
  truth,
  useHarness,
} from './restore-scenario.ts';

let harness: RestoreHarness;
beforeAll(async () => {
  harness = await startHarness(120, 24);
  useHarness(harness);
});
afterAll(async () => {
  await harness.close();
});

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
      .map((row) => [row.no, row.state, row.result]);
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
  it.each([
    'step.beforeStarted',
    'step.afterStarted',
    'step.afterWrite',
    'step.afterWritten',
    'step.beforeDone',
  ])('goes on from its rows: %s, again and again', async (name) => {
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
  });
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

  it('is whole although reads lag behind and calls are throttled', async () => {
    const start = await truth();
    const users = live(start, 'user')
      .filter((line) => !isSynced(line))
      .slice(30, 36);
    const groups = live(start, 'group')
      .filter((line) => !isSynced(line) && !isMailOnly(line))
      .slice(9, 11);
    const { control } = harness.simulator;
    const lag = async (maximum: number): Promise<void> => {
      await control.settings(harness.tenantId, { readLagMilliseconds: { minimum: 0, maximum } });
    };
    await control.faults({
      name: 'throttled',
      when: { every: 9 },
      fault: { kind: 'throttle', retryAfter: 'integer', seconds: 1 },
    });
    await lag(2_500);
    const { before, after, rows, again } = await restoreAfter(deletions([...users, ...groups]));
    await lag(0);
    const others = rows.filter((row) => row.state !== 'done');
    expect(others.map((row) => [row.state, row.result])).toEqual([]);
    expect(lost(before, after, await currentIds())).toEqual([]);
    expect(live(after, 'user')).toHaveLength(live(before, 'user').length);
    expect(again.steps).toEqual([]);
  });
});
