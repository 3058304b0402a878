// Counterexample H9 of the backup protocol, on a real database: a purge beside backups, holds, plans
// and readers.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../shared/model/clock.ts';
import * as expiredPoints from '../../shared/repository/expired-points.ts';
import { assertNotExpired } from '../../shared/repository/restore-points.ts';
import {
  type PurgeFailpoint,
  type PurgeResult,
  purgeSlice,
  purgeStart,
} from '../../shared/retention/purge-tenant.ts';
import { linesAt } from '../support/backup-truth.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { g, ProtocolCase, u } from '../support/protocol-case.ts';
import { abandon, open, runStage } from '../support/run-backup.ts';

let db: TestDatabase;
let it: ProtocolCase;

beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(async () => await db.drop());
beforeEach(async () => {
  it = await ProtocolCase.create(db);
});

async function expire(...numbers: number[]): Promise<boolean[]> {
  const answers: boolean[] = [];
  for (const number of numbers) {
    answers.push(
      await db.database.withTenant(it.tenantNo, (tx) => expiredPoints.expirePoint(tx, number)),
    );
  }
  return answers;
}

/** A purge that looks at one row in a transaction, so that anything can happen in between. */
async function purge(failpoint: PurgeFailpoint = () => undefined): Promise<PurgeResult> {
  return await purgeSlice(
    {
      ...{ database: db.database, tenantNo: it.tenantNo, clock: systemClock, failpoint },
      ...{ tables: { expiredPoints }, chunk: 1 },
    },
    purgeStart,
    new Date(Date.now() + 60_000),
  );
}

/** Four points; each renames a user, and takes or brings back a membership. */
async function fourPoints(): Promise<Map<number, string[]>> {
  const lines = new Map<number, string[]>();
  for (let number = 1; number <= 4; number += 1) {
    it.tenant.set(u(0), { displayName: `name ${number}` });
    if (number % 2 === 0) it.tenant.unlink('group.members', g(0), u(1));
    else it.tenant.link('group.members', g(0), u(1));
    await it.backup();
    lines.set(number, await linesAt(db, it.tenantNo, number));
  }
  return lines;
}

test('H9: a purge takes what no kept point shows and leaves each kept point as it was', async () => {
  const lines = await fourPoints();
  expect(await expire(1, 3)).toEqual([true, true]);
  const { deleted, next } = await purge();
  expect(next).toBeUndefined();
  expect(deleted).toBeGreaterThan(0);
  for (const number of [2, 4])
    expect(await linesAt(db, it.tenantNo, number)).toEqual(lines.get(number));
  const covered = await db.owner.rows(
    `select from object_version v where tenant_no = $1 and to_point <= 4 and not exists (
       select from restore_point r where r.tenant_no = $1 and r.expired_at is null
         and r.number >= v.from_point and r.number < v.to_point)`,
    [it.tenantNo],
  );
  expect(covered).toEqual([]);
  expect((await purge()).deleted).toBe(0);
});

test('H9: what backups publish between two chunks is never purged', async () => {
  await fourPoints();
  await expire(1, 2, 3);
  const lines = new Map<number, string[]>();
  await purge(async (name) => {
    if (name !== 'purge.betweenChunks' || lines.size > 0) return;
    // what point 5 brings, point 6 ends: a list of points from before knows neither
    for (const number of [5, 6]) {
      it.tenant.set(u(0), { displayName: `while purging ${number}` });
      it.tenant.set(u(2), { displayName: `while purging ${number}` });
      await it.backup();
      lines.set(number, await linesAt(db, it.tenantNo, number));
    }
  });
  expect(lines.size).toBe(2);
  for (const [number, text] of lines) expect(await linesAt(db, it.tenantNo, number)).toEqual(text);
});

test('H9: rows that an unpublished session has ended are left, and come back when it is abandoned', async () => {
  const lines = await fourPoints();
  await expire(1, 2, 3);
  it.tenant.set(u(0), { displayName: 'never published' });
  it.tenant.unlink('group.members', g(0), u(0));
  const make = () => it.make();
  const fence = await open(make, { operationId: randomUUID(), mode: 'incremental' });
  while (await runStage(make, fence));
  await purge();
  await abandon(make, fence);
  expect(await linesAt(db, it.tenantNo, 4)).toEqual(lines.get(4));
});

test('H9: a reader whose point expires between its rows is told so', async () => {
  await fourPoints();
  const read = db.database.withTenant(it.tenantNo, async (tx) => {
    await tx.rows('select from object_version where tenant_no = $1', [tx.tenantNo]);
    await expire(2);
    await purge();
    await tx.rows('select from link where tenant_no = $1', [tx.tenantNo]);
    await assertNotExpired(tx, 2);
  });
  await expect(read).rejects.toMatchObject({ code: 'pointExpired' });
});

test('the head, a held point, a pinned one and the last good one before a suspicious one stay', async () => {
  const lines = await fourPoints();
  const no = it.tenantNo;
  await db.owner.rows('update restore_point set hold = true where tenant_no = $1 and number = 1', [
    no,
  ]);
  await db.owner.rows(
    `insert into restore_plan (tenant_no, id, operation_id, comparison_id, point, live_point,
       selection, options, state, requested_by, expires_at)
     values ($1, $2, $2, $2, 2, 4, '{}', '{}', 'ready', 'somebody', now() + interval '1 day')`,
    [no, randomUUID()],
  );
  await db.owner.rows(
    'update restore_point set suspicious = true where tenant_no = $1 and number = 4',
    [no],
  );
  expect(await expire(1, 2, 3, 4, 9)).toEqual([false, false, false, false, false]);
  // expired before the plan was made: its rows stay as long as the plan needs them
  await db.owner.rows(
    'update restore_point set expired_at = now() where tenant_no = $1 and number = 2',
    [no],
  );
  await purge();
  for (const [number, text] of lines) expect(await linesAt(db, no, number)).toEqual(text);
});
