// Conditional access policies and named locations, and their own limit of one request a second.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { problem, type SimulatedTenant, startTenant } from './support/simulated-tenant.ts';

let tenant: SimulatedTenant;
let groupId: string;

const policies = '/identity/conditionalAccess/policies';
const locations = '/identity/conditionalAccess/namedLocations';

beforeAll(async () => {
  tenant = await startTenant();
  groupId = await tenant.addGroup('pilots');
});
afterAll(() => tenant.stop());

const policy = (change: object = {}) => ({
  displayName: 'require MFA',
  state: 'disabled',
  conditions: {
    applications: { includeApplications: ['All'] },
    users: { includeGroups: [groupId] },
    ...change,
  },
  grantControls: { operator: 'OR', builtInControls: ['mfa'] },
});
const range = { '@odata.type': '#microsoft.graph.iPv4CidrRange', cidrAddress: '203.0.113.0/24' };
const place = (more: object = {}) => ({
  '@odata.type': '#microsoft.graph.ipNamedLocation',
  displayName: 'office',
  ipRanges: [range],
  ...more,
});

test('a created policy is read back with the lists and nulls the service adds', async () => {
  const created = await tenant.post(policies, policy());
  expect(created.status).toBe(201);
  const read = await tenant.get(`${policies}/${String(created.body['id'])}`);
  expect(read.body).toMatchObject({
    modifiedDateTime: null,
    sessionControls: null,
    conditions: {
      clientAppTypes: ['all'],
      platforms: null,
      locations: null,
      users: { includeUsers: [], excludeUsers: [], includeGroups: [groupId] },
    },
    grantControls: { operator: 'OR', builtInControls: ['mfa'], termsOfUse: [] },
  });
});

const unknown = '12345678-0000-4000-8000-000000000000';
const refusals: readonly (readonly [string, () => object, string])[] = [
  [
    'both kinds of application conditions',
    () =>
      policy({
        applications: {
          includeApplications: ['All'],
          includeUserActions: ['urn:user:registerdevice'],
        },
      }),
    '400 BadRequest: 1012:',
  ],
  [
    'an unknown group',
    () => policy({ users: { includeUsers: ['All'], excludeGroups: [unknown] } }),
    `400 BadRequest: 1020: The value '${unknown}'`,
  ],
  [
    'an unknown location',
    () => policy({ locations: { includeLocations: [unknown] } }),
    '400 BadRequest: 1020:',
  ],
  ['no users at all', () => policy({ users: {} }), '400 BadRequest: 1010:'],
  ['no state', () => ({ ...policy(), state: undefined }), '400 BadRequest: 1001:'],
  [
    'an unknown state',
    () => ({ ...policy(), state: 'on' }),
    "400 Request_BadRequest: Invalid value specified for property 'state'",
  ],
  [
    'its own id',
    () => ({ ...policy(), id: unknown }),
    "400 Request_BadRequest: Property 'id' is read-only",
  ],
];

test.each(refusals)('a policy with %s is refused', async (_title, body, expected) => {
  expect(problem(await tenant.post(policies, body()))).toContain(expected);
});

test('a stored policy may refer to a group that is gone, and no write may name that group', async () => {
  const group = await tenant.addGroup('doomed');
  const body = policy({ users: { includeUsers: ['All'], excludeGroups: [group] } });
  const path = `${policies}/${String((await tenant.post(policies, body)).body['id'])}`;
  await tenant.change({ kind: 'delete', id: group });
  expect((await tenant.get(path)).text).toContain(group);
  expect((await tenant.patch(path, { state: 'enabled' })).status).toBe(204);
  const again = { conditions: { users: { excludeGroups: [group, groupId] } } };
  expect(problem(await tenant.patch(path, again))).toContain('1020');
});

test('an enabled policy is refused while security defaults are on', async () => {
  await tenant.control.settings(tenant.tenantId, { securityDefaultsEnabled: true });
  const enabled = { ...policy(), state: 'enabled' };
  expect(problem(await tenant.post(policies, enabled))).toContain('Security Defaults is enabled');
  expect((await tenant.post(policies, policy())).status).toBe(201);
  await tenant.control.settings(tenant.tenantId, { securityDefaultsEnabled: false });
});

