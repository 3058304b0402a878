// What a worker counts besides rows (statistics, failures) is fenced like its rows: promise 3.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { BackupError } from '../../shared/errors/backup-error.ts';
import type { Fence } from '../../shared/repository/fence.ts';
import { fenceSession } from '../../shared/repository/stuck-sessions.ts';
import { sessionIdOf } from '../../shared/tenant-backup/open-session.ts';
import { runSlice } from '../../shared/tenant-backup/slice.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { codeOf, ProtocolCase } from '../support/protocol-case.ts';
import { finish, open, runStage } from '../support/run-backup.ts';

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

const operationId = randomUUID();
const request = { operationId, mode: 'auto' } as const;
const deadline = (): Date => new Date(Date.now() + 60_000);

async function tasks(): Promise<Record<string, unknown>[]> {
  return await db.owner.rows(
    'select * from session_task where tenant_no = $1 order by session_id, collection',
    [it.tenantNo],
  );
}

/** A worker whose whole process is silent until the watchdog has raised the epoch. */
async function takenOver(): Promise<Fence> {
  await db.database.withTenant(it.tenantNo, (tx) =>
    fenceSession(tx, sessionIdOf(operationId), 2_000),
  );
  return await open(() => it.make(), request);
}

/** The list of users is being read by a worker that waits for `page` or its error until woken. */
async function lateList(fence: Fence, error?: BackupError) {
  if (error === undefined) {
    const late = it.frozenAt('page.afterGraph.beforeTx', 'user');
    const slice = codeOf(runSlice(late.context, fence, 'user', 'lists', deadline()));
    await late.frozen;
    return { slice, wake: late.wake };
  }
  const answered = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  let waits = true;
  it.tenant.before = async (path) => {
    if (!waits || path !== '/users') return;
    waits = false;
    asked.resolve();
    await answered.promise;
    throw error;
  };
  const slice = codeOf(runSlice(it.make(), fence, 'user', 'lists', deadline()));
  await asked.promise;
  return { slice, wake: () => answered.resolve() };
}

const unavailable = (): BackupError => new BackupError('graphUnavailable', 'graph answers 503');

describe.each([
  ['a page', undefined],
  ['a failure', unavailable()],
])('%s that comes too late', (_what, error) => {
  test('adds nothing to the counts of a session that has been published', async () => {
    const fence = await open(() => it.make(), request);
    await runStage(() => it.make(), fence);
    const late = await lateList(fence, error);
    const next = await takenOver();
    while (await runStage(() => it.make(), next));
    await finish(() => it.make(), next);
    const before = await tasks();
    late.wake();
    expect(await late.slice).toBe('fenced');
    expect(await tasks()).toEqual(before);
    await it.expectTruth();
  });

  test('adds nothing to the counts of a session that another goes on with', async () => {
    const fence = await open(() => it.make(), request);
    await runStage(() => it.make(), fence);
    const late = await lateList(fence, error);
    const next = await takenOver();
    expect(next.epoch).toBe(fence.epoch + 1);
    const before = await tasks();
    late.wake();
    expect(await late.slice).toBe('fenced');
    expect(await tasks()).toEqual(before);
    while (await runStage(() => it.make(), next));
    await finish(() => it.make(), next);
    await it.expectTruth();
  });
});

test('a failure of a read from before a restart is not counted after it', async () => {
  const fence = await open(() => it.make(), request);
  await runStage(() => it.make(), fence);
  const late = await lateList(fence, unavailable());
  await db.owner.rows(
    `update session_task set generation = generation + 1, phase = 'latest'
     where tenant_no = $1 and collection = 'user'`,
    [it.tenantNo],
  );
  late.wake();
  expect(await late.slice).toBe('ended');
  const user = (await tasks()).find((task) => task['collection'] === 'user');
  expect(user).toMatchObject({ failures: 0, generation: 2 });
  while (await runStage(() => it.make(), fence));
  await finish(() => it.make(), fence);
  await it.expectTruth();
});

test('a final refusal of a step that a twin has done does not end the slice as fenced', async () => {
  const fence = await open(() => it.make(), request);
  await runStage(() => it.make(), fence);
  const late = await lateList(fence, new BackupError('graphForbidden', 'graph answers 403'));
  while (await runStage(() => it.make(), fence));
  late.wake();
  expect(await late.slice).toBe('ended');
  const published = await finish(() => it.make(), fence);
  expect(published.state).toBe('complete');
  await it.expectTruth();
});
