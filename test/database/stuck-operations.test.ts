import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runDueJobs } from '../../functions/durable/due-jobs.ts';
import { restartStuckOperations } from '../../functions/timers/stuck-operations.ts';
import { createTestApi, type TestApi, type TestClock } from '../support/api.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const tenantId = '11111111-1111-4111-8111-111111111111';
const instanceId = `backup:${tenantId}`;

/** The database keeps its own time here: heartbeats are judged by it. */
describe('the watchdog', () => {
  let test: TestDatabase;
  let api: TestApi;
  let no = 0;
  let operationId = '';
  const sessionId = randomUUID();

  beforeEach(async () => {
    test = await createTestDatabase();
    api = createTestApi(test.database);
    no = await test.addTenant(tenantId);
    const answer = await api.call('POST', `/tenants/${tenantId}/backups`);
    operationId = (answer.body as { id: string }).id;
    await test.owner.rows("update operation set status = 'running'");
    (api.clock as TestClock).time = new Date(Date.now() + 60_000);
  });
  afterEach(async () => await test.drop());

  async function openSession(beatSecondsAgo: number, state = 'open'): Promise<void> {
    await test.owner.rows(
      `insert into session (tenant_no, id, operation_id, epoch, point, state, mode)
       values ($1, $2, $3, 4, 1, $4, 'full')`,
      [no, sessionId, operationId, state],
    );
    await test.owner.rows(
      "insert into lease (tenant_no, kind, owner, epoch) values ($1, 'directory', $2, 4)",
      [no, sessionId],
    );
    await test.owner.rows(
      `insert into lease_heartbeat (tenant_no, kind, owner, beat_at, expires_at)
       values ($1, 'directory', $2, now() - $3 * interval '1 second',
         now() - $3 * interval '1 second' + interval '10 seconds')`,
      [no, sessionId, beatSecondsAgo],
    );
  }

  const watch = async () => await restartStuckOperations(api.services, api.client.asClient());
  const epochs = async () =>
    await test.owner.rows<{ lease: number; session: number }>(
      `select l.epoch as lease, s.epoch as session from lease l join session s on s.id = l.owner`,
    );

  it('leaves a session alone that has missed less than three leases', async () => {
    await openSession(29);
    expect(await watch()).toBe(0);
    expect(await epochs()).toEqual([{ lease: 4, session: 4 }]);
    expect(api.client.terminated).toEqual([]);
  });

  it('fences, ends and restarts one that has missed three, and reports it', async () => {
    await openSession(31);
    const child = `${instanceId}:4:0:user`;
    const other = 'backup:22222222-2222-4222-8222-222222222222:1:0:user';
    for (const id of [child, other]) {
      api.client.instances.set(id, { runtimeStatus: 'Running', input: {} });
    }
    expect(await watch()).toBe(1);
    expect(await epochs()).toEqual([{ lease: 5, session: 5 }]);
    expect(api.client.terminated).toEqual([instanceId, child]);
    expect(await watch()).toBe(0);
    expect((await runDueJobs(api.services, api.client.asClient())).started).toBe(1);
    expect(api.client.started.map(({ input }) => input)).toEqual([
      { tenantNo: no, tenantId, operationId },
      { tenantNo: no, tenantId, operationId },
    ]);
    const shown = await api.call('GET', `/operations/${operationId}`);
    expect(shown.body).toMatchObject({
      status: 'running',
      warnings: ['the job had stopped and was started again'],
    });
    const events = await api.call('GET', '/auditEvents?top=1');
    expect(events.body).toMatchObject({
      value: [{ action: 'operation.restart', principalId: 'system' }],
    });
  });

  it('restarts one whose instance is in a task hub that is gone', async () => {
    await openSession(31);
    api.client.instances.clear();
    expect(await watch()).toBe(1);
    expect(api.client.terminated).toEqual([]);
    expect((await runDueJobs(api.services, api.client.asClient())).started).toBe(1);
  });

  it('restarts a silent operation without session only when nothing runs for it any more', async () => {
    api.clock.advance(31 * 60_000);
    expect(await watch()).toBe(0);
    api.client.instances.set(instanceId, { runtimeStatus: 'Failed', input: {} });
    expect(await watch()).toBe(1);
    expect((await runDueJobs(api.services, api.client.asClient())).started).toBe(1);
  });

  it('leaves ended and paused operations alone', async () => {
    await openSession(31);
    await test.owner.rows("update operation set status = 'paused'");
    expect(await watch()).toBe(0);
    await test.owner.rows("update operation set status = 'failed'");
    expect(await watch()).toBe(0);
  });
});
