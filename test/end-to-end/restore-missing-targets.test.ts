import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AdminChange } from '../../local/graph-simulator/control/client.ts';
import { applyPlan, quickLimits, type RestoreHarness, startHarness } from './restore-harness.ts';
import {
  capture,
  change,
  isDynamic,
  isMailOnly,
  isSynced,
  live,
  makePlan,
  type ObjectLine,
  truth,
  useHarness,
} from './restore-scenario.ts';

let harness: RestoreHarness;
beforeAll(async () => {
  harness = await startHarness(60, 12);
  useHarness(harness);
});
afterAll(async () => {
  await harness.close();
});

const limits = { ...quickLimits, lagMs: 1_000, freshMs: 3_000, searchMs: 500 };
const members = 24;

/** An assigned group and users, all of them its members. */
async function groupOf(first: number): Promise<{ group: ObjectLine; users: ObjectLine[] }> {
  const lines = await truth();
  const group = live(lines, 'group').find(
    (line) => !isSynced(line) && !isMailOnly(line) && !isDynamic(line),
  )!;
  const users = live(lines, 'user')
    .filter((line) => !isSynced(line))
    .slice(first, first + members);
  const there = await membersOf(group.id);
  const missing = users.filter(({ id }) => !there.has(id));
  await change(...missing.map(({ id }) => link('addLink', group.id, id)));
  return { group, users };
}

const link = (kind: 'addLink' | 'removeLink', source: string, target: string): AdminChange => ({
  kind,
  relationship: 'members',
  source,
  target,
});

async function membersOf(groupId: string): Promise<Set<string>> {
  const lines = await truth();
  return new Set(
    lines.flatMap((line) =>
      line.kind === 'link' &&
      line.live &&
      line.relationship === 'members' &&
      line.source === groupId
        ? [line.target]
        : [],
    ),
  );
}

const outcomes = (rows: Awaited<ReturnType<typeof applyPlan>>, kind: string) =>
  rows
    .filter((row) => (JSON.parse(row.document) as { kind: string }).kind === kind)
    .map((row) => ({ state: row.state, result: JSON.parse(row.result ?? '{}') as unknown }));

describe('members that a group has lost', () => {
  it('come back although one of them is purged between plan and restore', async () => {
    const { group, users } = await groupOf(0);
    const wanted = await capture();
    await change(...users.map(({ id }) => link('removeLink', group.id, id)));
    const made = await makePlan({ objects: [{ type: 'group', id: group.id }] }, wanted);
    const [gone, ...others] = users;
    await change({ kind: 'delete', id: gone!.id }, { kind: 'purge', id: gone!.id });
    const rows = await applyPlan(harness, made.planId, { limits });
    expect(await membersOf(group.id)).toEqual(
      expect.toSatisfy((ids: Set<string>) => others.every(({ id }) => ids.has(id))),
    );
    expect(outcomes(rows, 'addLinks')).toContainEqual({
      state: 'pending',
      result: { missing: [gone!.id], cause: 'targetsThatDoNotExist' },
    });
  });

  it('come back although one of them cannot be created, because its name is taken', async () => {
    const { group, users } = await groupOf(1);
    const wanted = await capture();
    const [taken, ...others] = users;
    await change(
      ...users.map(({ id }) => link('removeLink', group.id, id)),
      { kind: 'delete', id: taken!.id },
      { kind: 'purge', id: taken!.id },
    );
    const made = await makePlan(
      { objects: [taken!, group].map(({ type, id }) => ({ type, id })) },
      wanted,
    );
    const { userPrincipalName, mailNickname } = taken!.properties;
    await change({
      kind: 'create',
      type: 'user',
      properties: { displayName: 'Another', userPrincipalName, mailNickname, accountEnabled: true },
    } as AdminChange);
    const rows = await applyPlan(harness, made.planId, { limits });
    expect(outcomes(rows, 'create')).toMatchObject([{ state: 'conflict' }]);
    const now = await membersOf(group.id);
    expect(others.filter(({ id }) => !now.has(id))).toEqual([]);
    expect(outcomes(rows, 'addLinks')).toContainEqual({
      state: 'pending',
      result: { missing: [taken!.id], cause: 'targetsThatDoNotExist' },
    });
  });
});
