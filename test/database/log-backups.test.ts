// POST /logBackups, and what the schedules of a tenant say of logs.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { createTestApi, type TestApi } from '../support/api.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'entra-backup-log-routes-'));
const key = path.join(folder, 'logs.key');
writeFileSync(key, randomBytes(32));
const logs = {
  PRIMARY_LOG_REPOSITORY: pathToFileURL(folder).href,
  PRIMARY_LOG_REPOSITORY_KEY: key,
};
const tenantId = '11111111-1111-4111-8111-111111111111';
const target = `/tenants/${tenantId}/logBackups`;
let test: TestDatabase;
let api: TestApi;

beforeAll(async () => {
  test = await createTestDatabase();
  await test.addTenant(tenantId);
});
afterAll(async () => {
  await test.drop();
  rmSync(folder, { recursive: true });
});
beforeEach(async () => {
  await test.owner.rows('delete from operation');
  api = createTestApi(test.database, logs);
});

it('starts the collection of the logs asked for, or of all', async () => {
  const answer = await api.call('POST', target, { body: { sources: ['signIns'] } });
  expect(answer.status, answer.text).toBe(202);
  const { id } = answer.body as { id: string };
  expect(answer.headers['operation-location']).toMatch(new RegExp(`/api/operations/${id}$`));
  expect(api.client.started).toEqual([
    {
      name: 'collectLogs',
      instanceId: `logs:${tenantId}`,
      input: { tenantNo: expect.any(Number) as number, tenantId, operationId: id },
    },
  ]);
  const [row] = await test.owner.rows('select request from operation');
  expect(row).toEqual({ request: '{"sources":["signIns"]}' });
});

it('refuses a second one and names the first, and lets a backup of the tenant run beside it', async () => {
  const { body } = await api.call('POST', target);
  const again = await api.call('POST', target);
  expect(again.status).toBe(409);
  expect(again.body).toMatchObject({ error: { code: 'tenantBusy' } });
  expect(again.text).toContain((body as { id: string }).id);
  expect((await api.call('POST', `/tenants/${tenantId}/backups`)).status).toBe(202);
});

it('answers a repeated request with the first answer', async () => {
  const headers = {
    'repeatability-request-id': '5f0e9f3c-9d1d-4d0e-8f6b-0123456789ab',
    'repeatability-first-sent': api.clock.now().toUTCString(),
  };
  const first = await api.call('POST', target, { headers });
  const again = await api.call('POST', target, { headers });
  expect([first.status, again.status], again.text).toEqual([202, 202]);
  expect((again.body as { id: string }).id).toBe((first.body as { id: string }).id);
});

it.each([
  [{ sources: ['mail'] }, 'invalidParameter'],
  [{ sources: [] }, 'invalidParameter'],
  [{ sources: ['signIns', 'signIns'] }, 'invalidParameter'],
  [{ mode: 'full' }, 'unknownParameter'],
])('refuses %j', async (body, code) => {
  const answer = await api.call('POST', target, { body });
  expect(answer.status).toBe(400);
  expect(answer.body).toMatchObject({ error: { code } });
});

it('says what to set when there is no log repository', async () => {
  const plain = createTestApi(test.database);
  const answer = await plain.call('POST', target);
  expect(answer.status).toBe(409);
  expect(answer.body).toMatchObject({
    error: {
      code: 'logsNotConfigured',
      message: expect.stringContaining('PRIMARY_LOG_REPOSITORY') as string,
    },
  });
  expect(await test.owner.rows('select 1 from operation')).toEqual([]);
});

it('is for operators: a reader is refused, and so is a paused tenant', async () => {
  const who = { roles: ['Backup.Reader'] };
  expect((await api.call('POST', target, { who })).status).toBe(403);
  await test.owner.rows(`update tenant set state = 'paused'`);
  const answer = await api.call('POST', target);
  await test.owner.rows(`update tenant set state = 'active'`);
  expect(answer.body).toMatchObject({ error: { code: 'tenantPaused' } });
});

it('keeps the logs of a schedule, and changes them', async () => {
  const path = `/tenants/${tenantId}`;
  const schedule = {
    name: 'logs',
    kind: 'logBackup',
    cron: '*/15 * * * *',
    timeZone: 'UTC',
    spreadSeconds: 0,
  };
  const put = async (sources?: readonly string[]): Promise<unknown> => {
    const { headers } = await api.call('GET', path);
    const answer = await api.call('PUT', path, {
      headers: { 'if-match': headers['etag'] ?? '' },
      body: { displayName: 'Contoso', schedules: [{ ...schedule, ...(sources && { sources }) }] },
    });
    expect(answer.status, answer.text).toBe(200);
    return (answer.body as { schedules: unknown[] }).schedules[0];
  };
  const sources = ['directoryAudits', 'provisioning'];
  expect(await put(sources)).toEqual({ ...schedule, sources });
  expect(await test.owner.rows('select sources from job')).toEqual([{ sources }]);
  expect(await put()).toEqual(schedule);
  expect(await test.owner.rows('select sources from job')).toEqual([{ sources: null }]);
});

it('shows logs that were never asked for, and hours that nothing is known of', async () => {
  const logsOf = `/tenants/${tenantId}/logs`;
  const all = await api.call('GET', logsOf);
  expect(all.body).toMatchObject({
    value: expect.arrayContaining([{ source: 'signIns', state: 'never' }]) as unknown,
    quota: { neededRequestsPerHour: 0, possibleRequestsPerHour: 1764, keepsUp: true },
  });
  const hours = await api.call(
    'GET',
    `${logsOf}/signIns/hours?from=2026-11-24T08:00:00Z&to=2026-11-24T10:00:00Z`,
  );
  const empty = { records: 0, versions: 0, readTimes: 0, complete: false, gaps: [] };
  expect(hours.body).toEqual({
    value: [
      { hour: '2026-11-24T08:00:00Z', ...empty },
      { hour: '2026-11-24T09:00:00Z', ...empty },
    ],
  });
});

it.each([
  ['from=2026-11-24T08:00:00Z&to=2026-11-24T08:00:00Z', 'to'],
  ['from=2026-09-24T08:00:00Z&to=2026-11-24T08:00:00Z', 'to'],
  ['from=2026-11-24T08:00:00Z', 'to'],
  ['from=yesterday&to=2026-11-24T08:00:00Z', 'from'],
  ['from=2026-11-24T07:00:00Z&to=2026-11-24T08:00:00Z&repository=secondary', 'repository'],
])('refuses hours of %s', async (query, where) => {
  const answer = await api.call('GET', `/tenants/${tenantId}/logs/signIns/hours?${query}`);
  expect(answer.status, answer.text).toBe(400);
  expect(answer.body).toMatchObject({ error: { code: 'invalidParameter', target: where } });
});
