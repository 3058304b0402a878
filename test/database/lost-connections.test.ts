// Connections that the server ends while a transaction is open on them. Where nobody listened, the event
// would end this process, and vitest with it.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isBackupError } from '../../shared/errors/backup-error.ts';
import { Database, type Transaction } from '../../shared/repository/database.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let db: TestDatabase;
let database: Database;
let tenantNo: number;

beforeAll(async () => {
  db = await createTestDatabase();
  // one connection: a broken one that came back into the pool would be met again
  database = Database.open({ url: db.appUrl, maxConnections: 1 });
  tenantNo = await db.addTenant(randomUUID());
});
afterAll(async () => {
  await database.close();
  await db.drop();
});

const insert = async (tx: Transaction): Promise<number> =>
  await tx.change(
    `insert into link_due (tenant_no, relationship, side, object_key, no)
     values ($1, 'group.members', 's', 1, 1)`,
    [tx.tenantNo],
  );

const pid = async (tx: Transaction): Promise<number> =>
  (await tx.row<{ pid: number }>('select pg_backend_pid() as pid'))?.pid ?? 0;

async function terminate(backend: number): Promise<void> {
  await db.owner.rows('select pg_terminate_backend($1)', [backend]);
  const isThere = async (): Promise<boolean> =>
    (await db.owner.rows('select 1 from pg_stat_activity where pid = $1', [backend])).length > 0;
  while (await isThere()) await sleep(10);
  await sleep(50);
}

/** What the transaction ended with; afterwards the next one must work and find nothing of it. */
async function outcomeOf(work: (tx: Transaction) => Promise<unknown>): Promise<unknown> {
  const outcome = await database.withTenant(tenantNo, work).catch((error: unknown) => error);
  const rows = await database.withTenant(tenantNo, (tx) => tx.rows('select 1 from link_due'));
  expect(rows).toEqual([]);
  return outcome;
}

function expectUnavailable(outcome: unknown, sqlState: string): void {
  expect(isBackupError(outcome, 'repositoryUnavailable')).toBe(true);
  expect(String(outcome)).toContain(sqlState);
}

test('a transaction that was idle for too long is refused as not available when it goes on', async () => {
  const outcome = await outcomeOf(async (tx) => {
    await tx.rows(`set local idle_in_transaction_session_timeout = '100ms'`);
    await insert(tx);
    await sleep(400);
    return await insert(tx);
  });
  expectUnavailable(outcome, '25P03');
});

test('a transaction whose connection is ended before its commit is refused as not available', async () => {
  const outcome = await outcomeOf(async (tx) => {
    const backend = await pid(tx);
    await insert(tx);
    await terminate(backend);
  });
  expectUnavailable(outcome, '57P01');
});

test('a transaction whose connection is ended during a statement is refused as not available', async () => {
  const outcome = await outcomeOf(async (tx) => {
    const backend = await pid(tx);
    await insert(tx);
    await Promise.all([tx.rows('select pg_sleep(30)'), sleep(100).then(() => terminate(backend))]);
  });
  expectUnavailable(outcome, '57P01');
});
