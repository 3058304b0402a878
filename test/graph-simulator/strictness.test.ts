// What Graph refuses, and the shape in which it does.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { problem, type SimulatedTenant, startTenant } from './support/simulated-tenant.ts';

let tenant: SimulatedTenant;
let userId: string;

beforeAll(async () => {
  tenant = await startTenant({ seed: { users: 60, groups: 12 } });
  userId = await tenant.addUser('strict');
});
afterAll(() => tenant.stop());

const refused: readonly (readonly [string, string, string])[] = [
  ['an unknown path', '/nothing', "400 BadRequest: Resource not found for the segment 'nothing'."],
  [
    'an unknown property in $select',
    '/users?$select=id,shoeSize',
    "400 Request_BadRequest: Could not find a property named 'shoeSize' on type 'microsoft.graph.user'.",
  ],
  [
    'a property of another type',
    '/groups?$select=userPrincipalName',
    "400 Request_BadRequest: Could not find a property named 'userPrincipalName' on type 'microsoft.graph.group'.",
  ],
  [
    'an unknown query option',
    '/users?$skip=5',
    "400 Request_UnsupportedQuery: The query option '$skip' is not supported for this request.",
  ],
  [
    'an unknown relation in $expand',
    '/groups?$expand=friends',
    "400 Request_BadRequest: Could not find a property named 'friends' on type 'microsoft.graph.group'.",
  ],
  [
    'two relations in $expand',
    '/groups?$expand=members,owners',
    "400 Request_UnsupportedQuery: The expand clause 'members,owners' is not supported.",
  ],
  [
    '$top above the maximum of users',
    '/users?$top=1000',
    "400 Request_BadRequest: Invalid page size specified: '1000'. Must be between 1 and 999 inclusive.",
  ],
  [
    'a filter without advanced query support',
    "/users?$filter=displayName ne 'x'",
    "400 Request_UnsupportedQuery: Unsupported or invalid query filter clause specified for property 'displayName'.",
  ],
  [
    'a filter that is not closed',
    "/users?$filter=(displayName eq 'x'",
    "400 Request_BadRequest: Invalid filter clause: '(displayName eq 'x''.",
  ],
  [
    '$count as a segment without the header',
    '/users/$count',
    '400 Request_BadRequest: $count is not currently supported.',
  ],
  [
    'properties kept outside the directory',
    '/users?$select=id,aboutMe',
    "501 NotImplemented: The property 'aboutMe' is not available here.",
  ],
  [
    '$expand in a delta round',
    '/users/delta?$expand=manager',
    "400 Request_UnsupportedQuery: The query option '$expand' is not supported for this request.",
  ],
  [
    '$top in a delta round',
    '/groups/delta?$top=10',
    "400 Request_UnsupportedQuery: The query option '$top' is not supported for this request.",
  ],
];

test.each(refused)('%s is refused', async (_title, path, expected) => {
  expect(problem(await tenant.get(encodeURI(path)))).toBe(expected);
});

test('a known path with another method is 405', async () => {
  const answer = await tenant.call('/users', { method: 'PATCH', body: {} });
  expect(problem(answer)).toBe(
    '405 Request_BadRequest: Specified HTTP method is not allowed for the request target.',
  );
});

test('a version other than v1.0 and beta is refused, and both of these answer', async () => {
  const { origin } = tenant.simulator;
  expect((await tenant.get(`${origin}/v2.0/users`)).status).toBe(400);
  const beta = await tenant.get(`${origin}/beta/users?$top=1`);
  expect(beta.body['@odata.context']).toBe(`${origin}/beta/$metadata#users`);
});

test('errors carry request ids and the date in the body and echo the client id', async () => {
  const id = '7d2e0a4e-28ec-4a6a-9f61-2a4dfa8f2b41';
  const answer = await tenant.get('/nothing', { 'client-request-id': id });
  const { innerError } = answer.body['error'] as unknown as { innerError: object };
  expect(innerError).toEqual({
    date: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/) as string,
    'request-id': answer.headers['request-id'],
    'client-request-id': id,
  });
  expect(answer.headers['client-request-id']).toBe(id);
});

test('no token and a forged token are 401, before anything else is looked at', async () => {
  const none = await tenant.call('/nothing', { token: '' });
  expect(problem(none)).toMatch(/^401 InvalidAuthenticationToken:/);
  const good = await tenant.token('aaaaaaaa-0000-4000-8000-000000000001');
  const forged = `${good.slice(0, -6)}AAAAAA`;
  expect(problem(await tenant.call('/users', { token: forged }))).toMatch(
    /^401 InvalidAuthenticationToken:/,
  );
});

