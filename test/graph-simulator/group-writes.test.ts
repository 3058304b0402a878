// Creating, changing, deleting groups, their members and owners; administrative units.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { problem, type SimulatedTenant, startTenant } from './support/simulated-tenant.ts';

let tenant: SimulatedTenant;
const people: string[] = [];

beforeAll(async () => {
  tenant = await startTenant();
  for (let number = 0; number < 45; number += 1) {
    people.push(await tenant.addUser(`person${number}`));
  }
});
afterAll(() => tenant.stop());

const security = (name: string) => ({
  displayName: name,
  mailEnabled: false,
  mailNickname: name,
  securityEnabled: true,
});
const unified = (name: string) => ({
  displayName: name,
  groupTypes: ['Unified'],
  mailEnabled: true,
  mailNickname: name,
  securityEnabled: false,
});
const bind = (ids: readonly string[]) => ids.map((id) => tenant.reference(id)['@odata.id']);

async function create(body: object): Promise<string> {
  const answer = await tenant.post('/groups', body);
  expect(problem(answer)).toBe('201 undefined: undefined');
  return String(answer.body['id']);
}

async function members(group: string): Promise<unknown[]> {
  return (await tenant.readAll(`/groups/${group}/members?$select=id`)).rows.map((row) => row.id);
}

test('a security, a Microsoft 365 and a dynamic group can be created', async () => {
  await create(security('plain'));
  const id = await create(unified('office'));
  const { body } = await tenant.get(`/groups/${id}`);
  expect(body).toMatchObject({
    mail: 'office@contoso.onmicrosoft.com',
    proxyAddresses: ['SMTP:office@contoso.onmicrosoft.com'],
    visibility: 'Public',
    deletedDateTime: null,
  });
  await create({
    ...security('ruled'),
    groupTypes: ['DynamicMembership'],
    membershipRule: 'user.city -eq "Oslo"',
    membershipRuleProcessingState: 'Paused',
  });
});

const refusedGroups: readonly (readonly [string, object, string])[] = [
  ['without alias', { mailNickname: undefined }, 'Property: mailNickname'],
  ['with a space in the alias', { mailNickname: 'a b' }, "property 'mailNickname'"],
  ['that is mail-enabled but not Microsoft 365', { mailEnabled: true }, 'mail-enabled security'],
  ['that is neither mail- nor security-enabled', { securityEnabled: false }, 'must be either'],
  ['with a rule but not dynamic', { membershipRule: 'true' }, 'must be set together'],
  ['dynamic without a rule', { groupTypes: ['DynamicMembership'] }, 'must be set together'],
  ['of an unknown kind', { groupTypes: ['Team'] }, "property 'groupTypes'"],
  ['with a mail address', { mail: 'a@contoso.example' }, 'read-only'],
  ['hidden but not Microsoft 365', { visibility: 'HiddenMembership' }, 'HiddenMembership'],
];

test.each(refusedGroups)('a group %s is refused', async (_title, change, text) => {
  const answer = await tenant.post('/groups', { ...security('refused'), ...change });
  expect(problem(answer)).toContain('400 Request_BadRequest');
  expect(problem(answer)).toContain(text);
});

test('up to 20 members and owners together may come with a create, 21 create nothing', async () => {
  const body = {
    ...security('bound'),
    'members@odata.bind': bind(people.slice(0, 15)),
    'owners@odata.bind': bind(people.slice(0, 5)),
  };
  const group = await create(body);
  expect(await members(group)).toHaveLength(15);
  const before = tenant.state.log.sequence;
  const tooMany = { ...body, 'owners@odata.bind': bind(people.slice(0, 6)) };
  expect((await tenant.post('/groups', tooMany)).status).toBe(400);
  expect(tenant.state.log.sequence).toBe(before);
});

