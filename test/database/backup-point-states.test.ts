import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { BackupError } from '../../shared/errors/backup-error.ts';
import { defaultGuards, type Guards, type Tenant } from '../../shared/model/tenant.ts';
import type { Committed } from '../../shared/tenant-backup/commit-session.ts';
import type { BackupRequest } from '../../shared/tenant-backup/open-session.ts';
import { linesAt, truthOf } from '../support/backup-truth.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { g, l, u } from '../support/protocol-case.ts';
import { runBackup, testContext, testTenant } from '../support/run-backup.ts';
import { ScriptedTenant } from '../support/scripted-tenant.ts';

let db: TestDatabase;
let tenantNo: number;
let tenant: ScriptedTenant;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(async () => {
  await db.drop();
});
beforeEach(async () => {
  tenantNo = await db.addTenant(randomUUID());
  tenant = new ScriptedTenant();
  for (let n = 0; n < 40; n += 1) {
    tenant.create('user', u(n), { displayName: `user ${n}`, accountEnabled: true });
  }
  tenant.create('group', g(0), { displayName: 'group 0' });
  for (let n = 0; n < 40; n += 1) tenant.link('group.members', g(0), u(n));
  for (let n = 0; n < 4; n += 1)
    tenant.create('namedLocation', l(n), { displayName: `place ${n}` });
});

async function backup(
  request: Partial<BackupRequest> = {},
  guards: Partial<Guards> = {},
): Promise<Committed> {
  const registered = testTenant(tenantNo);
  const configuration = { ...registered.configuration, guards: { ...defaultGuards, ...guards } };
  const changed: Tenant = { ...registered, configuration };
  return await runBackup(() => testContext(db, changed, tenant.graph()), request);
}

async function reasons(point: number): Promise<string[]> {
  const [row] = await db.owner.rows<{ reasons: string }>(
    'select reasons from restore_point where tenant_no = $1 and number = $2',
    [tenantNo, point],
  );
  const list = JSON.parse(row?.reasons ?? '[]') as {
    code: string;
    collection?: string;
    relationship?: string;
  }[];
  return list.map((reason) => `${reason.code} ${reason.collection ?? reason.relationship ?? ''}`);
}

async function states(point: number): Promise<Record<string, string>> {
  const rows = await db.owner.rows<{ collection: string; state: string }>(
    'select collection, state from collection_state where tenant_no = $1 and point = $2',
    [tenantNo, point],
  );
  return Object.fromEntries(rows.map((row) => [row.collection, row.state]));
}

test('many deletions and many ended links make the point suspicious, and it is published all the same', async () => {
  await backup();
  for (let n = 0; n < 12; n += 1) tenant.bin(u(n));
  for (let n = 12; n < 24; n += 1) tenant.unlink('group.members', g(0), u(n));
  expect(await backup()).toEqual({ point: 2, state: 'complete', suspicious: true });
  expect(await reasons(2)).toEqual(['massChange user', 'massLinkChange group.members']);
  expect(await linesAt(db, tenantNo, 2)).toEqual(truthOf(tenant));
});

test('accounts switched off count like deleted ones, unless the change is expected', async () => {
  await backup();
  for (let n = 0; n < 11; n += 1) tenant.set(u(n), { accountEnabled: false });
  const expectedChanges = [{ from: '2000-01-01T00:00:00Z', to: '2999-01-01T00:00:00Z' }];
  expect(await backup({}, { expectedChanges })).toMatchObject({ suspicious: false });
  for (let n = 11; n < 22; n += 1) tenant.set(u(n), { accountEnabled: false });
  expect(await backup()).toMatchObject({ suspicious: true });
  expect(await reasons(3)).toEqual(['massChange user']);
});

test('a collection that becomes empty is suspicious however small it was', async () => {
  await backup();
  for (let n = 0; n < 4; n += 1) tenant.get(l(n)).state = 'gone';
  expect(await backup()).toMatchObject({ suspicious: true });
  expect(await reasons(2)).toEqual(['collectionEmpty namedLocation']);
});

test('a forbidden collection is carried forward, named, and partial until somebody accepts it', async () => {
  await backup();
  tenant.before = (path) => {
    if (path.startsWith('/identity/conditionalAccess')) {
      throw new BackupError('graphForbidden', 'Policy.Read.All is missing');
    }
  };
  expect(await backup()).toMatchObject({ state: 'partial', suspicious: false });
  expect(await states(2)).toMatchObject({ namedLocation: 'forbidden', user: 'read' });
  expect(await linesAt(db, tenantNo, 2)).toEqual(truthOf(tenant));
  const acceptedForbidden = ['namedLocation', 'conditionalAccessPolicy'];
  expect(await backup({}, { acceptedForbidden })).toMatchObject({ state: 'complete' });
});

test('collections that were not asked for are carried forward and caught up later', async () => {
  await backup();
  tenant.set(u(0), { displayName: 'changed' });
  tenant.set(g(0), { displayName: 'changed' });
  expect(await backup({ types: ['group'] })).toMatchObject({ state: 'complete' });
  expect(await states(2)).toMatchObject({ group: 'read', user: 'carried-not-due' });
  const lines = await linesAt(db, tenantNo, 2);
  expect(lines).toContain(`group ${g(0)} changed`);
  expect(lines).toContain(`user ${u(0)} user 0`);
  await backup();
  expect(await linesAt(db, tenantNo, 3)).toEqual(truthOf(tenant));
  await expect(backup({ types: ['groups'] })).rejects.toMatchObject({ code: 'invalidParameter' });
});

test('an item that must not be stored stays as it was and makes the point partial', async () => {
  await backup();
  tenant.set(u(0), { displayName: 'unreadable' });
  tenant.answer = (path, page) => {
    const items = page.items.filter((item) => item['displayName'] !== 'unreadable');
    if (path !== '/users' || items.length === page.items.length) return page;
    return { ...page, items, quarantined: [{ id: u(0), reason: 'tooDeep' }] };
  };
  expect(await backup({ mode: 'full' })).toMatchObject({ state: 'partial' });
  expect(await reasons(2)).toEqual(['quarantined user']);
});

test('a facet whose permission is missing is not captured, and what is stored of it stays', async () => {
  tenant.set(u(0), { customSecurityAttributes: { Team: { level: 1 } } });
  await backup();
  const held = new Set(['User.Read.All']);
  expect(await backup({ held })).toMatchObject({ state: 'partial' });
  const facets = await db.owner.rows(
    `select 1 from object_version where tenant_no = $1 and type like 'facet:%'
       and to_point = 2147483647`,
    [tenantNo],
  );
  expect(facets).toHaveLength(1);
  const [row] = await db.owner.rows<{ captured: string[] }>(
    `select captured from collection_state where tenant_no = $1 and point = 2
       and collection = 'user'`,
    [tenantNo],
  );
  expect(row?.captured).not.toContain('customSecurityAttributes');
});

test('a tenant of which nothing can be read gets no point', async () => {
  tenant.before = () => {
    throw new BackupError('graphForbidden', 'consent was withdrawn');
  };
  await expect(backup()).rejects.toMatchObject({ code: 'permissionMissing' });
  const points = await db.owner.rows('select 1 from restore_point where tenant_no = $1', [
    tenantNo,
  ]);
  expect(points).toEqual([]);
});
