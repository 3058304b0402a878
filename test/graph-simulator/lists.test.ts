// Lists: pages, selected properties, filters, expansion, and what happens when the tenant changes
// between two pages.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { problem, type SimulatedTenant, startTenant } from './support/simulated-tenant.ts';

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

test('without $top a page has 100 rows, with $top=999 all 250 users come at once', async () => {
  const { pages } = await tenant.readAll('/users');
  expect(pages.map((page) => page.length)).toEqual([100, 100, 50]);
  expect((await tenant.readAll('/users?$top=999&$select=id')).pages).toHaveLength(1);
});

test('with $expand a page has at most 100 rows', async () => {
  const { pages } = await tenant.readAll('/users?$top=999&$select=id&$expand=manager($select=id)');
  expect(pages.map((page) => page.length)).toEqual([100, 100, 50]);
});

test('$top of administrative units is clamped, that of groups refused', async () => {
  expect((await tenant.get('/directory/administrativeUnits?$top=5000')).status).toBe(200);
  expect((await tenant.get('/groups?$top=5000')).status).toBe(400);
});

test('the first keys are context and next link, before value', async () => {
  const answer = await tenant.get('/users?$select=id,displayName&$top=2');
  expect(Object.keys(answer.body)).toEqual(['@odata.context', '@odata.nextLink', 'value']);
  expect(answer.body['@odata.context']).toMatch(/#users\(id,displayName\)$/);
});

test('the default set of a user is 11 properties, and a tip comes unasked', async () => {
  const answer = await tenant.get('/users?$top=1');
  const [row] = answer.body['value'] as unknown as object[];
  expect(Object.keys(row ?? {})).toHaveLength(11);
  expect(answer.body).toHaveProperty(['@microsoft.graph.tips']);
});

test('selected properties that were never set come as null, unset collections as []', async () => {
  const id = await tenant.addUser('bare');
  const { body } = await tenant.get(`/users/${id}?$select=id,jobTitle,otherMails,employeeOrgData`);
  expect(body).toMatchObject({ jobTitle: null, otherMails: [], employeeOrgData: null });
  await tenant.change({ kind: 'purge', id });
});

test('an inherited property may be selected', async () => {
  const { body } = await tenant.get('/users?$select=id,deletedDateTime&$top=1');
  expect(body['value']).toEqual([{ id: expect.any(String) as string, deletedDateTime: null }]);
});

test('a row renamed to behind the border is skipped, one renamed to before it is doubled', async () => {
  const { tenant: small, ids } = await lettered();
  await tenant.control.addPageHook({
    tenantId: small.tenantId,
    path: '/users',
    page: 2,
    changes: [
      { kind: 'rename', id: String(ids[4]), displayName: 'a1' },
      { kind: 'rename', id: String(ids[0]), displayName: 'x' },
    ],
  });
  const { pages } = await small.readAll('/users?$top=2&$select=id,displayName');
  expect(pages.map(names)).toEqual([
    ['a', 'b'],
    ['c', 'd'],
    ['f', 'x'],
  ]);
  const seen = pages.flat().map((row) => row.id);
  expect(seen.filter((id) => id === ids[0])).toHaveLength(2);
  expect(seen).not.toContain(ids[4]);
  expect(await tenant.control.pendingPageHooks()).toEqual([]);
});

test('an object created or deleted between pages appears or disappears by its place', async () => {
  const { tenant: small, ids } = await lettered();
  await tenant.control.addPageHook({
    tenantId: small.tenantId,
    path: '/users',
    page: 2,
    changes: [
      { kind: 'delete', id: String(ids[3]) },
      { kind: 'create', type: 'user', properties: { displayName: 'a2' } },
      { kind: 'create', type: 'user', properties: { displayName: 'c2' } },
    ],
  });
  const { rows } = await small.readAll('/users?$top=2&$select=displayName');
  expect(names(rows)).toEqual(['a', 'b', 'c', 'c2', 'e', 'f']);
});

test('a skip token works only with the query it was made for', async () => {
  const { tenant: small } = await lettered();
  const { body } = await small.get('/users?$top=2&$select=displayName');
  const link = String(body['@odata.nextLink']);
  expect((await small.get(link)).status).toBe(200);
  expect(problem(await small.get(link.replace('$top=2', '$top=3')))).toMatch(
    /^400 DirectoryPageTokenNotFoundException/,
  );
  expect((await small.get(link.replace('/users', '/groups'))).status).toBe(400);
  expect((await small.get(`${link.slice(0, -4)}AAAA`)).status).toBe(400);
  expect((await tenant.get(link)).status).toBe(400);
});

test('a skip token with its parameters in another order still works', async () => {
  const { tenant: small } = await lettered();
  const { body } = await small.get('/users?$top=2&$select=displayName');
  const url = new URL(String(body['@odata.nextLink']));
  const parts = url.search.slice(1).split('&').reverse().join('&');
  expect((await small.get(`${url.origin}${url.pathname}?${parts}`)).status).toBe(200);
});

test('a skip token goes stale after half an hour', async () => {
  const { tenant: small } = await lettered();
  const { body } = await small.get('/users?$top=2');
  await tenant.control.clock({ kind: 'advance', milliseconds: 31 * 60 * 1000 });
  expect(problem(await small.get(String(body['@odata.nextLink'])))).toMatch(
    /^400 Directory_ExpiredPageToken/,
  );
  await tenant.control.clock({ kind: 'real' });
});

test('$count is silently ignored without the header and stands on page 1 only with it', async () => {
  expect((await tenant.get('/users?$count=true&$top=5')).body).not.toHaveProperty(['@odata.count']);
  const first = await tenant.get('/users?$count=true&$top=5', eventual);
  expect(first.body['@odata.count']).toBe(250);
  const link = String(first.body['@odata.nextLink']);
  expect((await tenant.get(link, eventual)).body).not.toHaveProperty(['@odata.count']);
});

test('page 2 of an advanced query without the header is refused', async () => {
  const first = await tenant.get('/users?$count=true&$top=5', eventual);
  const second = await tenant.get(String(first.body['@odata.nextLink']));
  expect(problem(second)).toMatch(/^400 Request_UnsupportedQuery/);
});

test('/$count answers a plain number with the header', async () => {
  const answer = await tenant.get('/users/$count', eventual);
  expect([answer.text, answer.headers['content-type']]).toEqual(['250', 'text/plain']);
});

test('filters compare without case, and know eq, in, startswith, and, or, parentheses', async () => {
  const { tenant: small, ids } = await lettered();
  const find = async (filter: string) =>
    names((await small.readAll(`/users?$filter=${encodeURIComponent(filter)}`)).rows);
  expect(await find("userPrincipalName eq 'B@CONTOSO.EXAMPLE'")).toEqual(['b']);
  expect(await find(`id in ('${ids[0]}','${ids[2]}')`)).toEqual(['a', 'c']);
  expect(await find("startswith(displayName,'D') or displayName eq 'f'")).toEqual(['d', 'f']);
  expect(await find("(displayName eq 'a' or displayName eq 'b') and mailNickname eq 'b'")).toEqual([
    'b',
  ]);
  expect(await find("displayName eq 'O''Neil'")).toEqual([]);
  const values = Array.from({ length: 16 }, () => `'${ids[0]}'`).join(',');
  expect((await small.get(`/users?$filter=id in (${values})`)).status).toBe(400);
});

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
