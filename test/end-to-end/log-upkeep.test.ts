// Copy, verification, repair and retention through the real application: the secondary is away and comes
// back, bytes change and vanish in both repositories, and a database is rebuilt from the tenant copy.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestDatabase } from '../support/database.ts';
import { UpkeepScene, upkeepSources } from '../support/upkeep-scene.ts';
import type { CopiesView, VerificationView } from '../support/upkeep-views.ts';

let scene: UpkeepScene;
beforeAll(async () => {
  scene = await UpkeepScene.start();
});
afterAll(async () => {
  await scene.close();
});

function flipBit(bytes: Buffer): Buffer {
  bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1);
  return bytes;
}

it('copies logs by its timer, and shows how far the secondary is behind while it is away', async () => {
  await scene.run('logBackups', { sources: ['directoryAudits'] });
  const first = await scene.copy();
  expect(first.logs.filter(({ head }) => head > 0)).toHaveLength(1);
  for (const { head, copied, verified, manifestsBehind } of first.logs) {
    expect([copied, verified, manifestsBehind]).toEqual([head, head, 0]);
  }
  await scene.expectSameLogs(['directoryAudits']);

  scene.takeSecondaryAway();
  expect(await scene.run('logBackups', { sources: upkeepSources })).toMatchObject({
    result: 'complete',
  });
  const away = await scene.copy();
  const signIns = away.logs.find(({ source }) => source === 'signIns');
  expect(signIns).toMatchObject({ failure: 'logStoreRefused' });
  expect(signIns?.manifestsBehind).toBeGreaterThan(0);
  expect(signIns?.bytesBehind).toBeGreaterThan(0);
  const health = await scene.app.send<{ status: string; components: object[] }>(
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

  await scene.bringSecondaryBack();
  const back = await scene.copy();
  for (const { head, copied, manifestsBehind, ...rest } of back.logs) {
    expect([copied, manifestsBehind, 'failure' in rest]).toEqual([head, 0, false]);
  }
  await scene.expectSameLogs(upkeepSources);
});

it('names a flipped bit and a missing segment by verification, and mends both by repair', async () => {
  const flipped = await scene.firstSegment('primary', 'signIns');
  const lost = await scene.firstSegment('secondary', 'directoryAudits');
  const { store } = scene.places.primary;
  const bytes = flipBit((await store.read(flipped.name)) ?? Buffer.alloc(0));
  await store.remove(flipped.name);
  await store.create(flipped.name, bytes);
  await scene.places.secondary.store.remove(lost.name);

  const quick = await scene.verify({ level: 'quick', of: ['signIns', 'directoryAudits'] });
  const missing = { part: 'directoryAudits', repository: 'secondary', kind: 'missing' };
  expect(quick.defects).toMatchObject([{ ...missing, name: lost.name }]);
  const full = await scene.verify({ level: 'full' });
  expect(full).toMatchObject({ state: 'done', defectCount: 2 });
  expect(full.defects).toMatchObject([
    { ...missing, name: lost.name },
    { part: 'signIns', repository: 'primary', kind: 'damaged', name: flipped.name },
  ]);
  const page = await scene.get<VerificationView>(`verifications/${full.id}?top=1`);
  expect([page.defects.length, page.nextLink !== undefined]).toEqual([1, true]);

  const refused = await scene.app.send('operator', 'POST', scene.under('logRepairs'), {
    ...{ from: 'secondary', to: 'primary', reason: 'a flipped bit' },
  });
  expect(refused.status).toBe(403);
  const repair = { reason: 'found by a verification', sources: upkeepSources };
  const one = await scene.run(
    'logRepairs',
    { from: 'secondary', to: 'primary', ...repair },
    'admin',
  );
  expect(one).toMatchObject({ result: 'complete', counts: { done: 1, failed: 0 } });
  const two = await scene.run(
    'logRepairs',
    { from: 'primary', to: 'secondary', ...repair },
    'admin',
  );
  expect(two).toMatchObject({ result: 'complete', counts: { done: 1, failed: 0 } });
  const shown = await scene.app.call('operator', 'GET', two.resourceLocation ?? '');
  expect(shown).toMatchObject({ state: 'done', unrepaired: [], to: 'secondary' });
  await scene.copy();
  expect(await scene.verify({ level: 'full' })).toMatchObject({ defectCount: 0, defects: [] });
  const events = await scene.app.call<{ value: { action: string }[] }>(
    'admin',
    'GET',
    `/api/auditEvents?tenantId=${scene.tenantId}`,
  );
  expect(events.value.filter(({ action }) => action === 'logRepair.create')).toHaveLength(2);
});

it('copies the tenant after a backup, says so on the point, verifies and rebuilds from the copy', async () => {
  await scene.app.backup(scene.tenantId);
  const pending = await scene.get('restorePoints/latest');
  expect(pending).toMatchObject({ copies: [{ container: 0, state: 'pending' }] });
  await scene.app.runTimer('startTenantCopies');
  await scene.finished(`copy:${scene.tenantId}`, undefined);
  const point = await scene.get('restorePoints/latest');
  expect(point).toMatchObject({ copies: [{ container: 0, state: 'copied' }] });
  expect((await scene.get<CopiesView>('copies')).tenantCopies).toMatchObject([
    { restorePoint: 1, pointsBehind: 0 },
  ]);
  expect(await scene.verify({ level: 'full', of: ['tenantCopy'] })).toMatchObject({
    defectCount: 0,
  });

  const db = await createTestDatabase();
  const script = path.join(import.meta.dirname, '..', '..', 'local', 'rebuild.ts');
  const done = spawnSync(
    process.execPath,
    [script, '--from', scene.copies, '--key', scene.copyKey],
    {
      encoding: 'utf8',
      env: { ...process.env, POSTGRES_URL: db.appUrl, POSTGRES_MIGRATION_URL: '' },
    },
  );
  expect([done.stderr, done.status]).toEqual(['', 0]);
  const rows = `select md5(string_agg(v.hash::text || o.object_id, ' ' order by o.object_id, v.type))
      as digest, count(*)::int as count
    from object_version v join object o on o.tenant_no = v.tenant_no and o.key = v.object_key`;
  const [rebuilt] = await db.owner.rows(rows);
  expect([rebuilt]).toEqual(await scene.db.owner.rows(rows));
  await db.drop();

  const segment = readdirSync(scene.copies, { recursive: true, encoding: 'utf8' }).find((name) =>
    name.endsWith('.seg'),
  );
  const file = path.join(scene.copies, segment ?? '');
  const bytes = flipBit(readFileSync(file));
  rmSync(file);
  writeFileSync(file, bytes);
  const damaged = await scene.verify({ level: 'full', of: ['tenantCopy'] });
  expect(damaged.defects).toMatchObject([{ part: 'tenantCopy', kind: 'damaged', name: segment }]);
});

it('goes through every repository once a day, and keeps what is young', async () => {
  const names = await scene.namesOf('primary');
  await scene.app.runTimer('startRetention');
  await scene.finished(`retention:${scene.tenantId}`, undefined);
  await scene.finished('tidyStores', undefined);
  const { retention } = await scene.get<CopiesView>('copies');
  expect(retention.filter(({ repository }) => repository === 'primary')).toHaveLength(6);
  expect(retention.filter(({ repository }) => repository === 'secondary')).toHaveLength(6);
  expect(retention.filter(({ source }) => source === 'directory')).toHaveLength(1);
  expect(retention.filter((each) => 'failure' in each)).toEqual([]);
  expect(await scene.namesOf('primary')).toEqual(names);
});
