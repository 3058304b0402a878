import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestApi, type TestApi } from '../support/api.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { addPoint } from './points-fixture.ts';

const tenantId = '11111111-1111-4111-8111-111111111111';
const who = { oid: '0b000000-0000-4000-8000-000000000002', roles: ['Restore.Operator'] };
const path = `/tenants/${tenantId}`;

describe('an operation that is canceled before it begins', () => {
  let test: TestDatabase;
  let api: TestApi;

  beforeAll(async () => {
    test = await createTestDatabase();
    api = createTestApi(test.database);
    const no = await test.addTenant(tenantId);
    await test.database.withTenant(no, (tx) => addPoint(tx, 1));
    await test.owner.rows('update tenant set head_point = 1 where tenant_no = $1', [no]);
    const all = [{ allTenants: true, roles: ['Backup.Admin'] }];
    const admin = '/access/ad000000-0000-4000-8000-000000000001';
    await api.call('PUT', admin, { body: { assignments: all } });
    const assignments = [{ tenantId, roles: who.roles }];
    await api.call('PUT', `/access/${who.oid}`, { body: { assignments } });
    // no orchestration is started
    api.client.fails = true;
  });
  afterAll(async () => await test.drop());

  it.each([
    ['restorePlans', { restorePoint: 1, selection: { all: true } }],
    ['comparisons', { from: 1, to: 1 }],
  ])('leaves nothing behind that looks as if it were made: %s', async (name, body) => {
    const made = await api.call('POST', `${path}/${name}`, { who, body });
    expect(made.status).toBe(202);
    const { id, resourceLocation } = made.body as { id: string; resourceLocation: string };
    const canceled = await api.call('POST', `/operations/${id}/cancel`, { who });
    expect(canceled.body).toMatchObject({ status: 'canceled' });
    const shown = await api.call('GET', resourceLocation.replace('/api', ''), { who });
    expect(shown.body).toMatchObject({ state: 'failed' });
  });
});
