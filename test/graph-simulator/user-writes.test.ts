// Creating, changing, deleting and restoring users.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { problem, type SimulatedTenant, startTenant } from './support/simulated-tenant.ts';

let tenant: SimulatedTenant;

beforeAll(async () => {
  tenant = await startTenant();
});
afterAll(() => tenant.stop());

const password = 'Sunny-Day-77';
const valid = (name: string) => ({
  accountEnabled: true,
  displayName: name,
  mailNickname: name,
  userPrincipalName: `${name}@contoso.example`,
  passwordProfile: { password, forceChangePasswordNextSignIn: true },
});

async function create(name: string, more: object = {}): Promise<string> {
  const answer = await tenant.post('/users', { ...valid(name), ...more });
  expect(problem(answer)).toBe('201 undefined: undefined');
  return String(answer.body['id']);
}

test('a created user has a new id, the default set as answer, and can be read', async () => {
  const answer = await tenant.post('/users', { ...valid('new'), city: 'Oslo' });
  expect(answer.status).toBe(201);
  expect(Object.keys(answer.body)).toHaveLength(12);
  const path = `/users/${String(answer.body['id'])}?$select=city,userType,createdDateTime`;
  expect((await tenant.get(path)).body).toMatchObject({ city: 'Oslo', userType: 'Member' });
  expect((await tenant.get('/users/new@contoso.example')).body['id']).toBe(answer.body['id']);
});

test('a password is never returned, kept in the truth or written to the ledger', async () => {
  const id = await create('secretive');
  await tenant.patch(`/users/${id}`, { passwordProfile: { password: 'Rainy-Day-88' } });
  const read = await tenant.get(`/users/${id}?$select=id,passwordProfile`);
  expect(read.body['passwordProfile']).toBeNull();
  const truth = JSON.stringify(await tenant.truth());
  const ledger = JSON.stringify(await tenant.control.ledger({ method: 'POST' }));
  for (const secret of [password, 'Rainy-Day-88']) {
    expect(truth).not.toContain(secret);
    expect(ledger).not.toContain(secret);
  }
  expect(ledger).toContain('"passwordProfile"');
});

const refusedUsers: readonly (readonly [string, object, string])[] = [
  ['without display name', { displayName: undefined }, 'Property: displayName'],
  ['without password', { passwordProfile: undefined }, 'Property: passwordProfile'],
  ['with a weak password', { passwordProfile: { password: 'short' } }, 'password complexity'],
  ['in a domain of somebody else', { userPrincipalName: 'a@other.example' }, 'verified domain'],
  ['with an unknown property', { shoeSize: 44 }, "The property 'shoeSize' does not exist"],
  ['with a read-only property', { createdDateTime: '2020-01-01T00:00:00Z' }, 'read-only'],
  ['with licences', { assignedLicenses: [] }, "'assignedLicenses' is read-only"],
  [
    'with a number as name',
    { displayName: 5 },
    "Invalid value specified for property 'displayName'",
  ],
  ['with a text as list', { businessPhones: '+1' }, "property 'businessPhones'"],
  ['with an unknown inner property', { employeeOrgData: { floor: 1 } }, "'floor' does not exist"],
  ['with a name of 257 letters', { displayName: 'x'.repeat(257) }, "property 'displayName'"],
];

test.each(refusedUsers)('a user %s is refused and nothing created', async (_t, change, text) => {
  const before = tenant.state.log.sequence;
  const answer = await tenant.post('/users', { ...valid('refused'), ...change });
  expect(problem(answer)).toContain('400 Request_BadRequest');
  expect(problem(answer)).toContain(text);
  expect(tenant.state.log.sequence).toBe(before);
});

test('a principal name is unique without regard to case; a repeated POST says so', async () => {
  await create('taken');
  const again = await tenant.post('/users', { ...valid('TAKEN') });
  expect(problem(again)).toBe(
    '400 Request_BadRequest: Another object with the same value for property userPrincipalName already exists.',
  );
  const id = await create('other');
  const renamed = await tenant.patch(`/users/${id}`, {
    userPrincipalName: 'taken@contoso.example',
  });
  expect(renamed.status).toBe(400);
});

test('a patch changes what it names, answers 204 without a body, and null clears', async () => {
  const id = await create('patched', { city: 'Oslo', jobTitle: 'Lead' });
  const answer = await tenant.patch(`/users/${id}`, { city: null });
  expect([answer.status, answer.text]).toEqual([204, '']);
  const { body } = await tenant.get(`/users/${id}?$select=city,jobTitle`);
  expect(body).toMatchObject({ city: null, jobTitle: 'Lead' });
  expect((await tenant.patch(`/users/${id}`, { displayName: null })).status).toBe(400);
  expect((await tenant.patch(`/users/${id}`, { id: 'x' })).status).toBe(400);
});

test('attributes of a synced user belong to the on-premises directory', async () => {
  const id = await tenant.addUser('synced', { onPremisesSyncEnabled: true });
  const answer = await tenant.patch(`/users/${id}`, { jobTitle: 'Lead' });
  expect(problem(answer)).toContain('on-premises mastered Directory Sync objects');
  expect((await tenant.patch(`/users/${id}`, { usageLocation: 'NO' })).status).toBe(204);
});

