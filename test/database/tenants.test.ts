import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codeOf, createTestApi, type TestApi } from '../support/api.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { addPoint } from './points-fixture.ts';

const first = '11111111-1111-4111-8111-111111111111';
const second = '22222222-2222-4222-8222-222222222222';

interface TenantShown {
  readonly tenantId: string;
  readonly displayName: string;
  readonly state: string;
  readonly cloud: string;
  readonly schedules: readonly { name: string; cron: string; timeZone: string }[];
  readonly guards: { readonly maxShare: number; readonly minCount: number };
  readonly apps: { readonly backup?: { clientId: string } };
  readonly etag: string;
}

describe('tenants', () => {
  let test: TestDatabase;
  let api: TestApi;
  const nightly = {
    name: 'nightly',
    kind: 'tenantBackup',
    cron: '0 2 * * *',
    timeZone: 'Europe/Berlin',
  };

  beforeAll(async () => {
    test = await createTestDatabase();
    api = createTestApi(test.database);
  });
  afterAll(async () => await test.drop());

  const shown = (answer: { body: unknown }): TenantShown => answer.body as TenantShown;

  it('are registered by PUT with defaults, in lower case, with jobs and an audit event', async () => {
    const answer = await api.call('PUT', `/tenants/${first.toUpperCase()}`, {
      body: { displayName: 'Contoso', schedules: [nightly] },
    });
    expect(answer.status, answer.text).toBe(201);
    expect(answer.headers['etag']).toBe('"1"');
    expect(shown(answer)).toMatchObject({
      tenantId: first,
      cloud: 'global',
      state: 'active',
      guards: { maxShare: 0.2, minCount: 10, maxPrivileged: 5 },
      schedules: [{ ...nightly, spreadSeconds: 0 }],
    });
    const jobs = await test.owner.rows<{ name: string; next_run_at: Date }>('select * from job');
    expect(jobs).toMatchObject([
      { name: 'nightly', next_run_at: new Date('2026-11-25T01:00:00Z') },
    ]);
    const events = await api.call('GET', '/auditEvents');
    expect(events.body).toMatchObject({
      value: [
        {
          action: 'tenant.replace',
          tenantId: first,
          principalId: 'ad000000-0000-4000-8000-000000000001',
          requestId: answer.headers['x-ms-request-id'],
        },
      ],
    });
  });

  it('are not created again over one that exists', async () => {
    const body = { displayName: 'Other' };
    const path = `/tenants/${first}`;
    const none = await api.call('PUT', path, { body, headers: { 'if-none-match': '*' } });
    expect([none.status, codeOf(none)]).toEqual([412, 'etagMismatch']);
    const without = await api.call('PUT', path, { body });
    expect([without.status, codeOf(without)]).toEqual([428, 'preconditionRequired']);
    const absent = await api.call('PUT', `/tenants/${second}`, {
      body,
      headers: { 'if-match': '*' },
    });
    expect([absent.status, codeOf(absent)]).toEqual([412, 'etagMismatch']);
  });

  it('are changed by a merge patch under their ETag, once per ETag', async () => {
    const headers = { 'if-match': '"1"' };
    const patch = {
      guards: { maxShare: 0.5 },
      apps: { backup: { clientId: second, credential: 'secret:SOME_SETTING' } },
    };
    const path = `/tenants/${first}`;
    const both = await Promise.all([
      api.call('PATCH', path, { body: patch, headers }),
      api.call('PATCH', path, { body: { displayName: 'Race' }, headers }),
    ]);
    expect(both.map((answer) => answer.status).sort()).toEqual([200, 412]);
    const now = await api.call('GET', path);
    expect(now.headers['etag']).toBe('"2"');
    const again = await api.call('PATCH', path, { body: patch, headers: { 'if-match': '"2"' } });
    expect(shown(again)).toMatchObject({
      guards: { maxShare: 0.5, minCount: 10 },
      apps: { backup: { clientId: second } },
    });
    const removed = await api.call('PATCH', path, {
      body: { apps: null, guards: { maxShare: null } },
      headers: { 'if-match': again.headers['etag'] ?? '' },
    });
    expect(shown(removed)).toMatchObject({ apps: {}, guards: { maxShare: 0.2 } });
  });

  it('keep the next time of a schedule that did not change', async () => {
    await test.owner.rows("update job set next_run_at = '2026-11-24T08:59:00Z'");
    const current = await api.call('GET', `/tenants/${first}`);
    const headers = { 'if-match': current.headers['etag'] ?? '' };
    const weekly = { ...nightly, name: 'weekly', cron: '0 3 * * 0', spreadSeconds: 3600 };
    const body = { displayName: 'Contoso', schedules: [nightly, weekly] };
    const answer = await api.call('PUT', `/tenants/${first}`, { body, headers });
    expect(answer.status, answer.text).toBe(200);
    const jobs = await test.owner.rows<{ next_run_at: Date }>('select * from job order by name');
    expect(jobs[0]?.next_run_at).toEqual(new Date('2026-11-24T08:59:00Z'));
    expect(jobs).toHaveLength(2);
  });

  it.each([
    [{ cron: '61 * * * *' }, 'schedules.0.cron'],
    [{ cron: '* * *' }, 'schedules.0.cron'],
    [{ cron: '0 0 30 2 *' }, 'schedules.0.cron'],
    [{ timeZone: 'Mars/Olympus' }, 'schedules.0.timeZone'],
    [{ name: '../x' }, 'schedules.0.name'],
    [{ spreadSeconds: -1 }, 'schedules.0.spreadSeconds'],
    [{ kind: 'mailBackup' }, 'schedules.0.kind'],
    [{ sources: ['signIns'] }, 'schedules.0.sources'],
    [{ kind: 'logBackup', sources: [] }, 'schedules.0.sources'],
    [{ kind: 'logBackup', sources: ['signIns', 'signIns'] }, 'schedules.0.sources'],
    [{ kind: 'logBackup', sources: ['mail'] }, 'schedules.0.sources.0'],
  ])('refuse the schedule %j', async (change, target) => {
    const body = { displayName: 'x', schedules: [{ ...nightly, ...change }] };
    const answer = await api.call('PUT', `/tenants/${second}`, { body });
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ error: { code: 'invalidParameter', target } });
  });

  it('take numbers however they are written, and none that JSON cannot hold', async () => {
    const put = async (share: string) =>
      await api.call('PUT', '/tenants/33333333-3333-4333-8333-333333333333', {
        rawBody: `{"displayName":"Numbers","guards":{"maxShare":${share}}}`,
      });
    expect((await put('1e400')).status).toBe(400);
    expect((await put('1.5')).status).toBe(400);
    const answer = await put('0.50');
    expect(shown(answer)).toMatchObject({ guards: { maxShare: 0.5 } });
    await test.owner.rows("delete from tenant where display_name = 'Numbers'");
  });

  it('are listed page by page', async () => {
    await api.call('PUT', `/tenants/${second}`, { body: { displayName: 'Fabrikam' } });
    const one = await api.call('GET', '/tenants?top=1');
    const { value, nextLink } = one.body as { value: TenantShown[]; nextLink: string };
    expect(value.map((tenant) => tenant.tenantId)).toEqual([first]);
    const two = await api.call('GET', nextLink);
    expect(two.body).toMatchObject({ value: [{ tenantId: second }] });
    expect(two.body).not.toHaveProperty('nextLink');
  });

  it('stay while they have restore points or an operation, and go with their jobs otherwise', async () => {
    const path = `/tenants/${second}`;
    const headers = { 'if-match': '"1"' };
    await test.owner.rows('update tenant set head_point = 3 where tenant_id = $1', [second]);
    expect(codeOf(await api.call('DELETE', path, { headers }))).toBe('tenantNotEmpty');
    await test.owner.rows('update tenant set head_point = 0 where tenant_id = $1', [second]);
    const started = await api.call('POST', `${path}/backups`);
    expect(codeOf(await api.call('DELETE', path, { headers }))).toBe('tenantBusy');
    const { id } = started.body as { id: string };
    await test.owner.rows("update operation set status = 'failed' where id = $1", [id]);
    expect(codeOf(await api.call('DELETE', path))).toBe('preconditionRequired');
    expect((await api.call('DELETE', path, { headers })).status).toBe(204);
    expect((await api.call('GET', path)).status).toBe(404);
    const left = await test.owner.rows('select * from operation where id = $1', [id]);
    expect(left).toHaveLength(1);
  });

  it('are left in peace while paused: no backup, no live point, no restore', async () => {
    const path = `/tenants/${first}`;
    const { headers } = await api.call('GET', path);
    const etag = { 'if-match': headers['etag'] ?? '' };
    await api.call('PATCH', path, { body: { state: 'paused' }, headers: etag });
    const [row] = await test.owner.rows<{ no: number }>(
      'select tenant_no as no from tenant where tenant_id = $1',
      [first],
    );
    await test.database.withTenant(row?.no ?? 0, async (tx) => await addPoint(tx, 1));
    const planId = randomUUID();
    const planHash = 'a'.repeat(64);
    await test.owner.rows(
      `insert into restore_plan (tenant_no, id, operation_id, comparison_id, point, selection,
         options, state, hash, requested_by, expires_at)
       values ($1, $2, $2, $2, 1, '{}', '{}', 'approved', $3, 'test', now() + interval '1 day')`,
      [row?.no, planId, planHash],
    );
    const selection = { all: true };
    const who = { roles: ['Backup.Admin', 'Restore.Operator'] };
    for (const [what, body] of [
      ['backups', {}],
      ['comparisons', { from: 1, to: 'live' }],
      ['restorePlans', { restorePoint: 1, selection }],
      ['restores', { planId, planHash, reason: 'test' }],
    ] as const) {
      const answer = await api.call('POST', `${path}/${what}`, { who, body });
      expect([what, answer.status, codeOf(answer)]).toEqual([what, 409, 'tenantPaused']);
    }
    const stored = await api.call('POST', `${path}/comparisons`, { body: { from: 1, to: 1 } });
    expect(stored.status, stored.text).toBe(202);
    const [plan] = await test.owner.rows('select state from restore_plan where id = $1', [planId]);
    expect(plan).toEqual({ state: 'approved' });
  });
});
