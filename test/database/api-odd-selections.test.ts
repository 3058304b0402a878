import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codeOf, createTestApi, type TestApi } from '../support/api.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { addPoint } from './points-fixture.ts';

const tenantId = '11111111-1111-4111-8111-111111111111';
const unknown = '99999999-9999-4999-8999-999999999999';
const who = {
  oid: '0b000000-0000-4000-8000-000000000002',
  roles: ['Restore.Operator', 'Restore.Approver'],
};
const NUL = '\u0000';
const user = (id: string) => [{ type: 'user', id }];

/** Selections with one mistake each. */
const selections: readonly [string, string, string][] = [
  ['an id with NUL', JSON.stringify({ objects: user(`a${NUL}b`) }), 'invalidParameter'],
  ['an id that is no text', '{"objects":[{"type":"user","id":"\\ud800"}]}', 'invalidParameter'],
  ['an exception with NUL', JSON.stringify({ all: true, except: user(NUL) }), 'invalidParameter'],
  ['a type with NUL', JSON.stringify({ types: [NUL] }), 'invalidParameter'],
  ['a property with NUL', JSON.stringify({ all: true, properties: [NUL] }), 'invalidParameter'],
  ['a link with NUL', JSON.stringify({ all: true, relationships: [NUL] }), 'invalidParameter'],
  ['an unknown property', '{"all":true,"properties":["jobTitel"]}', 'invalidSelection'],
  ['an unknown link', '{"all":true,"relationships":["group.member"]}', 'invalidSelection'],
  ['the type __proto__', '{"types":["__proto__"]}', 'invalidSelection'],
  ['the property __proto__', '{"all":true,"properties":["__proto__"]}', 'invalidSelection'],
  ['a member __proto__', '{"all":true,"__proto__":{"all":true}}', 'unknownParameter'],
  ['an object nobody has seen', JSON.stringify({ objects: user(unknown) }), 'invalidSelection'],
  ['an unknown comparison', JSON.stringify({ comparison: unknown }), 'invalidSelection'],
];

/** Points that there cannot be, as JSON. */
const points: readonly [string, number][] = [
  ['0', 400],
  ['-1', 400],
  ['1.5', 400],
  ['1e300', 400],
  ['9007199254740991', 400],
  ['2147483648', 400],
  ['"1 "', 400],
  ['"LATEST"', 400],
  ['"\\u0000"', 400],
  ['"asOf=2026-13-45T00:00:00Z"', 400],
  ['"asOf=+275760-09-13T00:00:00Z"', 400],
  ['"asOf=0001-01-01T00:00:00Z"', 404],
];

describe('a comparison and a plan', () => {
  let test: TestDatabase;
  let api: TestApi;

  beforeAll(async () => {
    test = await createTestDatabase();
    api = createTestApi(test.database);
    const no = await test.addTenant(tenantId);
    await test.database.withTenant(no, (tx) => addPoint(tx, 1));
    await test.owner.rows('update tenant set head_point = 1 where tenant_no = $1', [no]);
    const assignments = [{ tenantId, roles: who.roles }];
    const all = [{ allTenants: true, roles: ['Backup.Admin'] }];
    const admin = '/access/ad000000-0000-4000-8000-000000000001';
    expect((await api.call('PUT', admin, { body: { assignments: all } })).status).toBeLessThan(300);
    const given = await api.call('PUT', `/access/${who.oid}`, { body: { assignments } });
    expect(given.status).toBeLessThan(300);
  });
  afterAll(async () => await test.drop());

  async function post(path: string, rawBody: string): Promise<[number, unknown]> {
    const answer = await api.call('POST', `/tenants/${tenantId}/${path}`, { who, rawBody });
    return [answer.status, answer.status < 400 ? '' : codeOf(answer)];
  }

  it.each(selections)('refuse %s', async (_name, selection, code) => {
    const plan = await post('restorePlans', `{"restorePoint":1,"selection":${selection}}`);
    expect(plan).toEqual([400, code]);
    const comparison = await post('comparisons', `{"from":1,"to":1,"selection":${selection}}`);
    expect(comparison).toEqual([400, code]);
  });

  it.each(points)('refuse the point %s', async (point, status) => {
    const selection = '{"all":true}';
    const plan = await post('restorePlans', `{"restorePoint":${point},"selection":${selection}}`);
    expect(plan[0]).toBe(status);
    expect((await post('comparisons', `{"from":${point},"to":1}`))[0]).toBe(status);
    expect((await post('comparisons', `{"from":1,"to":${point}}`))[0]).toBe(status);
  });

  it('have no name for what belongs to no type or no plan', async () => {
    const entry = { oldId: unknown, newId: tenantId };
    for (const type of ['__proto__', 'constructor', `user${NUL}`, 'user~', '']) {
      const [status] = await post('identityMap', JSON.stringify({ type, ...entry }));
      expect([400, 404], type).toContain(status);
    }
    const body = JSON.stringify({ planHash: '0'.repeat(64), reason: 'checked' });
    for (const act of ['approve', 'reject', 'withdraw']) {
      const [status] = await post(`restorePlans/${unknown}/${act}`, body);
      expect([400, 404], act).toContain(status);
    }
  });
});
