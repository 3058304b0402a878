// Answers that Graph may give and nobody documents: a round that names only half of a change, page
// tokens that never hold, objects that are listed but not found, a tenant that answers nothing.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { outcomeOf } from '../../functions/durable/outcome.ts';
import { objectTypes } from '../../shared/catalog/index.ts';
import { BackupError } from '../../shared/errors/backup-error.ts';
import { isJsonObject } from '../../shared/json/json-value.ts';
import { preparePoint } from '../../shared/tenant-backup/prepare-point.ts';
import { linesAt } from '../support/backup-truth.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { g, l, ProtocolCase, u } from '../support/protocol-case.ts';
import { finish, open, runStage } from '../support/run-backup.ts';

const unit = 'cccccccc-0000-4000-8000-000000000001';

let db: TestDatabase;
let it: ProtocolCase;

beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(async () => {
  await db.drop();
});
beforeEach(async () => {
  it = await ProtocolCase.create(db);
});

test('a round that names only the new manager does not leave a user with two', async () => {
  it.tenant.link('user.manager', u(0), u(1));
  await it.backup();
  it.tenant.unlink('user.manager', u(0), u(1));
  it.tenant.link('user.manager', u(0), u(2));
  it.tenant.answer = (path, page) => {
    if (path !== '/users/delta') return page;
    const items = page.items.map((item) => {
      const changes = item['manager@delta'];
      if (!Array.isArray(changes)) return item;
      const added = changes.filter((change) => isJsonObject(change) && !('@removed' in change));
      return { ...item, 'manager@delta': added };
    });
    return { ...page, items };
  };
  await it.backup();
  await it.expectTruth();
});

test('a round whose first page never holds is given up for a full read', async () => {
  await it.backup();
  it.tenant.set(u(0), { displayName: 'changed' });
  it.tenant.before = (path, asked) => {
    if (path !== '/users/delta' || asked.query?.['$deltatoken'] !== undefined) return;
    throw new BackupError('graphPageTokenExpired', 'skip token is not valid');
  };
  expect(await it.backup()).toMatchObject({ state: 'complete' });
  await it.expectTruth();
}, 40_000);

/** Throws for every page after the first `good` ones of a listing, and counts how often. */
function expireAfter(path: string, good: number): { readonly expired: number } {
  const count = { expired: 0, page: 0 };
  it.tenant.before = (asked, { query }) => {
    if (asked !== path || query?.['$deltatoken'] !== undefined) return;
    // every other page holds: the listing, or the round, begins again with it
    count.page = (count.page + 1) % (good + 1);
    if (count.page !== 0) return;
    count.expired += 1;
    throw new BackupError('graphPageTokenExpired', 'skip token is not valid');
  };
  return count;
}

const reasonOf = async (collection: string) => {
  const [row] = await db.owner.rows<{ state: string; reason: string | null }>(
    `select state, reason from collection_state where tenant_no = $1 and collection = $2
     order by point desc limit 1`,
    [it.tenantNo, collection],
  );
  return row;
};

test('a round whose later pages never hold ends after three new beginnings, and says so', async () => {
  await it.backup();
  it.tenant.deltaPage = 1;
  for (const n of [0, 1, 2]) it.tenant.set(u(n), { displayName: 'changed' });
  const count = expireAfter('/users/delta', 1);
  expect(await it.backup()).toMatchObject({ state: 'partial' });
  expect(count.expired).toBe(4);
  expect(await reasonOf('user')).toMatchObject({
    state: 'carried-failed',
    reason: 'graphPageTokenExpired: the page token of a round of user expired 4 times',
  });
  it.tenant.before = () => undefined;
  await it.backup();
  await it.expectTruth();
});

test('a listing whose later pages never hold ends after three new beginnings, over slices', async () => {
  for (const n of [1, 2, 3]) it.tenant.create('namedLocation', l(n), { displayName: `${n}` });
  it.tenant.listPage = 1;
  const count = expireAfter('/identity/conditionalAccess/namedLocations', 1);
  const fence = await open(() => it.make(), { operationId: randomUUID(), mode: 'full' });
  // failures in a row do not end it: steps that succeed may lie between them
  const patient = () => it.make({ limits: { ...it.make().limits, maxFailures: 1_000 } });
  while (await runStage(patient, fence));
  expect(await finish(patient, fence)).toMatchObject({ state: 'partial' });
  expect(count.expired).toBe(4);
  expect(await reasonOf('namedLocation')).toMatchObject({
    state: 'carried-failed',
    reason: 'graphPageTokenExpired: the page token of listing list expired 4 times',
  });
});

