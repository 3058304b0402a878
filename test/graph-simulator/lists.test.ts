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