test('a patch merges conditions, replaces lists and answers 204', async () => {
  const id = String((await tenant.post(policies, policy())).body['id']);
  const patch = { conditions: { clientAppTypes: ['browser'] }, state: 'enabled' };
  expect((await tenant.patch(`${policies}/${id}`, patch)).status).toBe(204);
  const { body } = await tenant.get(`${policies}/${id}`);
  expect(body).toMatchObject({
    state: 'enabled',
    modifiedDateTime: expect.any(String) as string,
    conditions: { clientAppTypes: ['browser'], users: { includeGroups: [groupId] } },
  });
});

test('the list of policies has pages of 20, and 195 policies are the most', async () => {
  const small = await tenant.add();
  for (let number = 0; number < 195; number += 1) {
    const displayName = `policy ${String(number).padStart(3, '0')}`;
    await small.change({
      kind: 'create',
      type: 'conditionalAccessPolicy',
      properties: { displayName, state: 'disabled', conditions: {} },
    });
  }
  const { pages } = await small.readAll(policies);
  expect([pages.length, pages[0]?.length, pages.flat().length]).toEqual([10, 20, 195]);
  expect((await small.readAll(`${policies}?$top=999`)).pages).toHaveLength(1);
  const body = policy({ users: { includeUsers: ['All'] } });
  expect(problem(await small.post(policies, body))).toContain('1132');
});

test('a named location has only the properties of its kind, and keeps it', async () => {
  const created = await tenant.post(locations, place());
  expect(created.body).toMatchObject({ isTrusted: false, ipRanges: [range] });
  const id = String(created.body['id']);
  const country = {
    '@odata.type': '#microsoft.graph.countryNamedLocation',
    displayName: 'north',
    countriesAndRegions: ['NO', 'SE'],
  };
  expect((await tenant.post(locations, country)).body).toMatchObject({
    includeUnknownCountriesAndRegions: false,
  });
  const { rows } = await tenant.readAll(locations);
  expect(rows.find((row) => row.id === id)).not.toHaveProperty('countriesAndRegions');
  expect((await tenant.patch(`${locations}/${id}`, country)).status).toBe(400);
  const bad = [{ ...range, cidrAddress: '203.0.113.0' }];
  expect((await tenant.post(locations, place({ ipRanges: bad }))).status).toBe(400);
  expect((await tenant.post(locations, { displayName: 'x' })).status).toBe(400);
});

test('a trusted location is deleted only after it was made untrusted', async () => {
  const id = String((await tenant.post(locations, place({ isTrusted: true }))).body['id']);
  expect((await tenant.remove(`${locations}/${id}`)).status).toBe(400);
  const change = { '@odata.type': '#microsoft.graph.ipNamedLocation', isTrusted: false };
  expect((await tenant.patch(`${locations}/${id}`, change)).status).toBe(204);
  expect((await tenant.remove(`${locations}/${id}`)).status).toBe(204);
});

test('deleted policies and locations have a recycle bin of their own', async () => {
  const id = String((await tenant.post(policies, policy())).body['id']);
  await tenant.remove(`${policies}/${id}`);
  const bin = '/identity/conditionalAccess/deletedItems/policies';
  expect((await tenant.readAll(bin)).rows.map((row) => row.id)).toContain(id);
  expect((await tenant.get(`/directory/deletedItems/${id}`)).status).toBe(404);
  const restored = await tenant.call(`${bin}/${id}/restore`, { method: 'POST' });
  expect([restored.status, restored.body['id']]).toEqual([200, id]);
  expect((await tenant.get(`${policies}/${id}`)).status).toBe(200);
  await tenant.remove(`${policies}/${id}`);
  expect((await tenant.remove(`${bin}/${id}`)).status).toBe(204);
  expect((await tenant.get(`${bin}/${id}`)).status).toBe(404);
});

test('conditional access answers one request a second for the whole tenant, without Retry-After', async () => {
  const small = await tenant.add();
  await tenant.control.throttling({ conditionalAccess: true });
  await tenant.control.clock({ kind: 'set', milliseconds: Date.now() });
  expect((await small.get(policies)).status).toBe(200);
  const second = await small.get(locations);
  expect([second.status, second.headers['retry-after']]).toEqual([429, undefined]);
  expect((await small.get('/users')).status).toBe(200);
  await tenant.control.clock({ kind: 'advance', milliseconds: 1_000 });
  await tenant.control.burn(small.tenantId, { conditionalAccess: 1 });
  expect((await small.get(policies)).status).toBe(429);
  await tenant.control.throttling({ conditionalAccess: false });
  await tenant.control.clock({ kind: 'real' });
});