test('a round whose page token expires once is read to its end', async () => {
  await it.backup();
  it.tenant.deltaPage = 1;
  for (const n of [0, 1, 2]) it.tenant.set(u(n), { displayName: 'changed' });
  let pages = 0;
  it.tenant.before = (path) => {
    if (path !== '/users/delta') return;
    pages += 1;
    if (pages === 2) throw new BackupError('graphPageTokenExpired', 'skip token is not valid');
  };
  expect(await it.backup()).toMatchObject({ state: 'complete' });
  await it.expectTruth();
});

test('a member that a re-read of several pages has skipped keeps its membership', async () => {
  for (const n of [3, 4, 5]) it.tenant.create('user', u(n), { displayName: `user ${n}` });
  for (const n of [2, 3, 4, 5]) it.tenant.link('group.members', g(0), u(n));
  await it.backup();
  it.tenant.linkPage = 2;
  await db.owner.rows(
    `insert into link_due (tenant_no, relationship, side, object_key)
     select $1, 'group.members', 's', key from object where tenant_no = $1 and object_id = $2`,
    [it.tenantNo, g(0)],
  );
  let pages = 0;
  it.tenant.before = (path) => {
    if (path !== `/groups/${g(0)}/members`) return;
    pages += 1;
    // the first of the page before goes: the first of this page moves there, unseen
    if (pages === 2) it.tenant.unlink('group.members', g(0), u(0));
  };
  await it.backup();
  expect(pages).toBeGreaterThan(3);
  await it.expectTruth();
});

test('a parent that is listed but not found leaves its children unsettled, not empty', async () => {
  it.tenant.create('administrativeUnit', unit, { displayName: 'unit' });
  it.tenant.create('scopedRoleMembership', 'm1', { id: 'm1', roleId: u(9) }, unit);
  it.tenant.before = (path) => {
    if (path.endsWith('/scopedRoleMembers')) throw new BackupError('graphNotFound', 'not found');
  };
  await it.backup();
  const [state] = await db.owner.rows<{ unsettled: number }>(
    `select unsettled from collection_state where tenant_no = $1
       and collection = 'administrativeUnit'`,
    [it.tenantNo],
  );
  expect(state?.unsettled).toBe(1);
  it.tenant.before = () => undefined;
  await it.backup();
  await it.expectTruth();
});

test('a live group that its own path denies is not deleted when a round contradicts itself', async () => {
  await it.backup();
  it.tenant.set(g(0), { displayName: 'changed' });
  it.tenant.answer = (path, page) => {
    if (path !== '/groups/delta') return page;
    const older = page.items.map((item) => ({ ...item, displayName: 'older' }));
    return { ...page, items: [...page.items, ...older] };
  };
  it.tenant.before = (path) => {
    if (path === `/groups/${g(0)}`) throw new BackupError('graphNotFound', 'not found');
  };
  expect(await it.backup()).toMatchObject({ state: 'partial' });
  const lines = await linesAt(db, it.tenantNo, 2);
  expect(lines).toContain(`group ${g(0)} group 0`);
  it.tenant.before = () => undefined;
  await it.backup();
  await it.expectTruth();
}, 40_000);

test('a session that could read nothing says so at once and for good', async () => {
  it.tenant.before = () => {
    throw new BackupError('graphBadRequest', 'broken on purpose');
  };
  const fence = await open(() => it.make(), { operationId: randomUUID(), mode: 'auto' });
  while (await runStage(() => it.make(), fence));
  const outcome = await outcomeOf(async () => {
    await preparePoint(it.make(), fence);
    return {};
  });
  expect(outcome).toMatchObject({ ok: false, code: 'graphUnavailable', retry: 'never' });
});

test('a session that ends under another catalogue claims only what it has asked for', async () => {
  const older = objectTypes.map((type) =>
    type.name === 'group'
      ? { ...type, select: type.select.filter((name) => name !== 'mail') }
      : type,
  );
  const former = () => it.make({ catalogue: older });
  const fence = await open(former, { operationId: randomUUID(), mode: 'auto' });
  while (await runStage(former, fence));
  await finish(() => it.make(), fence);
  const [state] = await db.owner.rows<{ captured: string[] }>(
    `select captured from collection_state where tenant_no = $1 and collection = 'group'`,
    [it.tenantNo],
  );
  expect(state?.captured).toContain('displayName');
  expect(state?.captured).not.toContain('mail');
  it.tenant.set(u(0), { displayName: 'changed' });
  const next = await open(() => it.make(), { operationId: randomUUID(), mode: 'auto' });
  const tasks = await db.owner.rows<{ collection: string; mode: string }>(
    `select collection, mode from session_task where tenant_no = $1 and session_id = $2
       and collection in ('group', 'user') order by 1`,
    [it.tenantNo, next.sessionId],
  );
  expect(tasks).toEqual([
    { collection: 'group', mode: 'full' },
    { collection: 'user', mode: 'incremental' },
  ]);
});
