import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runDueJobs } from '../../functions/durable/due-jobs.ts';
import { nextRun } from '../../functions/durable/schedule-times.ts';
import type { Schedule } from '../../shared/model/tenant.ts';
import { moveJob, replaceJobs, takeJob } from '../../shared/repository/jobs.ts';
import { createTestApi, type TestApi } from '../support/api.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const hourly: Schedule = {
  name: 'hourly',
  kind: 'tenantBackup',
  cron: '0 * * * *',
  timeZone: 'UTC',
  spreadSeconds: 0,
};

describe('due jobs', () => {
  let test: TestDatabase;
  let api: TestApi;
  let no = 0;

  beforeEach(async () => {
    test = await createTestDatabase();
    api = createTestApi(test.database);
    no = await addTenant();
  });
  afterEach(async () => await test.drop());

  /** A tenant with an hourly job, due at ten. */
  async function addTenant(): Promise<number> {
    const tenantId = randomUUID();
    const tenantNo = await test.addTenant(tenantId);
    const nextRunAt = nextRun(hourly, tenantId, api.clock.now());
    await test.database.withTenant(tenantNo, (tx) =>
      replaceJobs(tx, tenantNo, [{ schedule: hourly, nextRunAt }]),
    );
    return tenantNo;
  }

  const tick = async () => await runDueJobs(api.services, api.client.asClient());
  const job = async () =>
    (
      await test.owner.rows<{ next_run_at: Date; last_operation_id: string | null }>(
        'select * from job where tenant_no = $1',
        [no],
      )
    )[0];

  it('wait for their time, then become one operation that is started', async () => {
    expect(await tick()).toEqual({ created: 0, passed: 0, started: 0 });
    api.clock.advance(3_600_000);
    expect(await tick()).toEqual({ created: 1, passed: 0, started: 1 });
    expect(await tick()).toEqual({ created: 0, passed: 0, started: 0 });
    const [operation] = await test.owner.rows<{ id: string }>('select * from operation');
    expect(operation).toMatchObject({ trigger: 'schedule', requested_by: 'schedule:hourly' });
    expect(await job()).toMatchObject({
      next_run_at: new Date('2026-11-24T11:00:00Z'),
      last_operation_id: operation?.id,
    });
  });

  it('become a log backup with the logs of their schedule', async () => {
    const schedules: Schedule[] = [
      { ...hourly, name: 'audits', kind: 'logBackup', sources: ['directoryAudits', 'signIns'] },
      { ...hourly, name: 'logs', kind: 'logBackup', cron: '30 * * * *' },
    ];
    const jobs = schedules.map((schedule) => ({ schedule, nextRunAt: api.clock.now() }));
    await test.database.withTenant(no, (tx) => replaceJobs(tx, no, jobs));
    expect(await tick()).toEqual({ created: 1, passed: 1, started: 1 });
    const [operation] = await test.owner.rows<{ id: string }>('select * from operation');
    expect(operation).toMatchObject({
      kind: 'logBackup',
      requested_by: 'schedule:audits',
      request: '{"sources":["directoryAudits","signIns"]}',
    });
    expect(api.client.started).toEqual([
      expect.objectContaining({ instanceId: expect.stringMatching(/^logs:/) as string }),
    ]);
  });

  it('run once after missed hours', async () => {
    api.clock.advance(5.5 * 3_600_000);
    expect((await tick()).created).toBe(1);
    expect((await job())?.next_run_at).toEqual(new Date('2026-11-24T15:00:00Z'));
    expect((await tick()).created).toBe(0);
  });

  it('start once when several processes look at the same time', async () => {
    for (let index = 0; index < 5; index += 1) await addTenant();
    api.clock.advance(3_600_000);
    const ticks = await Promise.all([tick(), tick(), tick(), tick()]);
    expect(ticks.reduce((sum, { created }) => sum + created, 0)).toBe(6);
    const rows = await test.owner.rows('select * from operation');
    expect(rows).toHaveLength(6);
    const started = new Set(api.client.started.map(({ instanceId }) => instanceId));
    expect(started.size).toBe(6);
  });

  it('are taken by one transaction, and not again by one that had seen them due before', async () => {
    api.clock.advance(3_600_000);
    const now = api.clock.now();
    const take = async (work: () => Promise<void>) =>
      await test.database.withTenant(no, async (tx) => {
        const taken = await takeJob(tx, no, 'hourly', now);
        await work();
        if (taken !== undefined)
          await moveJob(tx, taken, new Date(now.getTime() + 60_000), undefined);
        return taken !== undefined;
      });
    let second = true;
    const first = await take(async () => {
      second = await take(async () => undefined);
    });
    expect([first, second]).toEqual([true, false]);
    expect(await take(async () => undefined)).toBe(false);
  });

  it('are passed over while the tenant is busy or paused, and come back at their next time', async () => {
    api.clock.advance(3_600_000);
    await tick();
    api.clock.advance(3_600_000);
    expect(await tick()).toEqual({ created: 0, passed: 1, started: 0 });
    expect((await job())?.next_run_at).toEqual(new Date('2026-11-24T12:00:00Z'));
    await test.owner.rows("update operation set status = 'succeeded'");
    await test.owner.rows("update tenant set state = 'paused'");
    api.clock.advance(3_600_000);
    expect((await tick()).passed).toBe(1);
    await test.owner.rows("update tenant set state = 'active'");
    api.clock.advance(3_600_000);
    expect((await tick()).created).toBe(1);
  });

  it('do not keep each other from starting', async () => {
    await test.owner.rows("update job set time_zone = 'Mars/Olympus'");
    await addTenant();
    api.clock.advance(3_600_000);
    await expect(tick()).rejects.toThrow(AggregateError);
    const rows = await test.owner.rows('select * from operation');
    expect(rows).toHaveLength(1);
  });

  it('show in health when they are overdue', async () => {
    const healthy = await api.call('GET', '/health/ready', {
      authorization: null,
      apiVersion: null,
    });
    expect(healthy.body).toEqual({ status: 'ready', jobs: { overdue: 0 } });
    api.clock.advance(2 * 3_600_000);
    const late = await api.call('GET', '/health/ready', { authorization: null, apiVersion: null });
    expect(late.body).toEqual({
      status: 'ready',
      jobs: { overdue: 1, overdueSince: '2026-11-24T10:00:00.000Z' },
    });
  });

  it('are started by any request when the timer has stopped', async () => {
    api.clock.advance(3_600_000 + 2 * 60_000);
    await api.call('GET', '/tenants');
    expect(api.client.started).toEqual([]);
    api.clock.advance(2 * 60_000);
    await api.call('GET', '/tenants');
    expect(api.client.started).toHaveLength(1);
    expect(api.lines.map(({ message }) => message)).toContain(
      'overdue jobs were started by a request',
    );
  });

  it('forget repeatable requests after seven days', async () => {
    const insert = (age: string) =>
      test.owner.rows(
        `insert into repeatable_request (principal_id, request_id, fingerprint, created_at)
         values (gen_random_uuid(), gen_random_uuid(), '', $1::timestamptz - $2::interval)`,
        [api.clock.now(), age],
      );
    await insert('7 days 1 minute');
    await insert('6 days');
    await tick();
    expect(await test.owner.rows('select 1 from repeatable_request')).toHaveLength(1);
  });
});