test('an expired token is 401 and a fresh one works again', async () => {
  const other = await tenant.add();
  const token = await other.freshToken('aaaaaaaa-0000-4000-8000-000000000001');
  await tenant.control.clock({ kind: 'advance', milliseconds: 2 * 60 * 60 * 1000 });
  const expired = await other.call('/users', { token });
  expect(problem(expired)).toMatch(/^401 InvalidAuthenticationToken:/);
  expect((await other.get('/users')).status).toBe(200);
  await tenant.control.clock({ kind: 'real' });
});

test('a permission that is missing is 403 for that type alone', async () => {
  const other = await tenant.add();
  await other.addUser('anna');
  await tenant.control.changeRegistration(other.tenantId, {
    kind: 'revoke',
    appId: 'aaaaaaaa-0000-4000-8000-000000000001',
    permission: 'Policy.Read.All',
    existing: 'withoutPermission',
  });
  expect(problem(await other.get('/identity/conditionalAccess/policies'))).toBe(
    '403 Authorization_RequestDenied: Insufficient privileges to complete the operation.',
  );
  expect((await other.get('/users')).body['value']).toHaveLength(1);
});

test('a refused request costs no resource units, an answered one says its cost', async () => {
  const after = await tenant.control.ledgerLastNumber();
  await tenant.get('/users?$top=1');
  await tenant.call(`/users/${userId}`, {
    method: 'DELETE',
    app: 'aaaaaaaa-0000-4000-8000-000000000001',
  });
  const lines = await tenant.control.ledger({ after, tenantId: tenant.tenantId });
  expect(lines.map(({ status, resourceUnits }) => [status, resourceUnits])).toEqual([
    [200, 1],
    [403, 0],
  ]);
});

test('a reader cannot write', async () => {
  const answer = await tenant.call(`/users/${userId}`, {
    method: 'PATCH',
    body: { jobTitle: 'none' },
    app: 'aaaaaaaa-0000-4000-8000-000000000001',
  });
  expect(answer.status).toBe(403);
  expect((await tenant.get(`/users/${userId}?$select=jobTitle`)).body['jobTitle']).toBeNull();
});

test('a token of one tenant never reads another', async () => {
  const other = await tenant.add();
  await other.addUser('foreign');
  expect((await other.get('/users')).body['value']).toHaveLength(1);
  expect((await tenant.get('/users?$top=999')).text).not.toContain('foreign@');
});

test('bad JSON, no body and a wrong content type are refused', async () => {
  const { origin } = tenant.simulator;
  const url = `${origin}/v1.0/users`;
  const authorization = `Bearer ${await tenant.token('aaaaaaaa-0000-4000-8000-000000000002')}`;
  const type = { authorization, 'content-type': 'application/json' };
  expect(problem(await tenant.send(url, 'POST', type, '{"displayName":'))).toContain(
    '400 Request_BadRequest: Unable to read JSON request payload',
  );
  expect(problem(await tenant.send(url, 'POST', type))).toContain('Empty Payload');
  expect(
    problem(await tenant.send(url, 'POST', { authorization, 'content-type': 'text/plain' }, '{}')),
  ).toContain('Content-Type');
});

test('keys in parentheses, casts in both spellings and any case of segments are understood', async () => {
  expect((await tenant.get(`/users('${userId}')`)).body['id']).toBe(userId);
  expect((await tenant.get(`/Users/${userId}/memberOf/graph.group`)).status).toBe(200);
  expect((await tenant.get(`/users/${userId}/memberof/microsoft.graph.group`)).status).toBe(200);
  expect((await tenant.get('/users/delta()?$deltatoken=latest')).status).toBe(200);
});

test('answers are compressed when the caller takes gzip', async () => {
  const answer = await tenant.get('/users', { 'accept-encoding': 'gzip' });
  expect(answer.headers['content-encoding']).toBe('gzip');
  expect(answer.body['value']).toHaveLength(61);
});

test('the control API needs its token and names what is wrong', async () => {
  const { origin, ca } = tenant.simulator;
  const url = `${origin}/_simulator/tenants`;
  expect((await tenant.send(url, 'GET', {})).status).toBe(401);
  expect(ca).toContain('BEGIN CERTIFICATE');
  await expect(tenant.control.change(tenant.tenantId, { kind: 'purge', id: 'no' })).rejects.toThrow(
    'object no is not live or deleted',
  );
});
