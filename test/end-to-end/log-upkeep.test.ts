// Copy, verification, repair and retention through the real application: the secondary is away and comes
// back, bytes change and vanish in both repositories, and a database is rebuilt from the tenant copy.
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { LogChange } from '../../local/graph-simulator/control/client.ts';
import { type Azurite, startAzurite } from '../../local/stack/azurite.ts';
import { openLocalKey } from '../../shared/encryption/local-key.ts';
import { copyParts } from '../../shared/log-repository/copy-parts.ts';
import { openLogStore } from '../../shared/log-repository/open-log-store.ts';
import type { LogSource } from '../../shared/model/log-source.ts';
import { Secret } from '../../shared/settings/secret.ts';
import { AppProcess, type OperationView, until } from '../support/app-process.ts';
import { createTestDatabase } from '../support/database.ts';
import { createInstallation, type Installation } from '../support/installation.ts';
import { simulatedSources } from '../support/log-lab.ts';
import { type StorageProxy, startStorageProxy } from '../support/storage-proxy.ts';
import { type StoredLogs, shownRecords, storedLines } from '../support/stored-logs.ts';
import type { CopiesView, VerificationView } from '../support/upkeep-views.ts';

const HOUR = 3_600_000;
const sources: readonly LogSource[] = ['directoryAudits', 'signIns'];
const folder = mkdtempSync(path.join(tmpdir(), 'entra-backup-log-upkeep-'));
const copyKey = path.join(folder, 'copy.key');
const copies = path.join(folder, 'copies');
let installation: Installation;
let azurite: Azurite;
let proxy: StorageProxy;
let app: AppProcess;
let isDown = false;
let places: Record<'primary' | 'secondary', StoredLogs>;
let tenantId: string;

beforeAll(async () => {
  [installation, azurite] = await Promise.all([
    createInstallation(),
    startAzurite(path.join(folder, 'azurite'), path.join(folder, 'azurite.log')),
  ]);
  app = new AppProcess(installation);
  const { connectionString } = azurite;
  const refused = { 'content-type': 'application/xml', 'x-ms-error-code': 'AuthorizationFailure' };
  proxy = await startStorageProxy(connectionString, {
    before: async () =>
      await Promise.resolve(isDown ? { status: 403, headers: refused, body: '' } : undefined),
  });
  await BlobServiceClient.fromConnectionString(connectionString).createContainer('secondary');
  const keyOf = (name: string): string => {
    const key = path.join(folder, `${name}.key`);
    writeFileSync(key, randomBytes(32), { mode: 0o600 });
    return key;
  };
  const openAt = (address: string, key: string): StoredLogs => {
    return { store: openLogStore(new Secret(address)), keys: openLocalKey(key) };
  };
  const [primary, secondary] = [`file://${path.join(folder, 'primary')}`, 'Container=secondary'];
  const keys = { primary: keyOf('primary'), secondary: keyOf('secondary') };
  mkdirSync(path.join(folder, 'primary'));
  places = {
    primary: openAt(primary, keys.primary),
    secondary: openAt(`${connectionString};${secondary}`, keys.secondary),
  };
  mkdirSync(copies);
  writeFileSync(copyKey, randomBytes(32), { mode: 0o600 });
  await installation.control.throttling({ reports: false });
  tenantId = await installation.addTenant({ seed: 5, users: 50, groups: 12 });
  await addRecords();
  await app.start({
    environment: {
      PRIMARY_LOG_REPOSITORY: primary,
      PRIMARY_LOG_REPOSITORY_KEY: keys.primary,
      PRIMARY_LOG_REPOSITORY_RETENTION_DAYS: '365',
      SECONDARY_LOG_REPOSITORY: `${proxy.connectionString};${secondary}`,
      SECONDARY_LOG_REPOSITORY_KEY: keys.secondary,
      CACHE_REPOSITORY: connectionString,
      LOG_REQUESTS_PER_SECOND: '500',
      TENANT_COPY_REPOSITORIES: `file://${copies}`,
      TENANT_COPY_KEY: copyKey,
      TENANT_COPY_RETENTION_DAYS: '30',
    },
  });
  await app.register(tenantId);
});

afterAll(async () => {
  await app.stop();
  await proxy.close();
  await azurite.stop();
  await installation.close();
  rmSync(folder, { recursive: true, force: true });
});

async function addRecords(): Promise<void> {
  const now = await installation.control.clock();
  const streams = sources.map((source): LogChange => {
    const plan = { from: now - 5 * HOUR, to: now - HOUR, records: 60, bytes: 900 };
    return { kind: 'stream', stream: { source: simulatedSources[source], ...plan } };
  });
  const licensed: LogChange = { kind: 'settings', settings: { licence: 'p2' } };
  await installation.control.changeLogs(tenantId, licensed, ...streams);
}

