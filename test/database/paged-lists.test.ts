// Lists at a point, page by page: the same whatever way PostgreSQL takes to their rows. Its planner
// changes the way with the statistics of the moment, so each way is forced here once.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Transaction } from '../../shared/repository/database.ts';
import { type LinkFilter, listLinksAt } from '../../shared/repository/links-at-point.ts';
import { type SearchFilter, searchObjects } from '../../shared/repository/objects-at-point.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const GROUPS = 10;
const USERS = 75;
const DEVICES = 1500;
const relationships = ['group.owners', 'group.members', 'user.manager'];
const switches: readonly (readonly string[])[] = [
  [],
  ['enable_sort'],
  ['enable_sort', 'enable_seqscan'],
  ['enable_sort', 'enable_seqscan', 'enable_bitmapscan'],
  ['enable_sort', 'enable_incremental_sort', 'enable_hashjoin', 'enable_mergejoin'],
  ['enable_seqscan', 'enable_indexscan'],
  ['enable_indexscan', 'enable_indexonlyscan', 'enable_bitmapscan'],
];
const ways = switches.map((off) => [off.join(' ') || 'nothing', off] as const);
let db: TestDatabase;
let tenantNo = 0;

/** User `user` belongs to group `group`; owners are some of the first users. */
function isLinked(relationship: string, group: number, user: number): boolean {
  return (user + group) % 5 > 0 && (relationship === 'group.members' || user < 20);
}

beforeAll(async () => {
  db = await createTestDatabase();
  tenantNo = await db.addTenant('6c7e0f0a-6a3c-4d47-9d3c-0a4a2f1b2c3d');
  await db.owner.rows(
    `insert into object_version (tenant_no, object_key, type, state, from_point)
     select $1, key, case when key <= $2 then 'group' when key <= $3 then 'user' else 'device' end,
       'live', 1 from generate_series(1, $4::int) key`,
    [tenantNo, GROUPS, GROUPS + USERS, GROUPS + USERS + DEVICES],
  );
  await db.owner.rows(
    `insert into link (tenant_no, relationship, kind, source, target, from_point)
     select $1, name, 'relation', g, $2 + u, 1
     from generate_series(1, $2::int) g, generate_series(1, $3::int) u,
       unnest(array['group.members', 'group.owners']) name
     where (u + g) % 5 > 0 and (name = 'group.members' or u < 20)`,
    [tenantNo, GROUPS, USERS],
  );
});
afterAll(async () => await db.drop());

async function forced<T>(
  off: readonly string[],
  work: (tx: Transaction) => Promise<T>,
): Promise<T> {
  return await db.database.withTenant(tenantNo, async (tx) => {
    for (const way of off) await tx.client.query(`set local ${way} = off`);
    return await work(tx);
  });
}

async function linksOf(
  tx: Transaction,
  key: number,
  direction: LinkFilter['direction'],
  top: number,
): Promise<string[]> {
  const found: string[] = [];
  for (let after: LinkFilter['after']; ; ) {
    const filter = { direction, relationships, dormant: 'exclude', after, top } as const;
    const page = await listLinksAt(tx, key, 1, filter);
    found.push(...page.map((link) => `${link.relationship} ${link.other}`));
    after = page.at(-1);
    if (page.length < top) return found;
  }
}

async function namesFound(tx: Transaction, types: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (let after: SearchFilter['after']; ; ) {
    const page = await searchObjects(tx, 1, { types, states: ['live'], after, top: 37 });
    found.push(...page.map(({ type, key }) => `${type} ${key}`));
    after = page.at(-1);
    if (page.length < 37) return found;
  }
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

test.each(ways)(
  'all links of a source are listed once, none of another source (without %s)',
  async (_, off) => {
    await forced(off, async (tx) => {
      for (const group of [1, 4, GROUPS]) {
        const wanted = ['group.members', 'group.owners'].flatMap((name) =>
          upTo(USERS)
            .filter((user) => isLinked(name, group, user))
            .map((user) => `${name} ${GROUPS + user}`),
        );
        for (const top of [7, 37]) {
          expect(await linksOf(tx, group, 'outgoing', top)).toEqual(wanted);
        }
      }
    });
  },
);

test.each(ways)(
  'all links to a target are listed once, none of another target (without %s)',
  async (_, off) => {
    await forced(off, async (tx) => {
      for (const user of [1, 17, 38, USERS]) {
        const wanted = ['group.members', 'group.owners'].flatMap((name) =>
          upTo(GROUPS)
            .filter((group) => isLinked(name, group, user))
            .map((group) => `${name} ${group}`),
        );
        expect(await linksOf(tx, GROUPS + user, 'incoming', 3)).toEqual(wanted);
      }
    });
  },
);

test.each(ways)('a search lists each object of its types once (without %s)', async (_, off) => {
  await forced(off, async (tx) => {
    const users = upTo(USERS).map((user) => `user ${GROUPS + user}`);
    const devices = upTo(DEVICES).map((device) => `device ${GROUPS + USERS + device}`);
    const groups = upTo(GROUPS).map((group) => `group ${group}`);
    expect(await namesFound(tx, ['user', 'group'])).toEqual([...groups, ...users]);
    expect(await namesFound(tx, ['user', 'device'])).toEqual([...devices, ...users]);
  });
});