test('20 members per patch, all or nothing, and a duplicate refuses the whole', async () => {
  const group = await create(security('patched'));
  const patch = (ids: readonly string[]) =>
    tenant.patch(`/groups/${group}`, { 'members@odata.bind': bind(ids) });
  expect((await patch(people.slice(0, 20))).status).toBe(204);
  expect((await patch(people.slice(20, 41))).status).toBe(400);
  expect(problem(await patch([String(people[30]), String(people[5])]))).toBe(
    "400 Request_BadRequest: One or more added object references already exist for the following modified properties: 'members'.",
  );
  expect((await patch([String(people[31]), String(people[31])])).status).toBe(400);
  expect((await patch([String(people[31]), people[0]?.replace(/^./, '0') ?? ''])).status).toBe(404);
  expect(await members(group)).toHaveLength(20);
});

test('a member is added and removed by reference; repeating either is refused', async () => {
  const group = await create(security('single'));
  const id = String(people[0]);
  const add = () => tenant.post(`/groups/${group}/members/$ref`, tenant.reference(id));
  const drop = () => tenant.remove(`/groups/${group}/members/${id}/$ref`);
  expect((await add()).status).toBe(204);
  expect(problem(await add())).toContain('already exist');
  expect((await drop()).status).toBe(204);
  expect(problem(await drop())).toContain('404 Request_ResourceNotFound');
});

test('the last owner cannot be removed', async () => {
  const group = await create({
    ...security('owned'),
    'owners@odata.bind': bind(people.slice(0, 2)),
  });
  const drop = (id: string | undefined) => tenant.remove(`/groups/${group}/owners/${id}/$ref`);
  expect((await drop(people[0])).status).toBe(204);
  expect(problem(await drop(people[1]))).toContain('must have at least one owner');
});

test('members of dynamic groups, and groups in Microsoft 365 groups, are refused', async () => {
  const ruled = await tenant.addGroup('dynamic', [], { groupTypes: ['DynamicMembership'] });
  const post = (group: string, id: string) =>
    tenant.post(`/groups/${group}/members/$ref`, tenant.reference(id));
  expect((await post(ruled, String(people[0]))).status).toBe(400);
  const office = await create(unified('nest'));
  const plain = await create(security('egg'));
  expect((await post(office, plain)).status).toBe(400);
  expect((await post(plain, office)).status).toBe(204);
  expect((await post(plain, plain)).status).toBe(400);
});

test('role-assignable is set at create, needs its permission and never changes', async () => {
  const group = await create({ ...security('admins'), isAssignableToRole: true });
  const fixed = await tenant.patch(`/groups/${group}`, { isAssignableToRole: false });
  expect(problem(fixed)).toContain("'isAssignableToRole' is read-only");
  const small = await tenant.add();
  await tenant.control.changeRegistration(small.tenantId, {
    kind: 'revoke',
    appId: 'aaaaaaaa-0000-4000-8000-000000000002',
    permission: 'RoleManagement.ReadWrite.Directory',
    existing: 'withoutPermission',
  });
  const body = { ...security('admins'), isAssignableToRole: true };
  expect((await small.post('/groups', body)).status).toBe(403);
  const made = await small.addGroup('made', [], { isAssignableToRole: true });
  const user = await small.addUser('somebody');
  const added = await small.post(`/groups/${made}/members/$ref`, small.reference(user));
  expect(added.status).toBe(403);
});

test('the alias of a Microsoft 365 group stays taken while the group is in the bin', async () => {
  const id = await create(unified('alias'));
  expect((await tenant.post('/groups', unified('ALIAS'))).status).toBe(400);
  await tenant.remove(`/groups/${id}`);
  expect(problem(await tenant.post('/groups', unified('alias')))).toContain('mailNickname');
  await tenant.change({ kind: 'purge', id });
  await create(unified('alias'));
  await create(security('sec'));
  await create(security('sec'));
});

test('uniqueName finds a group and is unique', async () => {
  const id = await create({ ...security('named'), uniqueName: 'one-name' });
  expect((await tenant.get("/groups(uniqueName='one-name')")).body['id']).toBe(id);
  const again = await tenant.post('/groups', { ...security('x'), uniqueName: 'One-Name' });
  expect(problem(again)).toContain('uniqueName');
});

