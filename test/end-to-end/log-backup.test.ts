// The backup of logs through the real application, killed, canceled, scheduled, without licence,
// permission or cache: what the repository holds is what the simulator says was in the logs.
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { LogChange } from '../../local/graph-simulator/control/client.ts';
import { readerPermissions } from '../../local/graph-simulator/permissions.ts';
import { type Azurite, startAzurite } from '../../local/stack/azurite.ts';
import { openLocalKey } from '../../shared/encryption/local-key.ts';
import { openLogStore } from '../../shared/log-repository/open-log-store.ts';
import { type LogSource, logSources } from '../../shared/model/log-source.ts';
import { Secret } from '../../shared/settings/secret.ts';
import { AppProcess, type OperationView, until } from '../support/app-process.ts';
import { createInstallation, type Installation } from '../support/installation.ts';
import { simulatedSources } from '../support/log-lab.ts';
import { type StoredLogs, shownRecords, storedLines } from '../support/stored-logs.ts';

const HOUR = 3_600_000;
const folder = mkdtempSync(path.join(tmpdir(), 'entra-backup-log-backup-'));
let installation: Installation;
let azurite: Azurite;
let app: AppProcess;
let logs: StoredLogs;
let environment: Record<string, string>;
let tenantId: string;

/** Names and addresses of people: each in one record, and nowhere else. */
const planted = Array.from(
  { length: 25 },
  (_, number) =>
    [
      `Planted Person ${randomBytes(6).toString('hex')}`,
      `planted.${randomBytes(6).toString('hex')}@contoso.example`,
      `2001:db8:${randomBytes(2).toString('hex')}:${randomBytes(2).toString('hex')}::${1000 + number}`,
    ][number % 3] ?? '',
);

beforeAll(async () => {
  const key = path.join(folder, 'primary.key');
  writeFileSync(key, randomBytes(32), { mode: 0o600 });
  [installation, azurite] = await Promise.all([
    createInstallation(),
    startAzurite(path.join(folder, 'azurite'), path.join(folder, 'azurite.log')),
  ]);
  const { connectionString } = azurite;
  await BlobServiceClient.fromConnectionString(connectionString).createContainer('logs');
  const address = `${connectionString};Container=logs`;
  logs = { store: openLogStore(new Secret(address)), keys: openLocalKey(key) };
  environment = {
    PRIMARY_LOG_REPOSITORY: address,
    PRIMARY_LOG_REPOSITORY_KEY: key,
    CACHE_REPOSITORY: connectionString,
    LOG_REQUESTS_PER_SECOND: '500',
  };
  await installation.control.throttling({ reports: false });
  app = new AppProcess(installation);
  tenantId = await addTenant('p2', logSources);
});