const under = (rest: string): string => `/api/tenants/${tenantId}/${rest}`;

async function run(rest: string, body: object, person: 'admin' | 'operator' = 'operator') {
  const { id } = await app.call<OperationView>(person, 'POST', under(rest), body);
  return await app.succeeded(id);
}

async function finished(instance: string, since: unknown): Promise<void> {
  await until(
    async () => {
      const found = await app.instance(instance);
      const isOver = ['Completed', 'Failed'].includes(found?.runtimeStatus ?? '');
      return isOver && JSON.stringify(found) !== JSON.stringify(since);
    },
    30_000,
    `${instance} does not end`,
  );
  expect(await app.instance(instance)).toMatchObject({ runtimeStatus: 'Completed' });
}

async function copy(): Promise<CopiesView> {
  const instance = `logCopy:${tenantId}`;
  const before = await app.instance(instance);
  await app.runTimer('startLogCopies');
  await finished(instance, before);
  return await copyView();
}

const copyView = async (): Promise<CopiesView> =>
  await app.call<CopiesView>('operator', 'GET', under('copies'));

async function expectSameLogs(collected: readonly LogSource[]): Promise<void> {
  for (const source of collected) {
    const truth = await shownRecords(installation.control, tenantId, source);
    expect(await storedLines(places.primary, tenantId, source)).toEqual(truth);
    expect(await storedLines(places.secondary, tenantId, source)).toEqual(truth);
  }
}

async function namesOf(store: StoredLogs['store']): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of store.list('')) names.push(name);
  return names;
}

async function firstSegment(side: 'primary' | 'secondary', source: LogSource) {
  const chain = { tenant: tenantId, source };
  for await (const { manifest } of copyParts.walkChain(places[side].store, chain)) {
    const [first] = manifest.segments;
    if (first !== undefined) return first;
  }
  throw new Error('no segment');
}

function flipBit(bytes: Buffer): Buffer {
  bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1);
  return bytes;
}

async function verify(body: object): Promise<VerificationView> {
  const { resourceLocation = '' } = await run('verifications', body);
  return await app.call<VerificationView>('operator', 'GET', resourceLocation);
}

it('copies logs by its timer, and shows how far the secondary is behind while it is away', async () => {
  await run('logBackups', { sources: ['directoryAudits'] });
  const first = await copy();
  expect(first.logs.filter(({ head }) => head > 0)).toHaveLength(1);
  for (const { head, copied, verified, manifestsBehind } of first.logs) {
    expect([copied, verified, manifestsBehind]).toEqual([head, head, 0]);
  }
  await expectSameLogs(['directoryAudits']);

  isDown = true;
  expect(await run('logBackups', { sources })).toMatchObject({ result: 'complete' });
  const away = await copy();
  const signIns = away.logs.find(({ source }) => source === 'signIns');
  expect(signIns).toMatchObject({ failure: 'logStoreRefused' });
  expect(signIns?.manifestsBehind).toBeGreaterThan(0);
  expect(signIns?.bytesBehind).toBeGreaterThan(0);
  const health = await app.send<{ status: string; components: object[] }>(
    'operator',
    'GET',
    '/api/health/ready',
  );
  expect([health.status, health.body.status]).toEqual([200, 'ready']);
  expect(health.body.components).toMatchObject([
    { name: 'cache', status: 'ok' },
    { name: 'primary', status: 'ok' },
    { name: 'secondary', status: 'failing', code: 'logStoreRefused', requirement: 'R-P-10' },
    { name: 'tenantCopy', container: 0, status: 'ok' },
  ]);

  isDown = false;
  await installation.db.owner.rows('update log_copy set failed_at = null');
  const back = await copy();
  for (const { head, copied, manifestsBehind, ...rest } of back.logs) {
    expect([copied, manifestsBehind, 'failure' in rest]).toEqual([head, 0, false]);
  }
  await expectSameLogs(sources);
});