test('custom security attributes are merged, and need their own write permission', async () => {
  const id = await create('attributed');
  const write = (body: object) =>
    tenant.patch(`/users/${id}`, { customSecurityAttributes: { Engineering: body } });
  expect((await write({ Project: 'Baker', Level: '3' })).status).toBe(204);
  expect((await write({ Level: null })).status).toBe(204);
  const path = `/users/${id}?$select=customSecurityAttributes`;
  expect((await tenant.get(path)).body['customSecurityAttributes']).toEqual({
    Engineering: { Project: 'Baker' },
  });
  await tenant.control.changeRegistration(tenant.tenantId, {
    kind: 'revoke',
    appId: 'aaaaaaaa-0000-4000-8000-000000000002',
    permission: 'CustomSecAttributeAssignment.ReadWrite.All',
    existing: 'withoutPermission',
  });
  expect((await write({ Level: '4' })).status).toBe(403);
});

test('a manager is set, replaced and taken away by reference', async () => {
  const [boss, chief, id] = [await create('boss'), await create('chief'), await create('worker')];
  const put = (reference: object) =>
    tenant.call(`/users/${id}/manager/$ref`, { method: 'PUT', body: reference });
  const manager = async () => (await tenant.get(`/users/${id}/manager`)).body['id'];
  expect((await tenant.get(`/users/${id}/manager`)).status).toBe(404);
  expect((await put(tenant.reference(boss))).status).toBe(204);
  expect(await manager()).toBe(boss);
  expect((await put(tenant.reference(chief))).status).toBe(204);
  expect(await manager()).toBe(chief);
  expect((await put({ id: boss })).status).toBe(400);
  expect((await put({ '@odata.id': boss })).status).toBe(400);
  expect((await put(tenant.reference(boss.replace(/^./, '0')))).status).toBe(404);
  expect((await tenant.remove(`/users/${id}/manager/$ref`)).status).toBe(204);
  expect((await tenant.get(`/users/${id}/manager`)).status).toBe(404);
});

test('a deleted user is in the recycle bin under a changed name and restorable with links', async () => {
  const [id, boss] = [await create('binned', { city: 'Oslo' }), await create('binnedboss')];
  const group = await tenant.addGroup('club', [id]);
  await tenant.link('manager', id, boss);
  expect((await tenant.remove(`/users/${id}`)).status).toBe(204);
  expect((await tenant.get(`/users/${id}`)).status).toBe(404);
  const bin = await tenant.readAll('/directory/deletedItems/microsoft.graph.user');
  expect(bin.rows.find((row) => row.id === id)).toMatchObject({
    deletedDateTime: expect.any(String) as string,
    userPrincipalName: `${id.replaceAll('-', '')}binned@contoso.example`,
  });
  const restored = await tenant.call(`/directory/deletedItems/${id}/restore`, { method: 'POST' });
  expect([restored.status, restored.body['@odata.type']]).toEqual([200, '#microsoft.graph.user']);
  expect((await tenant.get(`/users/${id}?$select=id,city`)).body['city']).toBe('Oslo');
  expect((await tenant.get(`/users/${id}/manager`)).body['id']).toBe(boss);
  const members = await tenant.readAll(`/groups/${group}/members`);
  expect(members.rows.map((row) => row.id)).toEqual([id]);
});

test('a user created again gets another id, and then the restore of the old one collides', async () => {
  const id = await create('twice');
  await tenant.remove(`/users/${id}`);
  const second = await create('twice');
  expect(second).not.toBe(id);
  const restore = (body?: object) =>
    tenant.call(`/directory/deletedItems/${id}/restore`, { method: 'POST', body });
  expect(problem(await restore())).toContain('property userPrincipalName already exists');
  const renamed = await restore({ newUserPrincipalName: 'twice2@contoso.example' });
  expect(renamed.body['userPrincipalName']).toBe('twice2@contoso.example');
});

test('a taken proxy address stops a restore unless it is to be reconciled', async () => {
  const id = await tenant.addUser('mailed', { proxyAddresses: ['SMTP:m@contoso.example'] });
  await tenant.remove(`/users/${id}`);
  await tenant.addUser('thief', { proxyAddresses: ['smtp:M@contoso.example'] });
  const restore = (body?: object) =>
    tenant.call(`/directory/deletedItems/${id}/restore`, { method: 'POST', body });
  expect(problem(await restore())).toContain('proxyAddresses');
  expect((await restore({ autoReconcileProxyConflict: true })).status).toBe(200);
});

test('an administrator cannot be restored or changed by an application without a role', async () => {
  const id = await create('administrator');
  await tenant.control.settings(tenant.tenantId, { privilegedObjectIds: [id] });
  expect((await tenant.patch(`/users/${id}`, { city: 'Oslo' })).status).toBe(403);
  await tenant.change({ kind: 'delete', id });
  const restored = await tenant.call(`/directory/deletedItems/${id}/restore`, { method: 'POST' });
  expect(restored.status).toBe(403);
});

test('an application cannot purge, whatever it may write', async () => {
  const id = await create('unpurged');
  await tenant.remove(`/users/${id}`);
  expect((await tenant.remove(`/directory/deletedItems/${id}`)).status).toBe(403);
  expect((await tenant.get(`/directory/deletedItems/${id}`)).status).toBe(200);
});

test('a purge between listing and restoring is a 404', async () => {
  const id = await create('purged');
  await tenant.remove(`/users/${id}`);
  await tenant.change({ kind: 'purge', id });
  const restored = await tenant.call(`/directory/deletedItems/${id}/restore`, { method: 'POST' });
  expect(problem(restored)).toContain('404 Request_ResourceNotFound');
});

test('a full directory refuses to create, and deleted objects count', async () => {
  const small = await tenant.add({ settings: { objectQuota: 2 } });
  const id = await small.addUser('one');
  await small.addUser('two');
  await small.change({ kind: 'delete', id });
  const answer = await small.post('/users', valid('three'));
  expect(problem(answer)).toContain('403 Directory_QuotaExceeded');
});