test('PATCH by uniqueName with create-if-missing makes a group once and then changes it', async () => {
  const upsert = (headers: Record<string, string>) =>
    tenant.call("/groups(uniqueName='upserted')", {
      method: 'PATCH',
      body: security('upserted'),
      headers,
    });
  expect((await upsert({})).status).toBe(404);
  const made = await upsert({ prefer: 'create-if-missing' });
  expect([made.status, made.body['uniqueName']]).toEqual([201, 'upserted']);
  expect((await upsert({ prefer: 'create-if-missing' })).status).toBe(204);
});

test('a restored group keeps its members and owners; by switch security groups are gone at once', async () => {
  const id = await create({ ...security('kept'), 'members@odata.bind': bind(people.slice(0, 3)) });
  await tenant.remove(`/groups/${id}`);
  expect((await tenant.get(`/groups/${id}/members`)).status).toBe(404);
  const restored = await tenant.call(`/directory/deletedItems/${id}/restore`, { method: 'POST' });
  expect(restored.status).toBe(200);
  expect(await members(id)).toHaveLength(3);
  const synced = await tenant.addGroup('synced', [], { onPremisesSyncEnabled: true });
  await tenant.remove(`/groups/${synced}`);
  expect((await tenant.get(`/directory/deletedItems/${synced}`)).status).toBe(404);
});

test('an administrative unit: create, members, scoped roles, delete, restore', async () => {
  const created = await tenant.post('/directory/administrativeUnits', { displayName: 'north' });
  expect(created.status).toBe(201);
  const unit = String(created.body['id']);
  const path = `/directory/administrativeUnits/${unit}`;
  const member = tenant.reference(String(people[0]));
  expect((await tenant.post(`${path}/members/$ref`, member)).status).toBe(204);
  expect(problem(await tenant.post(`${path}/members/$ref`, member))).toContain('already exist');
  const [role] = await tenant.change({
    kind: 'create',
    type: 'directoryRole',
    properties: { displayName: 'Helpdesk', roleTemplateId: people[9] ?? '' },
  });
  const scoped = { roleId: role, roleMemberInfo: { id: people[1] } };
  const added = await tenant.post(`${path}/scopedRoleMembers`, scoped);
  expect(added.body).toMatchObject({
    roleId: role,
    administrativeUnitId: unit,
    roleMemberInfo: { id: people[1], displayName: 'person1' },
  });
  expect((await tenant.post(`${path}/scopedRoleMembers`, scoped)).status).toBe(400);
  const unknownRole = { ...scoped, roleId: people[3] };
  expect((await tenant.post(`${path}/scopedRoleMembers`, unknownRole)).status).toBe(404);
  expect((await tenant.readAll(`${path}/scopedRoleMembers`)).rows).toHaveLength(1);
  await tenant.remove(path);
  expect((await tenant.get(path)).status).toBe(404);
  await tenant.call(`/directory/deletedItems/${unit}/restore`, { method: 'POST' });
  const [only] = (await tenant.readAll(`${path}/scopedRoleMembers`)).rows;
  expect((await tenant.remove(`${path}/scopedRoleMembers/${only?.id}`)).status).toBe(204);
  expect((await tenant.readAll(`${path}/scopedRoleMembers`)).rows).toEqual([]);
});

test('members of a restricted unit refuse writes from outside it', async () => {
  const id = await tenant.addUser('guarded');
  const body = { displayName: 'restricted', isMemberManagementRestricted: true };
  const unit = String((await tenant.post('/directory/administrativeUnits', body)).body['id']);
  expect((await tenant.patch(`/users/${id}`, { city: 'Oslo' })).status).toBe(204);
  await tenant.link('members', unit, id);
  expect(problem(await tenant.patch(`/users/${id}`, { city: 'Bern' }))).toContain(
    'restricted management administrative unit',
  );
  expect((await tenant.remove(`/users/${id}`)).status).toBe(403);
});
