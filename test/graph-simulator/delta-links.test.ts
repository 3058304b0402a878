// Links in change rounds: members, owners, managers, and targets in the recycle bin.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dropped, groupPath, target, tracked, userPath } from './support/delta-rounds.ts';
import { type Row, type SimulatedTenant, startTenant } from './support/simulated-tenant.ts';

let tenant: SimulatedTenant;

beforeAll(async () => {
  tenant = await startTenant();
});
afterAll(() => tenant.stop());

test('a soft-deleted member is silent in the groups round until it is purged', async () => {
  const { tenant: small, link } = await tracked(tenant, groupPath);
  const user = await small.addUser('member');
  const group = await small.addGroup('team', [user]);
  const first = await small.readAll(link);
  await small.change({ kind: 'delete', id: user });
  const second = await small.readAll(first.deltaLink);
  expect(second.rows).toEqual([]);
  await small.change({ kind: 'undelete', id: user });
  const third = await small.readAll(second.deltaLink);
  expect(third.rows).toEqual([]);
  await small.change({ kind: 'delete', id: user }, { kind: 'purge', id: user });
  const fourth = await small.readAll(third.deltaLink);
  expect(fourth.rows).toEqual([
    { displayName: 'team', id: group, 'members@delta': [dropped(user)] },
  ]);
});

test('a member in the recycle bin is missing from the first groups round, or by switch not', async () => {
  const small = await tenant.add();
  const user = await small.addUser('member');
  const group = await small.addGroup('team', [user]);
  await small.change({ kind: 'delete', id: user });
  const read = async (select: string) =>
    (await small.readAll(`/groups/delta?$select=${select}`)).rows;
  expect(await read('id,members')).toEqual([{ id: group }]);
  await tenant.control.settings(small.tenantId, { deltaReportsDeletedTargets: true });
  expect(await read('members')).toEqual([{ id: group, 'members@delta': [target(user)] }]);
});

test('a group without members has no members@delta key, without $select members are tracked', async () => {
  const { tenant: small, link } = await tracked(tenant, '/groups/delta?');
  const user = await small.addUser('member');
  const empty = await small.addGroup('empty');
  const full = await small.addGroup('full', [user]);
  const { rows } = await small.readAll(link);
  const byId = new Map(rows.map((row) => [row.id, row]));
  expect(byId.get(empty)).not.toHaveProperty(['members@delta']);
  expect(byId.get(full)).toHaveProperty(['members@delta'], [target(user)]);
  expect(byId.get(full)).not.toHaveProperty(['owners@delta']);
});

test('owners and members are reported apart, removals inside carry the reason deleted', async () => {
  const { tenant: small, link } = await tracked(tenant, groupPath);
  const [one, two] = [await small.addUser('one'), await small.addUser('two')];
  const group = await small.addGroup('team', [one]);
  await small.link('owners', group, two);
  const first = await small.readAll(link);
  expect(first.rows).toEqual([
    {
      displayName: 'team',
      id: group,
      'members@delta': [target(one)],
      'owners@delta': [target(two)],
    },
  ]);
  await small.link('members', group, two);
  await small.change({ kind: 'removeLink', relationship: 'members', source: group, target: one });
  const { rows } = await small.readAll(first.deltaLink);
  expect(rows).toEqual([
    { displayName: 'team', id: group, 'members@delta': [dropped(one), target(two)] },
  ]);
});

test('a member added and removed within one round is reported by its last state', async () => {
  const { tenant: small, link } = await tracked(tenant, groupPath);
  const user = await small.addUser('brief');
  const group = await small.addGroup('team', [user]);
  const { deltaLink } = await small.readAll(link);
  const relation = { relationship: 'members', source: group, target: user } as const;
  await small.change(
    { kind: 'removeLink', ...relation },
    { kind: 'addLink', ...relation },
    { kind: 'removeLink', ...relation },
  );
  expect((await small.readAll(deltaLink)).rows).toEqual([
    { displayName: 'team', id: group, 'members@delta': [dropped(user)] },
  ]);
});

test('a large group comes on many pages with about 500 links each, others in between', async () => {
  const small = await tenant.add({ seed: { users: 6_000, groups: 40, links: 100, nasty: false } });
  const all = small.state.ordered('user').map(({ object }) => object);
  const large = await small.addGroup('a large group');
  const source = small.state.find(large);
  for (const user of all) {
    small.state.addLink('members', source as NonNullable<typeof source>, user);
  }
  const { pages } = await small.readAll('/groups/delta?$select=id,displayName,members');
  const parts = pages.map((page) => page.find((row) => row.id === large)).filter(Boolean);
  expect(parts.length).toBeGreaterThanOrEqual(12);
  const members = parts.flatMap((row) => Reflect.get(row as Row, 'members@delta') as Row[]);
  expect(new Set(members.map(({ id }) => id)).size).toBe(6_000);
  expect(new Set(parts.map((row) => row?.['displayName']))).toEqual(new Set(['a large group']));
  const between = pages.slice(1, -1).filter((page) => page.some((row) => row.id !== large));
  expect(between.length).toBeGreaterThan(0);
  for (const page of pages) {
    const links = page.flatMap((row) => (Reflect.get(row, 'members@delta') as Row[]) ?? []);
    expect(links.length).toBeLessThanOrEqual(500);
  }
});

test('a change of manager reports the old and the new one', async () => {
  const { tenant: small, link } = await tracked(tenant, userPath);
  const [boss, chief, id] = [
    await small.addUser('boss'),
    await small.addUser('chief'),
    await small.addUser('tom'),
  ];
  await small.link('manager', id, boss);
  const first = await small.readAll(link);
  expect(first.rows.find((row) => row.id === id)).toHaveProperty(['manager@delta'], [target(boss)]);
  await small.link('manager', id, chief);
  expect((await small.readAll(first.deltaLink)).rows).toEqual([
    { displayName: 'tom', id, 'manager@delta': [dropped(boss), target(chief)] },
  ]);
});

test('units track their members', async () => {
  const { tenant: small, link } = await tracked(
    tenant,
    '/directory/administrativeUnits/delta?$select=id,displayName,members',
  );
  const user = await small.addUser('member');
  const [unit] = await small.change({
    kind: 'create',
    type: 'administrativeUnit',
    properties: { displayName: 'north' },
  });
  await small.link('members', String(unit), user);
  expect((await small.readAll(link)).rows).toEqual([
    { displayName: 'north', id: unit, 'members@delta': [target(user)] },
  ]);
});

test('hidden members stay out of the groups round of a caller without the permission', async () => {
  const small = await tenant.add();
  const user = await small.addUser('member');
  await small.addGroup('hidden', [user], {
    groupTypes: ['Unified'],
    visibility: 'HiddenMembership',
  });
  await tenant.control.changeRegistration(small.tenantId, {
    kind: 'revoke',
    appId: 'aaaaaaaa-0000-4000-8000-000000000001',
    permission: 'Member.Read.Hidden',
    existing: 'withoutPermission',
  });
  const { rows } = await small.readAll(groupPath);
  expect(rows[0]).not.toHaveProperty(['members@delta']);
});
