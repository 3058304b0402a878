// Relations read from both ends, casts, expansion, hidden members, getByIds.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type SimulatedTenant, startTenant } from './support/simulated-tenant.ts';

let tenant: SimulatedTenant;

beforeAll(async () => {
  tenant = await startTenant({ seed: { users: 250, groups: 20, nasty: false } });
});
afterAll(() => tenant.stop());

const eventual = { consistencylevel: 'eventual' };

async function lettered(): Promise<{ tenant: SimulatedTenant; ids: string[] }> {
  const small = await tenant.add();
  const ids: string[] = [];
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
    ids.push(await small.addUser(name));
  }
  return { tenant: small, ids };
}

const names = (rows: readonly object[]): unknown[] =>
  rows.map((row): unknown => Reflect.get(row, 'displayName'));

test('$expand of members stops at 20 without a sign, the list of members has all', async () => {
  const small = await tenant.add();
  const members: string[] = [];
  for (let number = 0; number < 23; number += 1) {
    members.push(await small.addUser(`member${number}`));
  }
  const group = await small.addGroup('large', members);
  const { body } = await small.get('/groups?$select=id&$expand=members($select=id)');
  const [row] = body['value'] as unknown as Record<string, object[]>[];
  expect(row?.['members']).toHaveLength(20);
  expect(Object.keys(row ?? {})).toEqual(['id', 'members']);
  expect((await small.readAll(`/groups/${group}/members?$select=id`)).rows).toHaveLength(23);
  expect((await small.get(`/groups/${group}/members/$count`, eventual)).text).toBe('23');
});

test('an expanded manager is left out when there is none, or null by switch', async () => {
  const { tenant: small } = await lettered();
  const path = '/users?$select=id&$expand=manager($select=id)&$top=1';
  const read = async () => ((await small.get(path)).body['value'] as unknown as object[])[0];
  expect(await read()).not.toHaveProperty('manager');
  await tenant.control.settings(small.tenantId, { emptyExpandedManager: 'null' });
  expect(await read()).toHaveProperty('manager', null);
});

test('members in the recycle bin are not in member lists, counts and expansions', async () => {
  const { tenant: small, ids } = await lettered();
  const group = await small.addGroup('with a deleted member', ids.slice(0, 3));
  await small.change({ kind: 'delete', id: String(ids[1]) });
  expect(names((await small.readAll(`/groups/${group}/members`)).rows)).toEqual(['a', 'c']);
  expect((await small.get(`/groups/${group}/members/$count`, eventual)).text).toBe('2');
  const { body } = await small.get(`/groups/${group}?$expand=members($select=displayName)`);
  expect(names(body['members'] as unknown as object[])).toEqual(['a', 'c']);
});

test('lists of mixed types carry @odata.type, casts to one type do not', async () => {
  const { tenant: small, ids } = await lettered();
  const inner = await small.addGroup('inner');
  const group = await small.addGroup('outer', [String(ids[0]), inner]);
  const mixed = (await small.readAll(`/groups/${group}/members?$select=id,displayName`)).rows;
  expect(mixed.map((row) => row['@odata.type'])).toEqual([
    '#microsoft.graph.user',
    '#microsoft.graph.group',
  ]);
  const cast = (await small.readAll(`/groups/${group}/members/microsoft.graph.user`)).rows;
  expect([cast.length, cast[0]?.['@odata.type']]).toEqual([1, undefined]);
});

test('memberOf names groups and units, and a cast filters them', async () => {
  const { tenant: small, ids } = await lettered();
  const group = await small.addGroup('club', ids.slice(0, 2));
  const [unit] = await small.change({
    kind: 'create',
    type: 'administrativeUnit',
    properties: { displayName: 'north' },
  });
  await small.link('members', String(unit), String(ids[0]));
  const of = async (path: string) =>
    (await small.readAll(`/users/${ids[0]}/memberOf${path}`)).rows.map((row) => row.id);
  expect(await of('')).toEqual([group, unit]);
  expect(await of('/microsoft.graph.group?$select=id')).toEqual([group]);
  await small.change({ kind: 'delete', id: group });
  expect(await of('')).toEqual([unit]);
});