it('names a flipped bit and a missing segment by verification, and mends both by repair', async () => {
  const flipped = await firstSegment('primary', 'signIns');
  const lost = await firstSegment('secondary', 'directoryAudits');
  const { store } = places.primary;
  const bytes = flipBit((await store.read(flipped.name)) ?? Buffer.alloc(0));
  await store.remove(flipped.name);
  await store.create(flipped.name, bytes);
  await places.secondary.store.remove(lost.name);

  const quick = await verify({ level: 'quick', of: ['signIns', 'directoryAudits'] });
  const missing = { part: 'directoryAudits', repository: 'secondary', kind: 'missing' };
  expect(quick.defects).toMatchObject([{ ...missing, name: lost.name }]);
  const full = await verify({ level: 'full' });
  expect(full).toMatchObject({ state: 'done', defectCount: 2 });
  expect(full.defects).toMatchObject([
    { ...missing, name: lost.name },
    { part: 'signIns', repository: 'primary', kind: 'damaged', name: flipped.name },
  ]);
  const page = await app.call<VerificationView>(
    'operator',
    'GET',
    `${under(`verifications/${full.id}`)}?top=1`,
  );
  expect([page.defects.length, page.nextLink !== undefined]).toEqual([1, true]);

  const refused = await app.send('operator', 'POST', under('logRepairs'), {
    ...{ from: 'secondary', to: 'primary', reason: 'a flipped bit' },
  });
  expect(refused.status).toBe(403);
  const repair = { reason: 'found by a verification', sources };
  const one = await run('logRepairs', { from: 'secondary', to: 'primary', ...repair }, 'admin');
  expect(one).toMatchObject({ result: 'complete', counts: { done: 1, failed: 0 } });
  const two = await run('logRepairs', { from: 'primary', to: 'secondary', ...repair }, 'admin');
  expect(two).toMatchObject({ result: 'complete', counts: { done: 1, failed: 0 } });
  const shown = await app.call('operator', 'GET', two.resourceLocation ?? '');
  expect(shown).toMatchObject({ state: 'done', unrepaired: [], to: 'secondary' });
  await copy();
  expect(await verify({ level: 'full' })).toMatchObject({ defectCount: 0, defects: [] });
  const events = await app.call<{ value: { action: string }[] }>(
    'admin',
    'GET',
    `/api/auditEvents?tenantId=${tenantId}`,
  );
  expect(events.value.filter(({ action }) => action === 'logRepair.create')).toHaveLength(2);
});

it('copies the tenant after a backup, says so on the point, verifies and rebuilds from the copy', async () => {
  await app.backup(tenantId);
  const pending = await app.call('operator', 'GET', under('restorePoints/latest'));
  expect(pending).toMatchObject({ copies: [{ container: 0, state: 'pending' }] });
  await app.runTimer('startTenantCopies');
  await finished(`copy:${tenantId}`, undefined);
  const point = await app.call('operator', 'GET', under('restorePoints/latest'));
  expect(point).toMatchObject({ copies: [{ container: 0, state: 'copied' }] });
  expect((await copyView()).tenantCopies).toMatchObject([{ restorePoint: 1, pointsBehind: 0 }]);
  expect(await verify({ level: 'full', of: ['tenantCopy'] })).toMatchObject({ defectCount: 0 });

  const db = await createTestDatabase();
  const script = path.join(import.meta.dirname, '..', '..', 'local', 'rebuild.ts');
  const done = spawnSync(process.execPath, [script, '--from', copies, '--key', copyKey], {
    encoding: 'utf8',
    env: { ...process.env, POSTGRES_URL: db.appUrl, POSTGRES_MIGRATION_URL: '' },
  });
  expect([done.stderr, done.status]).toEqual(['', 0]);
  const rows = `select md5(string_agg(v.hash::text || o.object_id, ' ' order by o.object_id, v.type))
      as digest, count(*)::int as count
    from object_version v join object o on o.tenant_no = v.tenant_no and o.key = v.object_key`;
  const [rebuilt] = await db.owner.rows(rows);
  expect([rebuilt]).toEqual(await installation.db.owner.rows(rows));
  await db.drop();

  const segment = readdirSync(copies, { recursive: true, encoding: 'utf8' }).find((name) =>
    name.endsWith('.seg'),
  );
  const file = path.join(copies, segment ?? '');
  const bytes = flipBit(readFileSync(file));
  rmSync(file);
  writeFileSync(file, bytes);
  const damaged = await verify({ level: 'full', of: ['tenantCopy'] });
  expect(damaged.defects).toMatchObject([{ part: 'tenantCopy', kind: 'damaged', name: segment }]);
});

it('goes through every repository once a day, and keeps what is young', async () => {
  const names = await namesOf(places.primary.store);
  await app.runTimer('startRetention');
  await finished(`retention:${tenantId}`, undefined);
  await finished('tidyStores', undefined);
  const { retention } = await copyView();
  expect(retention.filter(({ repository }) => repository === 'primary')).toHaveLength(6);
  expect(retention.filter(({ repository }) => repository === 'secondary')).toHaveLength(6);
  expect(retention.filter(({ source }) => source === 'directory')).toHaveLength(1);
  expect(retention.filter((each) => 'failure' in each)).toEqual([]);
  expect(await namesOf(places.primary.store)).toEqual(names);
});