afterAll(async () => {
  await app.stop();
  await azurite.stop();
  await installation.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Hours: within the fifth window of a first run, whose widths are 1, 2, 4, 8, 16 hours. */
const earliest = { free: 7 * 24 - 22, p2: 30 * 24 - 22 };

async function addTenant(licence: 'free' | 'p2', sources: readonly LogSource[]): Promise<string> {
  const id = await installation.addTenant({ seed: 5, users: 50, groups: 10 });
  const now = await installation.control.clock();
  // what is read first and what is read last
  const times = [
    { from: now - earliest[licence] * HOUR, to: now - (earliest[licence] - 3) * HOUR, seed: 1 },
    { from: now - 20 * HOUR, to: now - HOUR, seed: 2 },
  ];
  const streams = sources.flatMap((source) =>
    times.map((time): LogChange => {
      const stream = { source: simulatedSources[source], records: 75, bytes: 900, ...time };
      return { kind: 'stream', stream };
    }),
  );
  const settings: LogChange = { kind: 'settings', settings: { licence } };
  await installation.control.changeLogs(id, settings, ...streams, withPlanted(now));
  return id;
}

function withPlanted(now: number): LogChange {
  const records = planted.map((name, number) => {
    const time = new Date(now - 2 * HOUR - number * 1000).toISOString().replace('Z', '0000Z');
    const user = { id: randomUUID(), displayName: name, userPrincipalName: name };
    const initiatedBy = { user: { ...user, ipAddress: name }, app: null };
    const text = { id: `Directory_${randomUUID()}`, activityDateTime: time, initiatedBy };
    return { text: JSON.stringify(text) };
  });
  return { kind: 'add', source: 'directoryAudits', records };
}

const pathOf = (id: string): string => `/api/tenants/${id}/logBackups`;

async function run(id: string, sources?: readonly LogSource[]): Promise<OperationView> {
  const body = sources === undefined ? {} : { sources };
  const { id: operation } = await app.call<OperationView>('operator', 'POST', pathOf(id), body);
  return await app.ended(operation);
}

async function expectStored(id: string, sources: readonly LogSource[]): Promise<void> {
  for (const source of sources) {
    const truth = await shownRecords(installation.control, id, source);
    expect(await storedLines(logs, id, source), source).toEqual(truth);
  }
}

it('stores every record of every log once, byte for byte, though it is killed on the way', async () => {
  await app.start({ environment, failpoint: 'logs.manifest.appended:kill:28' });
  await app.register(tenantId);
  const started = await app.call<OperationView>('operator', 'POST', pathOf(tenantId));
  expect(await app.died()).toBe('SIGKILL');
  await app.start({ environment });
  const ended = await app.ended(started.id);
  expect(ended).toMatchObject({ status: 'succeeded', result: 'complete', warnings: [] });
  await expectStored(tenantId, logSources);
  const progress = Object.fromEntries(
    logSources.map((source) => [source, { done: source === 'directoryAudits' ? 175 : 150 }]),
  );
  expect(ended).toMatchObject({ progress });
});

it('finds nothing new the second time, beside a backup of the tenant, and runs once at a time', async () => {
  const backup = await app.startBackup(tenantId);
  const first = await app.call<OperationView>('operator', 'POST', pathOf(tenantId));
  const second = await app.send('operator', 'POST', pathOf(tenantId));
  expect(second).toMatchObject({
    status: 409,
    body: { error: { code: 'tenantBusy', message: expect.stringContaining(first.id) as string } },
  });
  const ended = await app.succeeded(first.id);
  expect(Object.values(ended.progress).map(({ done }) => done)).toEqual([0, 0, 0, 0, 0, 0]);
  await app.succeeded(backup);
  await expectStored(tenantId, ['signIns']);
});

it('shows how each log stands, and counts, completeness and gaps of its hours', async () => {
  const target = `/api/tenants/${tenantId}/logs`;
  const { value } = await app.call<{ value: object[] }>('operator', 'GET', target);
  const state = { state: 'caughtUp', retentionDays: 30, unansweredWindows: 0 };
  expect(value).toMatchObject(logSources.map((source) => ({ source, ...state })));
  const now = await installation.control.clock();
  const hour = (ago: number): string => new Date(now - ago * HOUR).toISOString();
  const query = `from=${hour(30)}&to=${hour(0)}`;
  const hours = await app.call<{ value: { records: number; complete: boolean }[] }>(
    'operator',
    'GET',
    `${target}/signIns/hours?${query}`,
  );
  expect(hours.value).toHaveLength(31);
  expect(hours.value.reduce((sum, { records }) => sum + records, 0)).toBe(75);
  // hours of more than a day ago were read once, so late that nothing can follow
  expect(hours.value.map(({ complete }) => complete).indexOf(false)).toBeGreaterThan(2);
  expect(hours.value.at(-1)).toMatchObject({ complete: false, gaps: [] });
});

it('runs by schedule, without a backup of the tenant, and states a missing licence', async () => {
  const sources: readonly LogSource[] = ['directoryAudits', 'signIns'];
  const id = await addTenant('free', sources);
  await app.call('admin', 'PUT', `/api/tenants/${id}`, {
    displayName: 'contoso.example',
    schedules: [{ name: 'logs', kind: 'logBackup', cron: '*/15 * * * *', sources }],
  });
  const { db } = installation;
  await db.owner.rows(
    `update job set next_run_at = now() - interval '1 minute' where name = 'logs'`,
  );
  await app.runTimer('startDueJobs');
  const query = `/api/operations?tenantId=${id}&kind=logBackup`;
  const operations = async (): Promise<readonly OperationView[]> =>
    (await app.call<{ value: OperationView[] }>('operator', 'GET', query)).value;
  await until(async () => (await operations()).length > 0, 20_000, 'no operation begins');
  const [found] = await operations();
  const ended = await app.ended(found?.id ?? '');
  expect(ended).toMatchObject({
    trigger: 'schedule',
    status: 'succeeded',
    result: 'complete',
    progress: { directoryAudits: { done: 175 }, signIns: { done: 0 } },
    warnings: [expect.stringMatching(/^signIns: graphNotLicensed: /)],
  });
  await expectStored(id, ['directoryAudits']);
});

it('stops when it is canceled, and the next run goes on from there', async () => {
  const id = await addTenant('p2', ['signIns']);
  await app.register(id);
  const slow = {
    match: { path: '/auditLogs/signIns' },
    fault: { kind: 'delay', milliseconds: 900 },
  };
  await installation.control.faults({ name: 'slow logs', ...slow } as never);
  const { id: operation } = await app.call<OperationView>('operator', 'POST', pathOf(id), {
    sources: ['signIns'],
  });
  await until(async () => (await app.operation(operation)).phase !== '', 20_000, 'no phase');
  await app.call('operator', 'POST', `/api/operations/${operation}/cancel`);
  expect(await app.ended(operation, 15_000)).toMatchObject({ status: 'canceled' });
  await installation.control.clearFaults();
  expect(await run(id, ['signIns'])).toMatchObject({ result: 'complete' });
  await expectStored(id, ['signIns']);
});

it('names the permission when Graph refuses, and the setting when there is no cache', async () => {
  const id = randomUUID();
  const permissions = readerPermissions.filter((name) => !/Log\.Read\.All$/.test(name));
  const { BACKUP_CLIENT_ID: appId = '', TEST_SECRET: value = '' } = installation.environment;
  await installation.control.createTenant({
    tenantId: id,
    registrations: [{ appId, secrets: [{ value }], permissions }],
  });
  await app.register(id);
  const refused = await run(id, ['signIns']);
  expect(refused).toMatchObject({ status: 'failed', error: { code: 'graphForbidden' } });
  expect(refused.error?.message).toContain('AuditLog.Read.All');
  await app.stop();
  const { CACHE_REPOSITORY: _cache, ...rest } = environment;
  await app.start({ environment: rest });
  const stopped = await run(tenantId, ['signIns']);
  expect(stopped).toMatchObject({ status: 'failed', error: { code: 'cacheUnreachable' } });
});

it('writes no name or address of a person anywhere but into segments', async () => {
  await app.stop();
  const stored = (await storedLines(logs, tenantId, 'directoryAudits')).join('\n');
  expect(planted.filter((name) => !stored.includes(name))).toEqual([]);
  const { db, control, folder: own } = installation;
  const rows = await db.owner.rows<{ row: string }>(
    `select row_to_json(r)::text as row from operation r
     union all select row_to_json(r)::text from log_source r
     union all select row_to_json(r)::text from audit_event r`,
  );
  const files = readdirSync(own).filter((name) => /^app\.(log|sqlite)/.test(name));
  expect(files).toEqual(expect.arrayContaining(['app.log', 'app.sqlite']));
  const places: Record<string, string> = {
    'operation rows': rows.map(({ row }) => row).join('\n'),
    'addresses of requests': JSON.stringify(await control.ledger()),
    'names of blobs': readFileSync(path.join(folder, 'azurite.log'), 'latin1'),
    'output of the app': app.output,
    ...Object.fromEntries(
      files.map((name) => [name, readFileSync(path.join(own, name), 'latin1')]),
    ),
  };
  const found = Object.entries(places).flatMap(([place, text]) =>
    planted.filter((name) => text.includes(name)).map((name) => `${place}: ${name}`),
  );
  expect(found).toEqual([]);
});
