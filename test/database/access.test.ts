import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { administrator, codeOf, createTestApi, type TestApi } from '../support/api.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const mine = '11111111-1111-4111-8111-111111111111';
const foreign = '22222222-2222-4222-8222-222222222222';
const person = 'b0000000-0000-4000-8000-000000000001';
const team = 'c0000000-0000-4000-8000-000000000001';
const admins = { assignments: [{ allTenants: true, roles: ['Backup.Admin'] }] };

describe('access', () => {
  let test: TestDatabase | undefined;
  let api: TestApi;

  beforeEach(async () => {
    await test?.drop();
    test = await createTestDatabase();
    api = createTestApi(test.database);
    await test.addTenant(mine);
    await test.addTenant(foreign);
  });
  afterAll(async () => await test?.drop());

  const give = async (principal: string, body: unknown, headers = {}) =>
    await api.call('PUT', `/access/${principal}`, { body, headers });

  it('belongs to the initial administrators only while nobody has any', async () => {
    expect((await api.call('GET', '/tenants')).status).toBe(200);
    const other = { oid: person, roles: ['Backup.Admin'] };
    expect(codeOf(await api.call('GET', '/tenants', { who: other }))).toBe('roleMissing');
    expect((await give(person, admins)).status).toBe(201);
    expect(codeOf(await api.call('GET', '/tenants'))).toBe('roleMissing');
    expect((await api.call('GET', '/tenants', { who: other })).status).toBe(200);
  });

  it('does not give an initial administrator a role the token lacks', async () => {
    const who = { oid: administrator, roles: ['Backup.Reader'] };
    const answer = await api.call('PUT', `/access/${person}`, { who, body: admins });
    expect([answer.status, codeOf(answer)]).toEqual([403, 'roleMissing']);
  });

  it('is the token as far as the table grants it, per tenant', async () => {
    await give(administrator, admins);
    await give(person, { assignments: [{ tenantId: mine, roles: ['Backup.Operator'] }] });
    const who = { oid: person, roles: ['Backup.Operator', 'Backup.Admin'] };
    const listed = await api.call('GET', '/tenants', { who });
    expect(listed.body).toMatchObject({ value: [{ tenantId: mine }] });
    expect((await api.call('POST', `/tenants/${mine}/backups`, { who })).status).toBe(202);
    expect((await api.call('POST', `/tenants/${foreign}/backups`, { who })).status).toBe(404);
    const patch = { who, body: { state: 'paused' }, headers: { 'if-match': '*' } };
    expect((await api.call('PATCH', `/tenants/${mine}`, patch)).status).toBe(403);
    const reader = { oid: person, roles: ['Backup.Reader'] };
    expect((await api.call('GET', `/tenants/${mine}`, { who: reader })).status).toBe(403);
  });

  it('counts for members of a group', async () => {
    await give(administrator, admins);
    const body = { kind: 'group', assignments: [{ tenantId: mine, roles: ['Backup.Reader'] }] };
    await give(team, body);
    const who = { oid: person, roles: ['Backup.Reader'] };
    expect((await api.call('GET', `/tenants/${mine}`, { who })).status).toBe(404);
    const member = { ...who, groups: [team] };
    expect((await api.call('GET', `/tenants/${mine}`, { who: member })).status).toBe(200);
    expect((await api.call('GET', `/tenants/${foreign}`, { who: member })).status).toBe(404);
  });

  it('of other tenants is not seen in operations and audit events', async () => {
    await give(administrator, admins);
    const roles = ['Backup.Operator', 'Security.Auditor'];
    await give(person, { assignments: [{ tenantId: mine, roles }] });
    const theirs = await api.call('POST', `/tenants/${foreign}/backups`);
    const { id } = theirs.body as { id: string };
    const who = { oid: person, roles };
    expect((await api.call('GET', `/operations/${id}`, { who })).status).toBe(404);
    expect((await api.call('POST', `/operations/${id}/cancel`, { who })).status).toBe(404);
    expect((await api.call('GET', '/operations', { who })).body).toEqual({ value: [] });
    expect((await api.call('GET', '/auditEvents', { who })).body).toEqual({ value: [] });
    await api.call('POST', `/tenants/${mine}/backups`, { who });
    const events = await api.call('GET', '/auditEvents', { who });
    expect(events.body).toMatchObject({ value: [{ action: 'backup.start', tenantId: mine }] });
    const all = await api.call('GET', '/auditEvents');
    expect((all.body as { value: unknown[] }).value).toHaveLength(4);
  });

  it('is written by administrators of all tenants only', async () => {
    await give(administrator, admins);
    await give(person, { assignments: [{ tenantId: mine, roles: ['Backup.Admin'] }] });
    const who = { oid: person, roles: ['Backup.Admin'] };
    const answer = await api.call('PUT', `/access/${team}`, { who, body: admins });
    expect([answer.status, codeOf(answer)]).toEqual([403, 'roleMissing']);
    const tenant = await api.call('PUT', '/tenants/33333333-3333-4333-8333-333333333333', {
      who,
      body: { displayName: 'x' },
    });
    expect(tenant.status).toBe(404);
  });

  it('never ends without an administrator of all tenants', async () => {
    const operator = { assignments: [{ allTenants: true, roles: ['Backup.Operator'] }] };
    expect(codeOf(await give(person, operator))).toBe('wouldLockOut');
    const created = await give(administrator, admins);
    const etag = { 'if-match': created.headers['etag'] ?? '' };
    expect(codeOf(await give(administrator, operator, etag))).toBe('wouldLockOut');
    const path = `/access/${administrator}`;
    expect(codeOf(await api.call('DELETE', path, { headers: etag }))).toBe('wouldLockOut');
    await give(person, admins);
    expect((await api.call('DELETE', path, { headers: etag })).status).toBe(204);
    expect(codeOf(await api.call('GET', '/tenants'))).toBe('roleMissing');
  });

  it('lets one of two administrators who remove each other at once stay', async () => {
    const a = await give(administrator, admins);
    const b = await give(person, admins);
    const answers = await Promise.all([
      api.call('DELETE', `/access/${administrator}`, {
        who: { oid: person },
        headers: { 'if-match': a.headers['etag'] ?? '' },
      }),
      api.call('DELETE', `/access/${person}`, {
        headers: { 'if-match': b.headers['etag'] ?? '' },
      }),
    ]);
    // The second one is refused as the last administrator, or is none any more when it is authorised.
    const [won, lost] = answers.map((answer) => answer.status).sort();
    expect(won).toBe(204);
    expect([403, 409]).toContain(lost);
    const rows = await test?.owner.rows('select * from tenant_access');
    expect(rows).toHaveLength(1);
  });

  it('is changed under an ETag, and refuses what it cannot mean', async () => {
    const created = await give(administrator, admins);
    expect(created.status).toBe(201);
    expect(codeOf(await give(administrator, admins))).toBe('preconditionRequired');
    expect(codeOf(await give(administrator, admins, { 'if-match': '"x"' }))).toBe('etagMismatch');
    const bad = [
      { assignments: [] },
      { assignments: [{ roles: ['Backup.Admin'] }] },
      { assignments: [{ tenantId: mine, allTenants: true, roles: ['Backup.Admin'] }] },
      { assignments: [{ tenantId: mine, roles: ['Owner'] }] },
      {
        assignments: [
          { tenantId: '33333333-3333-4333-8333-333333333333', roles: ['Backup.Reader'] },
        ],
      },
      { assignments: [1, 2].map(() => ({ tenantId: mine, roles: ['Backup.Reader'] })) },
    ];
    for (const body of bad)
      expect((await give(person, body)).status, JSON.stringify(body)).toBe(400);
    const shown = await api.call('GET', '/access?top=5');
    expect(shown.body).toMatchObject({
      value: [{ principalId: administrator, assignments: [{ allTenants: true }] }],
    });
  });
});
