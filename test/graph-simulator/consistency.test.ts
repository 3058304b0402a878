// Replica lag, and the situations that forced the rules of a backup: the simulator must be able to
// produce each of them.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { groupPath, removed, target, userPath } from './support/delta-rounds.ts';
import { problem, type SimulatedTenant, startTenant } from './support/simulated-tenant.ts';

let tenant: SimulatedTenant;

beforeAll(async () => {
  tenant = await startTenant();
});
afterAll(() => tenant.stop());
beforeEach(() => tenant.control.clock({ kind: 'set', milliseconds: Date.now() }));
afterEach(() => tenant.control.clock({ kind: 'real' }));

const later = (seconds: number) =>
  tenant.control.clock({ kind: 'advance', milliseconds: seconds * 1_000 });

/** Every read of this tenant is exactly so many seconds old. */
async function lagging(seconds: number): Promise<SimulatedTenant> {
  const small = await tenant.add();
  const lag = { minimum: seconds * 1_000, maximum: seconds * 1_000 };
  await tenant.control.settings(small.tenantId, { readLagMilliseconds: lag });
  return small;
}

const names = (rows: readonly object[]) =>
  rows.map((row): unknown => Reflect.get(row, 'displayName'));

test('an object is not found right after it was created, and appears later', async () => {
  const small = await lagging(30);
  const id = await small.addUser('fresh');
  expect(problem(await small.get(`/users/${id}`))).toContain('404 Request_ResourceNotFound');
  await later(31);
  expect((await small.get(`/users/${id}`)).body['id']).toBe(id);
});

test('a write may not find what was created a moment ago', async () => {
  const small = await lagging(30);
  const group = await small.addGroup('old');
  await later(31);
  const user = await small.addUser('fresh');
  const add = () => small.post(`/groups/${group}/members/$ref`, small.reference(user));
  expect((await add()).status).toBe(404);
  await later(31);
  expect((await add()).status).toBe(204);
});

test('lists, properties and links are all of the same old state', async () => {
  const small = await lagging(60);
  const [one, two] = [await small.addUser('one'), await small.addUser('two')];
  const group = await small.addGroup('team', [one]);
  await later(61);
  await small.change({ kind: 'rename', id: one, displayName: 'zoe' }, { kind: 'delete', id: two });
  await small.addUser('three');
  await small.link('members', group, await small.addUser('four'));
  expect(names((await small.readAll('/users')).rows)).toEqual(['one', 'two']);
  expect(names((await small.readAll(`/groups/${group}/members`)).rows)).toEqual(['one']);
  expect((await small.readAll('/directory/deletedItems/microsoft.graph.user')).rows).toEqual([]);
  await later(61);
  expect(names((await small.readAll('/users')).rows)).toEqual(['four', 'three', 'zoe']);
  expect(names((await small.readAll(`/groups/${group}/members`)).rows)).toEqual(['four', 'zoe']);
});

test('every request meets another replica: an object comes and goes', async () => {
  const small = await tenant.add();
  const lag = { minimum: 0, maximum: 60_000 };
  await tenant.control.settings(small.tenantId, { readLagMilliseconds: lag });
  const id = await small.addUser('flicker');
  await later(30);
  const seen = new Set<number>();
  for (let round = 0; round < 40; round += 1) {
    seen.add((await small.get(`/users/${id}`)).status);
  }
  expect(seen).toEqual(new Set([200, 404]));
});

test('R2: a list may be older than the delta token taken before it', async () => {
  const small = await lagging(60);
  const id = await small.addUser('before');
  await later(61);
  await small.change({ kind: 'rename', id, displayName: 'after' });
  const { deltaLink } = await small.readAll(`${userPath}&$deltatoken=latest`);
  expect(names((await small.readAll('/users?$select=displayName')).rows)).toEqual(['before']);
  expect((await small.readAll(deltaLink)).rows).toEqual([]);
});

