// What a comparison reads: rows in proportion to what differs, whatever the planner knows about the
// tables. Counted by the server inside the transaction.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listCandidates } from '../../shared/repository/comparison-candidates.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { rowsReadBy } from '../support/rows-read.ts';

const OBJECTS = 12_000;
const CHANGED = 60;
/** Versions, objects and links around one change; without lookups it is the whole tenant. */
const ROWS_A_CHANGE = 40;

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(async () => {
  await db.drop();
});

/** Objects with four links each; half of the changed ones are gone at point 2, half have another body. */
async function seedTenant(): Promise<number> {
  const tenantNo = await db.addTenant(randomUUID());
  const [first] = await db.owner.rows<{ key: number }>(
    `with made as (insert into object (tenant_no, space, type, object_id)
       select $1, 'directory', 'user', gen_random_uuid()::text from generate_series(1, $2::int)
       returning key)
     select min(key) as key from made`,
    [tenantNo, OBJECTS],
  );
  const key = first?.key ?? 0;
  const version = `insert into object_version (tenant_no, object_key, type, state, from_point,
    to_point, hash, body)`;
  await db.owner.rows(
    `${version} select $1, o.key, o.type, 'live', 1,
       case when o.key - $2 < $3 then 2 else 2147483647 end, sha256(o.object_id::bytea), '{}'
     from object o where tenant_no = $1`,
    [tenantNo, key, CHANGED],
  );
  await db.owner.rows(
    `${version} select $1, o.key, o.type, 'live', 2, 2147483647, sha256('other'), '{}'
     from object o where tenant_no = $1 and o.key - $2 < $3 and (o.key - $2) % 2 = 0`,
    [tenantNo, key, CHANGED],
  );
  await db.owner.rows(
    `insert into link (tenant_no, relationship, kind, source, target, from_point)
     select $1, 'group.members', 'relation', $2 + i % $3::int, $2 + (i * 7919::bigint) % $3, 1
     from generate_series(1, $3 * 4) i on conflict do nothing`,
    [tenantNo, key, OBJECTS],
  );
  return tenantNo;
}

async function comparedRows(tenantNo: number): Promise<{ rows: number; result: number }> {
  return await db.database.withTenant(tenantNo, (tx) =>
    rowsReadBy(tx, ['object', 'object_version', 'link'], () =>
      listCandidates(tx, {
        comparisonId: randomUUID(),
        fromPoint: 2,
        toPoint: 1,
        types: ['user'],
        relationships: ['group.members'],
        selection: { except: [] },
        linkScope: 'source',
      }),
    ),
  );
}

test.each([
  ['without statistics'],
  ['with statistics of a time before the tenant came'],
  ['with statistics'],
])('a comparison reads rows in proportion to what differs, %s', async (name) => {
  if (name.endsWith('came')) {
    await seedTenant();
    await db.owner.rows('analyze');
  }
  const tenantNo = await seedTenant();
  if (name === 'with statistics') await db.owner.rows('analyze');
  const { rows, result: differences } = await comparedRows(tenantNo);
  expect(differences).toBeGreaterThanOrEqual(CHANGED);
  expect(rows).toBeGreaterThan(CHANGED);
  expect(rows).toBeLessThan(CHANGED * ROWS_A_CHANGE);
});
