// What a scheduler may do besides killing: two workers for one step, answers that come late, several
// operations at once, connections that have stored nothing yet.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { GraphPage } from '../../shared/graph/graph-request.ts';
import { Database } from '../../shared/repository/database.ts';
import { abandonSession } from '../../shared/tenant-backup/abandon-session.ts';
import { commitSession } from '../../shared/tenant-backup/commit-session.ts';
import { heartbeat } from '../../shared/tenant-backup/heartbeat.ts';
import { openSession } from '../../shared/tenant-backup/open-session.ts';
import { preparePoint } from '../../shared/tenant-backup/prepare-point.ts';
import { runSlice } from '../../shared/tenant-backup/slice.ts';
import { askUnknownEnds } from '../../shared/tenant-backup/unknown-ends.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { codeOf, g, ProtocolCase, u } from '../support/protocol-case.ts';
import { finish, open, runBackup, runStage, stageOf } from '../support/run-backup.ts';

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

const deadline = (): Date => new Date(Date.now() + 60_000);
const request = () => ({ operationId: randomUUID(), mode: 'auto' as const });

/** Makes the lease look as if its owner had said nothing for too long. */
async function expireLease(): Promise<void> {
  await db.owner.rows(
    `update lease_heartbeat set expires_at = clock_timestamp() - interval '1 second'
     where tenant_no = $1`,
    [it.tenantNo],
  );
}

/** Names the object twice in a round, in two ways. */
function contradict(page: GraphPage, id: string): GraphPage {
  const item = page.items.find((found) => found['id'] === id);
  if (item === undefined) return page;
  return { ...page, items: [...page.items, { ...item, displayName: 'wrong' }] };
}

test('deletions alone are stored on connections that have stored no page before', async () => {
  await it.backup();
  it.tenant.bin(u(2));
  it.tenant.bin(g(1));
  await it.backup();
  it.tenant.purge(u(2));
  it.tenant.purge(g(1));
  const opened: Database[] = [];
  const fresh = () => {
    const database = Database.open({ url: db.appUrl, maxConnections: 1 });
    opened.push(database);
    return it.make({ database });
  };
  const published = await runBackup(fresh);
  await Promise.all(opened.map(async (database) => await database.close()));
  expect(published).toMatchObject({ state: 'complete' });
  await it.expectTruth();
});

test('a direct read that comes a round too late decides nothing', async () => {
  await it.backup();
  it.tenant.answer = (path, page) => (path === '/users/delta' ? contradict(page, u(0)) : page);
  it.tenant.set(u(0), { displayName: 'older' });
  const fence = await open(() => it.make(), request());
  await runStage(() => it.make(), fence);
  const late = it.frozenAt('confirm.afterAnswer', 'user');
  const slice = codeOf(runSlice(late.context, fence, 'user', 'rounds', deadline()));
  await late.frozen;
  // the twin goes on, and a closing round names the object again
  while ((await stageOf(() => it.make(), fence)).kind !== 'settle') {
    await runStage(() => it.make(), fence);
  }
  await runStage(() => it.make(), fence);
  it.tenant.set(u(0), { displayName: 'newer' });
  const second = it.frozenAt('confirm.afterAnswer', 'user');
  const twin = codeOf(runSlice(second.context, fence, 'user', 'rounds', deadline()));
  await second.frozen;
  late.wake();
  expect(await slice).toBe('ended');
  second.wake();
  expect(await twin).toBe('ended');
  while (await runStage(() => it.make(), fence));
  await finish(() => it.make(), fence);
  await it.expectTruth();
});

describe('two workers publish one session', () => {
  test('and both know the point that was published', async () => {
    const fence = await open(() => it.make(), request());
    while (await runStage(() => it.make(), fence));
    while (!(await askUnknownEnds(it.make(), fence, deadline())));
    await preparePoint(it.make(), fence);
    const late = it.frozenAt('commit.beforeState');
    const commit = commitSession(late.context, fence);
    await late.frozen;
    const published = await commitSession(it.make(), fence);
    late.wake();
    expect(await commit).toEqual(published);
    await it.expectTruth();
  });

  test('after both have computed its summary', async () => {
    const fence = await open(() => it.make(), request());
    while (await runStage(() => it.make(), fence));
    while (!(await askUnknownEnds(it.make(), fence, deadline())));
    const twins = [1, 2, 3, 4].map(async () => await preparePoint(it.make(), fence));
    expect(await Promise.all(twins.map(codeOf))).toEqual(twins.map(() => 'ended'));
    expect(await commitSession(it.make(), fence)).toMatchObject({ point: 1, state: 'complete' });
  });
});

describe('the lease', () => {
  test('of a session that has ended is not brought back by a late heartbeat', async () => {
    const fence = await open(() => it.make(), request());
    while (await runStage(() => it.make(), fence));
    await finish(() => it.make(), fence);
    await heartbeat(it.make(), fence);
    expect(await openSession(it.make(), request())).toMatchObject({ state: 'open' });
  });

  test('stays with the session that undoes an earlier one', async () => {
    const former = await open(() => it.make(), request());
    await runStage(() => it.make(), former);
    await runStage(() => it.make(), former);
    await expireLease();
    const mine = request();
    const opened = await openSession(it.make(), mine);
    if (opened.state !== 'abandon') throw new Error(`the session is ${opened.state}`);
    const slow = it.make({ limits: { ...it.make().limits, revertChunk: 1 } });
    expect(await abandonSession(slow, opened.fence, new Date(0))).toBe(false);
    expect(await openSession(it.make(), request())).toMatchObject({ state: 'busy' });
    expect(await abandonSession(it.make(), opened.fence, deadline())).toBe(true);
    expect(await openSession(it.make(), mine)).toMatchObject({ state: 'open' });
  });

  test('goes to one of two operations that are the first of a tenant', async () => {
    for (let tries = 0; tries < 5; tries += 1) {
      const fresh = await ProtocolCase.create(db);
      const both = [1, 2].map(async () => (await openSession(fresh.make(), request())).state);
      expect((await Promise.all(both)).sort()).toEqual(['busy', 'open']);
    }
  });
});

describe('an object that a round could not deliver', () => {
  const unreadable = (page: GraphPage): GraphPage => ({
    ...page,
    items: page.items.filter((item) => item['id'] !== u(0)),
    quarantined: page.items
      .filter((item) => item['id'] === u(0))
      .map(() => ({ id: u(0), reason: 'too large' })),
  });

  test('keeps its point partial, and the next one too, until it can be read', async () => {
    await it.backup();
    it.tenant.set(u(0), { displayName: 'changed' });
    it.tenant.answer = (path, page) => (path.startsWith('/users') ? unreadable(page) : page);
    expect(await it.backup()).toMatchObject({ state: 'partial' });
    expect(await it.backup()).toMatchObject({ state: 'partial' });
    it.tenant.answer = (_path, page) => page;
    expect(await it.backup()).toMatchObject({ state: 'complete' });
    await it.expectTruth();
  });
});
