/** What a page of links costs and leaves, whatever the statistics say and whoever writes beside it. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bigintArray, numbersOf, textArray } from '../../shared/repository/binary-array.ts';
import type { Transaction } from '../../shared/repository/database.ts';
import { type LinkPage, pairsOf } from '../../shared/repository/link-pairs.ts';
import { openLinks } from '../../shared/repository/links.ts';
import { makeKeys } from '../../shared/repository/object-keys.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { rowsReadBy } from '../support/rows-read.ts';

const OBJECTS = 2_000;
const SHOWN = 100;
const page: LinkPage = {
  relationship: 'group.members',
  kind: 'relation',
  targetSpace: 'directory',
  point: 3,
};
let db: TestDatabase;

beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(async () => {
  await db.drop();
});

/** A tenant with objects, and twice as many links from its first hundred. */
async function seedTenant(): Promise<{ tenantNo: number; ids: string[] }> {
  const tenantNo = await db.addTenant(randomUUID());
  const rows = await db.owner.rows<{ id: string }>(
    `insert into object (tenant_no, space, type, object_id)
     select $1, 'directory', 'user', gen_random_uuid()::text from generate_series(1, $2)
     returning object_id as id`,
    [tenantNo, OBJECTS],
  );
  await db.owner.rows(
    `insert into link (tenant_no, relationship, kind, source, target, from_point)
     select $1, $2, 'relation', s.key, t.key, 1
     from (select key from object where tenant_no = $1 order by key limit 100) s
     cross join (select key from object where tenant_no = $1 order by key desc limit 40) t`,
    [tenantNo, page.relationship],
  );
  return { tenantNo, ids: rows.map((row) => row.id) };
}

async function openAll(
  tx: Transaction,
  sources: readonly string[],
  targets: readonly string[],
): Promise<number> {
  const keys = await makeKeys(tx, 'directory', 'group', sources);
  const edges = sources.flatMap((source) =>
    targets.map((target) => [keys.get(source) ?? 0, target] as const),
  );
  return await openLinks(tx, page, await pairsOf(tx, page, edges));
}

test('a page of a tenant that came after the statistics reads what it shows, not the tenant', async () => {
  await seedTenant();
  await db.owner.rows('analyze');
  const { tenantNo, ids } = await seedTenant();
  const [many, few] = [ids[0] ?? '', ids[500] ?? ''];
  const { rows, result: opened } = await db.database.withTenant(tenantNo, (tx) =>
    rowsReadBy(tx, ['object', 'link'], () => openAll(tx, [many, few], ids.slice(0, SHOWN))),
  );
  expect(opened).toBe(2 * SHOWN);
  expect(rows).toBeGreaterThan(SHOWN);
  expect(rows).toBeLessThan(4 * SHOWN);
});

test('two transactions that open the same links at once both end, and each link stands once', async () => {
  const { tenantNo, ids } = await seedTenant();
  const [source = ''] = ids.slice(300);
  const open = async (): Promise<number> =>
    await db.database.withTenant(tenantNo, async (tx) => {
      const opened = await openAll(tx, [source], ids.slice(0, SHOWN));
      // the other one must have looked before this one commits
      await tx.rows('select pg_sleep(0.2)');
      return opened;
    });
  const opened = await Promise.all([open(), open()]);
  expect(opened.sort((one, other) => one - other)).toEqual([0, SHOWN]);
  const [stored] = await db.owner.rows<{ count: number }>(
    `select count(*)::int as count from link l join object o on o.tenant_no = l.tenant_no
       and o.key = l.source where l.tenant_no = $1 and o.object_id = $2`,
    [tenantNo, source],
  );
  expect(stored?.count).toBe(SHOWN);
});

test.each([
  ['read whole', 40],
  ['looked up one by one', 400],
])('open links stay, those closed at N are reopened, others are new: %s', async (_, links) => {
  const { tenantNo, ids } = await seedTenant();
  const source = ids[200] ?? '';
  await db.owner.rows(
    `insert into link (tenant_no, relationship, kind, source, target, from_point, to_point)
     select $1, $2, 'relation', s.key, t.key, 1,
       case t.n % 4 when 0 then 2147483647 when 1 then $4 else 2 end
     from object s cross join (select key, row_number() over (order by key) as n from object
       where tenant_no = $1 limit $5) t
     where s.tenant_no = $1 and s.object_id = $3`,
    [tenantNo, page.relationship, source, page.point, links],
  );
  // of the first 40 targets ten are open, ten closed at N, twenty closed before; ten are unknown
  const unknown = Array.from({ length: 10 }, () => randomUUID());
  const targets = [...ids.slice(0, 40), ...unknown, ...ids.slice(0, 5)];
  const changed = await db.database.withTenant(
    tenantNo,
    async (tx) => await openAll(tx, [source], targets),
  );
  expect(changed).toBe(40);
  const stored = await db.owner.rows<{ from: number; count: number }>(
    `select l.from_point as from, count(*)::int as count from link l
     join object o on o.tenant_no = l.tenant_no and o.key = l.target and o.object_id = any ($2)
     where l.tenant_no = $1 and l.to_point = 2147483647
       and l.source = (select key from object where tenant_no = $1 and object_id = $3)
     group by 1 order by 1`,
    [tenantNo, targets, source],
  );
  expect(stored).toEqual([
    { from: 1, count: 20 },
    { from: page.point, count: 30 },
  ]);
  const again = await db.database.withTenant(
    tenantNo,
    async (tx) => await openAll(tx, [source], targets),
  );
  expect(again).toBe(0);
});

test('arrays reach the server as they are', async () => {
  const tenantNo = await db.addTenant(randomUUID());
  const numbers = [0, 1, 4_294_967_295, 4_294_967_296, Number.MAX_SAFE_INTEGER];
  const texts = ['', 'a', 'ä"\\{},', 'NULL', '😀'];
  const row = await db.database.withTenant(
    tenantNo,
    async (tx) =>
      await tx.row<{ numbers: string; none: string; texts: string[] }>(
        `select (array_append($1::bigint[], null))::text as numbers, ($2::bigint[])::text as none,
           $3::text[] as texts`,
        [bigintArray(numbers), bigintArray([]), textArray(texts)],
      ),
  );
  expect(numbersOf(row?.numbers ?? null)).toEqual([...numbers, undefined]);
  expect(numbersOf(row?.none ?? null)).toEqual([]);
  expect(row?.texts).toEqual(texts);
});
