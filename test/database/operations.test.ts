import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runDueJobs } from '../../functions/durable/due-jobs.ts';
import type { Operation } from '../../shared/model/operation.ts';
import {
  createOperation,
  getOperation,
  isCancelRequested,
  requestCancel,
  updateOperation,
} from '../../shared/repository/operations.ts';
import { codeOf, createTestApi, type TestApi } from '../support/api.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const tenantId = '11111111-1111-4111-8111-111111111111';
const backups = `/tenants/${tenantId}/backups`;
const sent = 'Tue, 24 Nov 2026 08:59:00 GMT';

describe('operations', () => {
  let test: TestDatabase;
  let api: TestApi;
  let no = 0;

  beforeAll(async () => {
    test = await createTestDatabase();
    no = await test.addTenant(tenantId);
  });
  beforeEach(async () => {
    api = createTestApi(test.database);
    await test.owner.rows("update operation set status = 'succeeded'");
  });
  afterAll(async () => await test.drop());

  const create = async (kind: Operation['kind'] = 'tenantBackup'): Promise<Operation> =>
    await test.database.withTenant(no, (tx) =>
      createOperation(tx, {
        id: randomUUID(),
        tenantNo: no,
        kind,
        requestedBy: 'schedule:nightly',
        trigger: 'schedule',
        request: { mode: 'auto' },
      }),
    );

  it('answer 202 with where to look, and are started once', async () => {
    const answer = await api.call('POST', backups, { body: { mode: 'full', label: 'Before' } });
    expect(answer.status).toBe(202);
    const { id } = answer.body as { id: string };
    expect(answer.headers).toMatchObject({
      'operation-location': `https://backup.contoso.example/api/operations/${id}`,
      'retry-after': '2',
    });
    expect(api.client.started).toEqual([
      {
        name: 'backupTenant',
        instanceId: `backup:${tenantId}`,
        input: { tenantNo: no, tenantId, operationId: id },
      },
    ]);
    await runDueJobs(api.services, api.client.asClient());
    expect(api.client.started).toHaveLength(1);
    const shown = await api.call('GET', `/operations/${id}`);
    expect(shown.body).toMatchObject({ id, kind: 'tenantBackup', tenantId, trigger: 'api' });
    expect(shown.text).not.toMatch(/runtime\/webhooks|taskHub|code=/);
    const stored = await test.database.withTenant(no, (tx) => getOperation(tx, id));
    expect(stored.request).toEqual({ mode: 'full', label: 'Before' });
  });

  it('name the running one when the tenant is busy, and let one of two at once through', async () => {
    const answers = await Promise.all([1, 2, 3].map(() => api.call('POST', backups)));
    const statuses = answers.map((answer) => answer.status).sort();
    expect(statuses).toEqual([202, 409, 409]);
    const { id } = answers.find((answer) => answer.status === 202)!.body as { id: string };
    const busy = answers.find((answer) => answer.status === 409);
    expect(busy?.body).toMatchObject({
      error: { code: 'tenantBusy', innererror: { operationId: id } },
    });
    await expect(create('restore')).resolves.toMatchObject({ kind: 'restore' });
    await expect(create('restore')).rejects.toMatchObject({ code: 'tenantBusy' });
    await expect(create('comparison')).resolves.toMatchObject({ status: 'notStarted' });
    await expect(create('comparison')).resolves.toMatchObject({ status: 'notStarted' });
  });

  it('are started by the timer when the host did not answer', async () => {
    api.client.fails = true;
    const answer = await api.call('POST', backups);
    expect(answer.status).toBe(202);
    expect(api.lines).toContainEqual(expect.objectContaining({ message: 'left to the timer' }));
    await expect(runDueJobs(api.services, api.client.asClient())).rejects.toThrow(AggregateError);
    api.client.fails = false;
    const tick = await runDueJobs(api.services, api.client.asClient());
    expect(tick.started).toBe(1);
    expect(api.client.started).toHaveLength(1);
    expect((await runDueJobs(api.services, api.client.asClient())).started).toBe(0);
  });

  it('wait while another operation works under the instance id, and adopt their own', async () => {
    const operation = await create();
    const id = `backup:${tenantId}`;
    const other = { runtimeStatus: 'Running', input: { operationId: randomUUID() } };
    api.client.instances.set(id, other);
    expect((await runDueJobs(api.services, api.client.asClient())).started).toBe(0);
    const own = { runtimeStatus: 'Pending', input: { operationId: operation.id } };
    api.client.instances.set(id, own);
    expect((await runDueJobs(api.services, api.client.asClient())).started).toBe(1);
    expect(api.client.started).toEqual([]);
  });

  it('are started once when a request and the timer come at the same moment', async () => {
    await create();
    const tick = async () => await runDueJobs(api.services, api.client.asClient());
    const ticks = await Promise.all([tick(), tick(), tick()]);
    expect(ticks.every(({ started }) => started <= 1)).toBe(true);
    expect(api.client.started).toHaveLength(1);
  });

  it('keep what a job reports until they have ended', async () => {
    const { id } = await create();
    const update = async (change: Parameters<typeof updateOperation>[2]): Promise<boolean> =>
      await test.database.withTenant(no, (tx) => updateOperation(tx, id, change));
    await update({
      status: 'running',
      phase: 'reading',
      progress: { user: { done: 5, total: 9 } },
    });
    await update({ waitingFor: { cause: 'throttled', detail: 'Graph asks to wait' } });
    await update({ counts: { done: 5, skipped: 0, conflict: 0, failed: 0, pending: 4 } });
    expect((await api.call('GET', `/operations/${id}`)).body).toMatchObject({
      status: 'running',
      phase: 'reading',
      progress: { user: { done: 5, total: 9 } },
      waitingFor: { cause: 'throttled' },
      counts: { done: 5, pending: 4 },
    });
    expect(
      await update({ status: 'succeeded', result: 'complete', waitingFor: null, warnings: ['w'] }),
    ).toBe(true);
    expect(await update({ status: 'running', phase: 'late' })).toBe(false);
    const ended = await api.call('GET', `/operations/${id}`);
    expect(ended.body).toMatchObject({ status: 'succeeded', result: 'complete', phase: 'reading' });
    expect(ended.body).not.toHaveProperty('waitingFor');
    expect(ended.headers).not.toHaveProperty('retry-after');
  });

  it('are canceled at once before they begin, and asked to stop after', async () => {
    api.client.fails = true;
    const early = (await api.call('POST', backups)).body as { id: string };
    const canceled = await api.call('POST', `/operations/${early.id}/cancel`);
    expect([canceled.status, canceled.body]).toMatchObject([202, { status: 'canceled' }]);
    api.client.fails = false;
    expect((await runDueJobs(api.services, api.client.asClient())).started).toBe(0);
    const late = (await api.call('POST', backups)).body as { id: string };
    const asked = await api.call('POST', `/operations/${late.id}/cancel`);
    expect(asked.body).toMatchObject({ status: 'canceling' });
    const stop = await test.database.withTenant(no, async (tx) => {
      await updateOperation(tx, late.id, { status: 'running', phase: 'still going' });
      return await isCancelRequested(tx, late.id);
    });
    expect(stop).toBe(true);
    const still = await api.call('GET', `/operations/${late.id}`);
    expect(still.body).toMatchObject({ status: 'canceling', phase: 'still going' });
    await test.database.withTenant(no, (tx) =>
      updateOperation(tx, late.id, { status: 'canceled' }),
    );
    const again = await test.database.withRegistry((tx) => requestCancel(tx, late.id));
    expect(again.status).toBe('canceled');
  });

  it('are cancelable by the roles of their kind only', async () => {
    const restore = await create('restore');
    const answer = await api.call('POST', `/operations/${restore.id}/cancel`, {
      who: { roles: ['Backup.Operator'] },
    });
    expect([answer.status, codeOf(answer)]).toEqual([403, 'roleMissing']);
  });

  it('are listed newest first, filtered, over several pages without gaps or repetitions', async () => {
    for (let index = 0; index < 7; index += 1) await create('comparison');
    const seen: string[] = [];
    let path: string | undefined = `/operations?kind=comparison&status=notStarted&top=3`;
    while (path !== undefined) {
      const { body } = await api.call('GET', path);
      const { value, nextLink } = body as {
        value: { id: string; kind: string }[];
        nextLink?: string;
      };
      expect(value.every(({ kind }) => kind === 'comparison')).toBe(true);
      seen.push(...value.map(({ id }) => id));
      path = nextLink;
    }
    expect(seen).toHaveLength(7);
    expect(new Set(seen).size).toBe(7);
    const rows = await test.owner.rows<{ id: string }>(
      `select id from operation where kind = 'comparison' and status = 'notStarted'
       order by created_at desc, id desc`,
    );
    expect(seen).toEqual(rows.map(({ id }) => id));
  });

  it('carry a next link to no other list, caller or day', async () => {
    for (let index = 0; index < 2; index += 1) await create('comparison');
    const first = await api.call('GET', '/operations?top=1');
    const { nextLink } = first.body as { nextLink: string };
    const token = new URL(nextLink).searchParams.get('skipToken') ?? '';
    expect(Buffer.from(token, 'base64url').toString('latin1')).not.toContain('createdAt');
    const filtered = await api.call('GET', `/operations?kind=restore&skipToken=${token}`);
    expect(codeOf(filtered)).toBe('invalidParameter');
    const elsewhere = await api.call('GET', `/auditEvents?skipToken=${token}`);
    expect(codeOf(elsewhere)).toBe('invalidParameter');
    const changed = `${token.slice(0, -2)}${token.endsWith('AA') ? 'BB' : 'AA'}`;
    const forged = await api.call('GET', `/operations?skipToken=${changed}`);
    expect(codeOf(forged)).toBe('invalidParameter');
    api.clock.advance(25 * 3_600_000);
    const old = await api.call('GET', nextLink);
    expect([old.status, codeOf(old)]).toEqual([410, 'nextLinkExpired']);
  });

  it('are made once for a repeated request, with the same answer', async () => {
    const headers = {
      'repeatability-request-id': randomUUID(),
      'repeatability-first-sent': sent,
    };
    const answers = await Promise.all(
      [1, 2, 3].map(() => api.call('POST', backups, { headers, body: { mode: 'full' } })),
    );
    expect(answers.map((answer) => answer.status)).toEqual([202, 202, 202]);
    expect(new Set(answers.map((answer) => answer.text)).size).toBe(1);
    for (const answer of answers) {
      expect(answer.headers['repeatability-result']).toBe('accepted');
      expect(answer.headers['operation-location']).toBe(answers[0]?.headers['operation-location']);
    }
    const { id } = answers[0]!.body as { id: string };
    await test.owner.rows("update operation set status = 'succeeded' where id = $1", [id]);
    const later = await api.call('POST', backups, { headers, body: { mode: 'full' } });
    expect(later.text).toBe(answers[0]?.text);
    const events = await test.owner.rows(
      "select 1 from audit_event where detail like '%' || $1 || '%'",
      [id],
    );
    expect(events).toHaveLength(1);
  });

  it('do not take a request id for another request, and forget a refused one', async () => {
    const headers = {
      'repeatability-request-id': randomUUID(),
      'repeatability-first-sent': sent,
    };
    const first = await api.call('POST', backups, { headers });
    expect(first.status).toBe(202);
    const other = await api.call('POST', backups, { headers, body: { mode: 'full' } });
    expect([other.status, codeOf(other)]).toEqual([400, 'invalidParameter']);
    const fresh = { ...headers, 'repeatability-request-id': randomUUID() };
    expect((await api.call('POST', backups, { headers: fresh })).status).toBe(409);
    const { id } = first.body as { id: string };
    await test.owner.rows("update operation set status = 'succeeded' where id = $1", [id]);
    expect((await api.call('POST', backups, { headers: fresh })).status).toBe(202);
  });

  it('are seen by a transaction of another tenant as little as other rows', async () => {
    const { id } = await create();
    const other = await test.addTenant('55555555-5555-4555-8555-555555555555');
    await test.database.withTenant(other, async (tx) => {
      await expect(getOperation(tx, id)).rejects.toMatchObject({ code: 'notFound' });
      expect(await updateOperation(tx, id, { phase: 'foreign' })).toBe(false);
      expect(await isCancelRequested(tx, id)).toBe(true);
    });
  });
});
