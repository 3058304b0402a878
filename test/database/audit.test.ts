import { randomUUID } from 'node:crypto';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import {
  administrator,
  apiTenantId,
  claimsOf,
  createTestApi,
  sign,
  type TestApi,
  type Who,
} from '../support/api.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { ids, writePeople } from './people-fixture.ts';

const mine = '11111111-1111-4111-8111-111111111111';
const foreign = '22222222-2222-4222-8222-222222222222';
const unknown = '33333333-3333-4333-8333-333333333333';
const at = (n: number): string => `b0000000-0000-4000-8000-00000000000${n}`;
const reader: Who = { oid: at(1), roles: ['Backup.Reader'] };
const operator: Who = { oid: at(2), roles: ['Backup.Operator', 'Restore.Operator'] };
const approver: Who = { oid: at(3), roles: ['Restore.Approver'] };
const both: Who = { oid: at(4), roles: ['Restore.Operator', 'Restore.Approver'] };
const stranger: Who = { oid: at(9), roles: ['Backup.Admin'] };
const hash = 'a'.repeat(64);
const wrong = 'b'.repeat(64);

interface Event {
  readonly action: string;
  readonly principalId: string;
  readonly tenantId?: string;
  readonly target: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

describe('the audit trail', () => {
  let test: TestDatabase | undefined;
  let api: TestApi;

  beforeEach(async () => {
    await test?.drop();
    test = await createTestDatabase();
    api = createTestApi(test.database);
    const no = await test.addTenant(mine);
    await test.addTenant(foreign);
    await test.database.withTenant(no, writePeople);
    await test.owner.rows('update tenant set head_point = 3 where tenant_no = $1', [no]);
    const all = [{ allTenants: true, roles: ['Backup.Admin', 'Security.Auditor'] }];
    await api.call('PUT', `/access/${administrator}`, { body: { assignments: all } });
    for (const { oid, roles } of [reader, operator, approver, both]) {
      const assignments = [{ tenantId: mine, roles }];
      await api.call('PUT', `/access/${oid}`, { body: { assignments } });
    }
  });
  afterAll(async () => await test?.drop());

  /** Events since the set-up, oldest first. */
  async function events(of = /./): Promise<Event[]> {
    const { body } = await api.call('GET', '/auditEvents?top=500');
    const { value } = body as { value: Event[] };
    return value.filter(({ action }) => action !== 'access.replace' && of.test(action)).reverse();
  }

  async function addPlan(state: string, requestedBy: string | undefined): Promise<string> {
    const id = randomUUID();
    await test?.owner.rows(
      `insert into restore_plan (tenant_no, id, operation_id, comparison_id, point, selection,
         options, state, hash, requested_by, expires_at)
       select tenant_no, $2, $3, $3, 1, '{}', '{}', $4, $5, $6, now() + interval '1 day'
       from tenant where tenant_id = $1`,
      [mine, id, randomUUID(), state, hash, requestedBy],
    );
    return id;
  }

  it('holds each refused decision about a restore, with its kind and without its reason', async () => {
    const ready = await addPlan('ready', both.oid);
    const approved = await addPlan('approved', operator.oid);
    const reason = 'Anna asked for it';
    const decide = async (who: Who, id: string, planHash: string): Promise<number> => {
      const body = { planHash, reason };
      const path = `/tenants/${mine}/restorePlans/${id}/approve`;
      return (await api.call('POST', path, { who, body })).status;
    };
    const apply = async (who: Who, planId: string, planHash: string): Promise<number> => {
      const body = { planId, planHash, reason };
      return (await api.call('POST', `/tenants/${mine}/restores`, { who, body })).status;
    };
    expect(await decide(both, ready, hash)).toBe(403);
    expect(await decide(approver, ready, wrong)).toBe(412);
    expect(await decide(operator, ready, hash)).toBe(403);
    expect(await apply(operator, ready, hash)).toBe(403);
    expect(await apply(operator, approved, wrong)).toBe(412);
    const approve = `/api/tenants/${mine}/restorePlans/${ready}/approve`;
    const restores = `/api/tenants/${mine}/restores`;
    const found = await events();
    expect(found.map(({ action, principalId, target }) => [action, principalId, target])).toEqual([
      ['refused.selfApproval', both.oid, approve],
      ['refused.planHashMismatch', approver.oid, approve],
      ['refused.roleMissing', operator.oid, approve],
      ['refused.approvalMissing', operator.oid, restores],
      ['refused.planHashMismatch', operator.oid, restores],
    ]);
    expect(found.every(({ tenantId }) => tenantId === mine)).toBe(true);
    expect(found[3]?.detail).toEqual({ route: 'createRestore', act: 'restore.create' });
    expect(JSON.stringify(found)).not.toContain('Anna');
  });

  it('tells the auditors of a tenant who looked at it from outside', async () => {
    const paths = [`/tenants/${foreign}`, `/tenants/${unknown}`, `/operations?tenantId=${foreign}`];
    for (const path of paths) {
      expect((await api.call('GET', path, { who: reader })).status).toBe(404);
    }
    expect(await events()).toMatchObject([
      { action: 'refused.foreignTenant', tenantId: foreign, detail: { route: 'getTenant' } },
      { action: 'refused.foreignTenant', target: `/api/tenants/${unknown}` },
      { action: 'refused.foreignTenant', tenantId: foreign, detail: { route: 'listOperations' } },
    ]);
    expect((await events())[1]).not.toHaveProperty('tenantId');
    // an administrator of all tenants has mistyped an id
    expect((await api.call('GET', `/tenants/${unknown}`)).status).toBe(404);
    expect(await events()).toHaveLength(3);
  });

  it('holds nothing about callers without a token and about strangers who guess tenants', async () => {
    const spoilt = await sign(claimsOf(api.clock, stranger, { aud: apiTenantId }));
    for (const authorization of [null, 'Bearer x', `Bearer ${spoilt}`]) {
      expect((await api.call('GET', `/tenants/${mine}`, { authorization })).status).toBe(401);
    }
    for (const tenant of [mine, unknown]) {
      expect((await api.call('GET', `/tenants/${tenant}`, { who: stranger })).status).toBe(404);
    }
    expect(await events()).toEqual([]);
    expect((await api.call('GET', '/tenants', { who: stranger })).status).toBe(403);
    expect(await events()).toMatchObject([
      { action: 'refused.roleMissing', principalId: stranger.oid, target: '/api/tenants' },
    ]);
  });

  it('keeps what a caller writes into an address out of the event', async () => {
    const name = 'anna@contoso.example';
    const path = `/tenants/${mine}/restorePoints/asOf=2026-01-01T00:00:00Z`;
    const answer = await api.call('PATCH', `${path}?note=${name}`, {
      who: reader,
      body: { label: name },
    });
    expect(answer.status).toBe(403);
    const [event] = await events();
    expect(event?.target).toBe(`/api/tenants/${mine}/restorePoints/{n}`);
    expect(JSON.stringify(event)).not.toContain('anna');
  });

  it('cannot be flooded by one caller: the last event of an hour says that more are left out', async () => {
    for (let n = 0; n < 70; n += 1) {
      await api.call('POST', `/tenants/${mine}/backups`, { who: reader });
    }
    await api.call('GET', `/tenants/${foreign}`, { who: reader });
    await api.call('POST', `/tenants/${mine}/backups`, { who: approver });
    const kinds = Map.groupBy(await events(), ({ action, principalId }) => action + principalId);
    const counts = [...kinds].map(([kind, list]) => [kind, list.length]);
    expect(counts).toEqual([
      [`refused.roleMissing${reader.oid}`, 60],
      [`refused.foreignTenant${reader.oid}`, 1],
      [`refused.roleMissing${approver.oid}`, 1],
    ]);
    const flood = kinds.get(`refused.roleMissing${reader.oid}`) ?? [];
    const marked = flood.map(({ detail }) => detail['moreInThisHourAreNotRecorded'] === true);
    expect(marked.indexOf(true)).toBe(59);
    await test?.owner.rows(`update audit_event set at = at - interval '61 minutes'`);
    await api.call('POST', `/tenants/${mine}/backups`, { who: reader });
    expect(await events(/roleMissing/)).toHaveLength(62);
  });

  it('holds who read values of attributes, once per answer, without a value', async () => {
    const path = `/tenants/${mine}/restorePoints/2/objects/user/${ids.anna}`;
    for (const [who, more] of [
      [operator, ''],
      [operator, '?view=raw'],
      [reader, ''],
    ] as const) {
      expect((await api.call('GET', `${path}${more}`, { who })).status).toBe(200);
    }
    expect((await api.call('GET', `${path}?view=raw`, { who: reader })).status).toBe(403);
    const found = await events();
    expect(found).toMatchObject([
      { action: 'values.read', principalId: operator.oid, tenantId: mine, target: `/api${path}` },
      { action: 'values.read', detail: { route: 'getObject', restorePoint: 2, view: 'raw' } },
      { action: 'refused.roleMissing', principalId: reader.oid, detail: { route: 'getObject' } },
    ]);
    expect(found).toHaveLength(3);
    expect(JSON.stringify(found)).not.toMatch(/Anna/i);
  });

  it('holds who read the values of differences', async () => {
    const comparison = randomUUID();
    await test?.owner.rows(
      `with c as (insert into comparison (tenant_no, id, operation_id, purpose, from_point,
         to_point, selection, state, created_by)
         select tenant_no, $2, $2, 'comparison', 1, 2, '{"all":true}', 'ready', 'test'
         from tenant where tenant_id = $1 returning tenant_no)
       insert into difference (tenant_no, comparison_id, no, type, change, selected, detail)
       select tenant_no, $2, 1, 'user', 'modified', true, $3 from c`,
      [mine, comparison, '{"properties":[{"name":"city","to":"Oslo"}],"parts":[]}'],
    );
    const path = `/tenants/${mine}/comparisons/${comparison}/differences`;
    for (const who of [operator, reader]) {
      expect((await api.call('GET', path, { who })).status).toBe(200);
    }
    await api.call('GET', `${path}?type=group`, { who: operator });
    expect(await events()).toMatchObject([
      {
        action: 'values.read',
        principalId: operator.oid,
        detail: { route: 'listDifferences', comparisonId: comparison, items: 1 },
      },
    ]);
    expect(await events()).toHaveLength(1);
  });
});