test('hidden members need a permission of their own', async () => {
  const { tenant: small, ids } = await lettered();
  const group = await small.addGroup('secret', ids, {
    groupTypes: ['Unified'],
    visibility: 'HiddenMembership',
  });
  expect((await small.get(`/groups/${group}/members`)).status).toBe(200);
  await tenant.control.changeRegistration(small.tenantId, {
    kind: 'revoke',
    appId: 'aaaaaaaa-0000-4000-8000-000000000001',
    permission: 'Member.Read.Hidden',
    existing: 'withoutPermission',
  });
  expect((await small.get(`/groups/${group}/members`)).status).toBe(403);
  const { body } = await small.get(`/groups/${group}?$select=id&$expand=members`);
  expect(body['members']).toEqual([]);
});

test('custom security attributes come only when selected and permitted, else silently not', async () => {
  const small = await tenant.add();
  const attributes = {
    Engineering: { '@odata.type': '#x', Project: 'Baker' },
  };
  const id = await small.addUser('attributed', { customSecurityAttributes: attributes });
  const path = `/users/${id}?$select=id,customSecurityAttributes`;
  expect((await small.get(path)).body['customSecurityAttributes']).toEqual(attributes);
  expect((await small.get(`/users/${id}`)).body).not.toHaveProperty('customSecurityAttributes');
  await tenant.control.changeRegistration(small.tenantId, {
    kind: 'revoke',
    appId: 'aaaaaaaa-0000-4000-8000-000000000001',
    permission: 'CustomSecAttributeAssignment.Read.All',
    existing: 'withoutPermission',
  });
  const without = await small.get(path);
  expect([without.status, Object.keys(without.body)]).toEqual([200, ['@odata.context', 'id']]);
});

test('getByIds takes 1,000 ids, leaves out what it does not find, and honours types', async () => {
  const { tenant: small, ids } = await lettered();
  const group = await small.addGroup('one');
  await small.change({ kind: 'delete', id: String(ids[5]) });
  const post = async (body: object, query = '') =>
    small.call(`/directoryObjects/getByIds${query}`, { method: 'POST', body });
  const unknown = '12345678-0000-4000-8000-000000000000';
  const found = (answer: { body: object }) =>
    (Reflect.get(answer.body, 'value') as { id: string }[]).map(({ id }) => id).sort();
  expect(found(await post({ ids: [ids[0], ids[5], group, unknown] }))).toEqual(
    [String(ids[0]), group].sort(),
  );
  expect(found(await post({ ids: [ids[0], group], types: ['group'] }))).toEqual([group]);
  const many = Array.from({ length: 1_001 }, () => unknown);
  expect((await post({ ids: many })).status).toBe(400);
  expect((await post({ ids: many.slice(1) })).status).toBe(200);
  expect((await post({ ids: ['not-a-guid'] })).status).toBe(400);
});

test('links can be read from their other end: reports, owned objects, unit roles', async () => {
  const { tenant: small, ids } = await lettered();
  const [boss, worker, owner] = [String(ids[0]), String(ids[1]), String(ids[2])];
  const group = await small.addGroup('owned');
  await small.link('manager', worker, boss);
  await small.link('owners', group, owner);
  const of = async (path: string) =>
    (await small.readAll(`/users/${path}`)).rows.map((row) => row.id);
  expect(await of(`${boss}/directReports?$select=id`)).toEqual([worker]);
  expect(await of(`${owner}/ownedObjects`)).toEqual([group]);
  expect(await of(`${owner}/ownedObjects/microsoft.graph.group`)).toEqual([group]);
  await small.change({ kind: 'delete', id: worker });
  expect(await of(`${boss}/directReports`)).toEqual([]);
  expect(await of(`${boss}/scopedRoleMemberOf`)).toEqual([]);
});

test('members of members are found once, circles included', async () => {
  const { tenant: small, ids } = await lettered();
  const inner = await small.addGroup('inner', ids.slice(0, 2));
  const outer = await small.addGroup('outer', [inner, String(ids[0])]);
  await small.link('members', inner, outer);
  const of = async (path: string) => (await small.readAll(path)).rows.map((row) => row.id);
  expect(new Set(await of(`/groups/${outer}/transitiveMembers?$select=id`))).toEqual(
    new Set([inner, outer, ...ids.slice(0, 2)]),
  );
  expect(await of(`/users/${ids[1]}/transitiveMemberOf`)).toEqual([inner, outer]);
});
