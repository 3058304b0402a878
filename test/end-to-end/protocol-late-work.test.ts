// Counterexample H1 of the backup protocol: workers that wake late, on a real database.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Fence } from '../../shared/repository/fence.ts';
import {
  abandonSession,
  markAbandoning,
  releaseLease,
} from '../../shared/tenant-backup/abandon-session.ts';
import { commitSession } from '../../shared/tenant-backup/commit-session.ts';
import { preparePoint } from '../../shared/tenant-backup/prepare-point.ts';
import { runSlice } from '../../shared/tenant-backup/slice.ts';
import { askUnknownEnds } from '../../shared/tenant-backup/unknown-ends.ts';
import { linesAt, residue } from '../support/backup-truth.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { codeOf, ProtocolCase, u } from '../support/protocol-case.ts';
import { abandon, finish, open, runStage } from '../support/run-backup.ts';

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

/** The next session as bad as it can be: the same number and the same epoch. */
async function openWithEpochOf(former: Fence): Promise<Fence> {
  const fence = await open(() => it.make(), request());
  await db.owner.rows('update lease set epoch = $2 where tenant_no = $1', [
    it.tenantNo,
    former.epoch,
  ]);
  await db.owner.rows(`update session set epoch = $2 where tenant_no = $1 and state = 'open'`, [
    it.tenantNo,
    former.epoch,
  ]);
  expect(fence.point).toBe(former.point);
  return { ...fence, epoch: former.epoch };
}

async function runToEnd(fence: Fence): Promise<void> {
  while (await runStage(() => it.make(), fence));
  await finish(() => it.make(), fence);
}

describe('H1: late work of the same epoch', () => {
  test('a cancel that a commit has overtaken leaves the published point as it is', async () => {
    const fence = await open(() => it.make(), request());
    while (await runStage(() => it.make(), fence));
    while (!(await askUnknownEnds(it.make(), fence, deadline())));
    await preparePoint(it.make(), fence);
    const late = it.frozenAt('cancel.duringCommit');
    const cancel = markAbandoning(late.context, fence, 'cancel');
    await late.frozen;
    await commitSession(it.make(), fence);
    late.wake();
    expect(await cancel).toBe(false);
    expect(await codeOf(abandonSession(it.make(), fence, deadline()))).toBe('fenced');
    await it.expectTruth();
  });

  test('a commit that a cancel has overtaken publishes nothing', async () => {
    const fence = await open(() => it.make(), request());
    while (await runStage(() => it.make(), fence));
    while (!(await askUnknownEnds(it.make(), fence, deadline())));
    await preparePoint(it.make(), fence);
    const late = it.frozenAt('commit.beforeState');
    const commit = codeOf(commitSession(late.context, fence));
    await late.frozen;
    await abandon(() => it.make(), fence);
    late.wake();
    expect(await commit).toBe('fenced');
    expect(await linesAt(db, it.tenantNo, 1)).toEqual([]);
    expect(await residue(db, it.tenantNo)).toBe(0);
  });

  test('a page frozen over an abandon is refused by the next session of the same number and epoch', async () => {
    const fence = await open(() => it.make(), request());
    await runStage(() => it.make(), fence);
    const late = it.frozenAt('page.afterGraph.beforeTx', 'user');
    const slice = codeOf(runSlice(late.context, fence, 'user', 'lists', deadline()));
    await late.frozen;
    await abandon(() => it.make(), fence);
    await releaseLease(it.make(), fence);
    it.tenant.set(u(2), { displayName: 'newer' });
    const next = await openWithEpochOf(fence);
    await runStage(() => it.make(), next);
    late.wake();
    expect(await slice).toBe('fenced');
    const [rows] = await db.owner.rows<{ count: number }>(
      'select count(*) from object_version where tenant_no = $1',
      [it.tenantNo],
    );
    expect(rows?.count).toBe(0);
    await runToEnd(next);
    await it.expectTruth();
  });

  test('a page cannot land between the last chunk of an abandon and its end', async () => {
    const fence = await open(() => it.make(), request());
    await runStage(() => it.make(), fence);
    const page = it.frozenAt('page.afterGraph.beforeTx', 'user');
    const slice = codeOf(runSlice(page.context, fence, 'user', 'lists', deadline()));
    await page.frozen;
    const ending = it.frozenAt('abandon.beforeAbandoned');
    await markAbandoning(it.make(), fence, 'cancel');
    const abandoned = abandonSession(ending.context, fence, deadline());
    await ending.frozen;
    page.wake();
    expect(await slice).toBe('fenced');
    ending.wake();
    expect(await abandoned).toBe(true);
    expect(await residue(db, it.tenantNo)).toBe(0);
  });

  test('a late first token does not move a collection back that has gone on', async () => {
    const fence = await open(() => it.make(), request());
    const late = it.frozenAt('latest.afterToken', 'user');
    const slice = codeOf(runSlice(late.context, fence, 'user', 'tokens', deadline()));
    await late.frozen;
    await runStage(() => it.make(), fence);
    it.tenant.set(u(0), { displayName: 'while reading' });
    await runStage(() => it.make(), fence);
    late.wake();
    expect(await slice).toBe('ended');
    const [task] = await db.owner.rows<{ phase: string; generation: number }>(
      `select phase, generation from session_task where tenant_no = $1 and collection = 'user'`,
      [it.tenantNo],
    );
    expect(task).toEqual({ phase: 'listed', generation: 1 });
    await runToEnd(fence);
    await it.expectTruth();
  });

  test('a page frozen over the failing of its collection is refused by the new generation', async () => {
    await it.backup();
    it.tenant.set(u(0), { displayName: 'changed' });
    const fence = await open(() => it.make(), request());
    await runStage(() => it.make(), fence);
    const late = it.frozenAt('page.afterGraph.beforeTx', 'user');
    const slice = codeOf(runSlice(late.context, fence, 'user', 'rounds', deadline()));
    await late.frozen;
    await db.owner.rows(
      `update session_task set phase = 'failing', generation = generation + 1,
         outcome = 'carried-failed' where tenant_no = $1 and collection = 'user'
         and session_id = $2`,
      [it.tenantNo, fence.sessionId],
    );
    late.wake();
    expect(await slice).toBe('ended');
    await runToEnd(fence);
    expect(await linesAt(db, it.tenantNo, 2)).toEqual(await linesAt(db, it.tenantNo, 1));
    await it.backup();
    await it.expectTruth();
  });
});

test('a session that another one takes over after its lease is refused when it wakes', async () => {
  const fence = await open(() => it.make(), request());
  const late = it.frozenAt('latest.afterToken', 'user');
  const slice = codeOf(runSlice(late.context, fence, 'user', 'tokens', deadline()));
  await late.frozen;
  // frozen as a whole: its heartbeat stops too
  await db.owner.rows(
    `update lease_heartbeat set expires_at = clock_timestamp() - interval '1 second'
     where tenant_no = $1`,
    [it.tenantNo],
  );
  await it.backup();
  late.wake();
  expect(await slice).toBe('fenced');
  await it.expectTruth();
});
