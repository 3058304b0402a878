import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestApi, type TestApi } from '../support/api.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { addLink, addObject, addPoint, addVersion } from './points-fixture.ts';

const tenantId = '11111111-1111-4111-8111-111111111111';
const base = `/tenants/${tenantId}`;
const policyId = 'eeeeeeee-0000-4000-8000-000000000001';
const groupId = 'bbbbbbbb-0000-4000-8000-000000000001';
const placeId = 'bbbbbbbb-0000-4000-8000-000000000002';
const administrators = '62e90394-69f5-4237-9190-012177145e10';
const ownRole = 'dddddddd-0000-4000-8000-000000000001';
const graphApp = '00000003-0000-0000-c000-000000000000';
const comparisonId = randomUUID();
const type = 'conditionalAccessPolicy';

const conditions = (users: string[], exclude: string[]) => ({
  users: { includeUsers: users, excludeGroups: exclude, includeRoles: [administrators, ownRole] },
  applications: { includeApplications: [graphApp], excludeApplications: ['Office365'] },
  locations: { includeLocations: ['All'], excludeLocations: ['AllTrusted', placeId] },
});
const before = conditions(['GuestsOrExternalUsers'], []);
const after = conditions(['All'], [groupId]);

const graph = { id: graphApp, type: 'application', displayName: 'Microsoft Graph' };
const role = { id: administrators, type: 'roleTemplate', displayName: 'Global Administrator' };
const office = { id: 'Office365', type: 'constant', displayName: 'Office 365', state: 'live' };
const group = { id: groupId, type: 'group', displayName: 'Left out', state: 'live' };

/** A policy over two points that refers to all that has no object of its own in the backup. */
describe('what an id inside a policy stands for', () => {
  let test: TestDatabase;
  let api: TestApi;

  beforeAll(async () => {
    test = await createTestDatabase();
    api = createTestApi(test.database);
    const no = await test.addTenant(tenantId);
    await test.database.withTenant(no, async (tx) => {
      for (const point of [1, 2]) await addPoint(tx, point, { [type]: ['id', 'conditions'] });
      const policy = await addObject(tx, type, policyId, { space: type });
      const body = (value: object): string => JSON.stringify({ conditions: value, id: policyId });
      await addVersion(tx, { key: policy, type, from: 1, to: 2, body: body(before) });
      await addVersion(tx, { key: policy, type, from: 2, body: body(after) });
      const left = await addObject(tx, 'group', groupId);
      await addVersion(tx, { key: left, type: 'group', from: 1, body: '{}' });
      for (const [path, space, id] of [
        ['users.includeRoles[]', 'templateId', administrators],
        ['users.includeRoles[]', 'templateId', ownRole],
        ['applications.includeApplications[]', 'appId', graphApp],
      ] as const) {
        const target = await addObject(tx, 'unknown', id, { space });
        await addLink(tx, `${type}:conditions.${path}`, policy, target, 1, undefined, 'embedded');
      }
      await tx.change(
        `insert into comparison (tenant_no, id, operation_id, purpose, from_point, to_point,
           selection, state, created_by) values ($1, $2, $3, 'comparison', 1, 2, '{"all":true}',
           'ready', 'test')`,
        [no, comparisonId, randomUUID()],
      );
      const properties = [{ name: 'conditions', from: before, to: after }];
      await tx.change(
        `insert into difference (tenant_no, comparison_id, no, type, from_key, to_key, change,
           selected, detail) values ($1, $2, 1, $3, $4, $4, 'modified', true, $5)`,
        [no, comparisonId, type, policy, JSON.stringify({ properties, parts: [] })],
      );
    });
    await test.owner.rows(
      `update object_version set label = 'Left out' where tenant_no = $1 and type = 'group'`,
      [no],
    );
  });
  afterAll(async () => await test.drop());

  const get = async (path: string): Promise<unknown> => {
    const answer = await api.call('GET', `${base}${path}`);
    expect(answer.status, answer.text).toBe(200);
    return answer.body;
  };
  const policy = `/restorePoints/2/objects/${type}/${policyId}`;

  it('is named in the links of the policy, and a role of the tenant alone stays unknown', async () => {
    const { value } = (await get(`${policy}/links`)) as { value: { object: object }[] };
    expect(value.map(({ object }) => object)).toEqual(
      expect.arrayContaining([
        { ...graph, state: 'unknown' },
        { ...role, state: 'live' },
        { id: ownRole, type: 'unknown', displayName: null, state: 'unknown' },
      ]),
    );
  });

  it('is named beside the policy: constants, roles, applications, objects of the tenant', async () => {
    const { references } = (await get(policy)) as { references: object[] };
    expect(references).toMatchObject([
      { id: 'All', type: 'constant', displayName: 'All' },
      group,
      role,
      { id: ownRole, displayName: null },
      graph,
      office,
      { id: 'AllTrusted', displayName: 'All trusted locations' },
      { id: placeId, displayName: null, state: 'unknown' },
    ]);
  });

  it('is named beside a property that differs, for both of its values', async () => {
    const page = await get(`/comparisons/${comparisonId}/differences`);
    const { value } = page as { value: { properties: { references: object[] }[] }[] };
    const references = value[0]?.properties[0]?.references ?? [];
    expect(references).toEqual(
      expect.arrayContaining([
        { id: 'All', type: 'constant', displayName: 'All', state: 'live' },
        expect.objectContaining({ id: 'GuestsOrExternalUsers', type: 'constant' }),
        group,
        { ...role, state: 'live' },
        { ...graph, state: 'unknown' },
        office,
      ]),
    );
    expect(new Set(references.map((each) => JSON.stringify(each))).size).toBe(references.length);
  });

  it('is not told to a reader who may not see values', async () => {
    for (const [oid, roles] of [
      ['ad000000-0000-4000-8000-000000000001', ['Backup.Admin']],
      ['e0000000-0000-4000-8000-000000000001', ['Backup.Reader']],
    ] as const) {
      const assignments = [{ allTenants: true, roles }];
      const put = await api.call('PUT', `/access/${oid}`, { body: { assignments } });
      expect(put.status).toBe(201);
    }
    const who = { oid: 'e0000000-0000-4000-8000-000000000001', roles: ['Backup.Reader'] };
    for (const path of [policy, `/comparisons/${comparisonId}/differences`]) {
      const answer = await api.call('GET', `${base}${path}`, { who });
      expect(answer.status).toBe(200);
      expect(answer.text).not.toContain('AllTrusted');
      expect(answer.text).not.toContain('"references"');
    }
  });
});