test('a policy read right after its change is stale', async () => {
  const small = await lagging(5);
  const [id] = await small.change({
    kind: 'create',
    type: 'conditionalAccessPolicy',
    properties: { displayName: 'old', state: 'disabled', conditions: {} },
  });
  await later(6);
  const path = `/identity/conditionalAccess/policies/${id}`;
  await small.patch(path, {
    displayName: 'new',
    conditions: {
      users: { includeUsers: ['All'] },
      applications: { includeApplications: ['All'] },
    },
    grantControls: { operator: 'OR', builtInControls: ['mfa'] },
  });
  expect((await small.get(path)).body['displayName']).toBe('old');
  await later(6);
  expect((await small.get(path)).body['displayName']).toBe('new');
});

test('uniqueness is checked on the newest state although reads lag', async () => {
  const small = await lagging(60);
  await small.addUser('taken');
  const body = {
    accountEnabled: true,
    displayName: 'taken',
    mailNickname: 'taken',
    userPrincipalName: 'taken@contoso.example',
    passwordProfile: { password: 'Sunny-Day-77' },
  };
  expect((await small.get('/users/taken@contoso.example')).status).toBe(404);
  expect(problem(await small.post('/users', body))).toContain('userPrincipalName already exists');
});

test('H3: a member read as absent comes back with its user, and the groups round is silent', async () => {
  const small = await tenant.add();
  const user = await small.addUser('absent');
  const group = await small.addGroup('team', [user]);
  await small.change({ kind: 'delete', id: user });
  const users = await small.readAll(`${userPath}&$deltatoken=latest`);
  const groups = await small.readAll(`${groupPath}&$deltatoken=latest`);
  expect((await small.readAll(`/groups/${group}/members`)).rows).toEqual([]);
  await small.change({ kind: 'undelete', id: user });
  expect((await small.readAll(users.deltaLink)).rows).toHaveLength(1);
  expect((await small.readAll(groups.deltaLink)).rows).toEqual([]);
  const memberOf = await small.readAll(`/users/${user}/memberOf?$select=id`);
  expect(memberOf.rows.map((row) => row.id)).toEqual([group]);
});

test('H7: a group in the bin is missing from memberOf and silent about its members when restored', async () => {
  const small = await tenant.add();
  const user = await small.addUser('member');
  const group = await small.addGroup('team', [user]);
  const { deltaLink } = await small.readAll(`${groupPath}&$deltatoken=latest`);
  await small.change({ kind: 'delete', id: group });
  expect((await small.readAll(`/users/${user}/memberOf`)).rows).toEqual([]);
  const gone = await small.readAll(deltaLink);
  expect(gone.rows).toEqual([removed(group, 'changed')]);
  await small.change({ kind: 'undelete', id: group });
  const back = await small.readAll(gone.deltaLink);
  expect(back.rows).toEqual([{ displayName: 'team', id: group }]);
  expect((await small.readAll(`/groups/${group}/members`)).rows).toHaveLength(1);
  await tenant.control.settings(small.tenantId, { restoredObjectsCarryLinks: true });
  await small.change({ kind: 'delete', id: group }, { kind: 'undelete', id: group });
  const carried = await small.readAll(back.deltaLink);
  expect(carried.rows).toEqual([
    { displayName: 'team', id: group, 'members@delta': [target(user)] },
  ]);
});

test('H8: a renamed row that a listing skipped is not in its delta when nothing tracked changed', async () => {
  const small = await tenant.add();
  const ids: string[] = [];
  for (const name of ['a', 'b', 'c', 'd']) {
    ids.push(await small.addUser(name));
  }
  const start = await small.readAll('/users/delta?$select=jobTitle&$deltatoken=latest');
  await tenant.control.addPageHook({
    tenantId: small.tenantId,
    path: '/users',
    page: 2,
    changes: [{ kind: 'rename', id: String(ids[3]), displayName: 'a1' }],
  });
  const listed = await small.readAll('/users?$select=id&$top=2');
  expect(listed.rows.map((row) => row.id)).not.toContain(ids[3]);
  expect((await small.readAll(start.deltaLink)).rows).toEqual([]);
});
