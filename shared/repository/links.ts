import { bigintArray } from './binary-array.ts';
import type { Transaction } from './database.ts';
import { type LinkPage, type Pairs, pairArrays } from './link-pairs.ts';
import { statesOf } from './link-states.ts';

// What a page shows travels as arrays of numbers: a temporary table would cost half as much as the
// links themselves, and its truncation at each commit as much again. `lateral ... offset 0` and
// scalar sub-selects look each pair up by its key, whatever the planner knows about the tenant. A
// join may turn into a loop over whole tables while these are new or the tenant is one of many.
// `(select $1::int)` hides which tenant it is: of one that came after the last `analyze` the
// planner expects no rows, finds every index as good and takes the smallest, which may lead by the
// tenant alone: each lookup would then read all rows of the tenant.

/** The rows of `page_object` whose version changed: number of the row to key. */
export async function changedObjects(tx: Transaction): Promise<ReadonlyMap<number, number>> {
  const rows = await tx.rows<{ ord: number; key: number }>(
    'select ord, key from page_key where not same',
  );
  return new Map(rows.map((row) => [row.ord, row.key]));
}

/**
 * Opens links: reopens those closed at N, inserts missing ones; rows changed. No `on conflict`,
 * which costs as much as an index: when another transaction inserts the same link, the whole
 * transaction is repeated and finds it.
 */
export async function openLinks(tx: Transaction, page: LinkPage, pairs: Pairs): Promise<number> {
  const states = await statesOf(tx, page, pairs);
  const missing =
    states.length === 0 ? pairs : someOf(pairs, (index) => states[index] === undefined);
  const closed = someOf(pairs, (index) => states[index] === 'closed');
  return (await insertLinks(tx, page, missing)) + (await reopenLinks(tx, page, closed));
}

function someOf(pairs: Pairs, choose: (index: number) => boolean): Pairs {
  const by = (_: number, index: number): boolean => choose(index);
  return { sources: pairs.sources.filter(by), targets: pairs.targets.filter(by) };
}

async function insertLinks(tx: Transaction, page: LinkPage, pairs: Pairs): Promise<number> {
  if (pairs.sources.length === 0) return 0;
  return await tx.change(
    `insert into link (tenant_no, relationship, kind, source, target, from_point)
     select $1, $2, $3, p.source, p.target, $4
     from unnest($5::bigint[], $6::bigint[]) as p (source, target)`,
    [tx.tenantNo, page.relationship, page.kind, page.point, ...pairArrays(pairs)],
    'insert-links',
  );
}

async function reopenLinks(tx: Transaction, page: LinkPage, pairs: Pairs): Promise<number> {
  if (pairs.sources.length === 0) return 0;
  return await tx.change(
    `update link l set to_point = 2147483647
     from unnest($4::bigint[], $5::bigint[]) as p (source, target)
     where l.tenant_no = (select $1::int) and l.relationship = $2 and l.source = p.source
       and l.target = p.target and l.to_point = $3`,
    [tx.tenantNo, page.relationship, page.point, ...pairArrays(pairs)],
  );
}

/** Ends links that a delta round says were removed; rows changed. */
export async function endPairs(tx: Transaction, page: LinkPage, pairs: Pairs): Promise<number> {
  await tx.client.query('delete from page_link');
  await tx.change(
    'insert into page_link (source, target) select * from unnest($1::bigint[], $2::bigint[])',
    pairArrays(pairs),
  );
  return await endLinks(tx, page);
}

/** Ends the links in `page_link`; rows changed. */
export async function endLinks(tx: Transaction, page: LinkPage): Promise<number> {
  const values = [tx.tenantNo, page.relationship, page.point];
  const deleted = await tx.change(
    `delete from link l using page_link p where l.tenant_no = (select $1::int)
      and l.relationship = $2
       and l.source = p.source and l.target = p.target and l.from_point = $3
       and l.to_point = 2147483647`,
    values,
  );
  const closed = await tx.change(
    `update link l set to_point = $3 from page_link p where l.tenant_no = (select $1::int)
       and l.relationship = $2 and l.source = p.source and l.target = p.target
       and l.to_point = 2147483647`,
    values,
  );
  return deleted + closed;
}

/** Ends the links of the sources that are not among the pairs: for sets whose body is evidence. */
export async function endOthers(
  tx: Transaction,
  page: LinkPage,
  sources: readonly number[],
  pairs: Pairs,
): Promise<number> {
  await tx.client.query('delete from page_link');
  const found = await tx.change(
    `insert into page_link (source, target) select l.source, l.target
     from unnest($3::bigint[]) as s (key)
     cross join lateral (select source, target from link where tenant_no = (select $1::int)
       and relationship = $2 and source = s.key and to_point = 2147483647 offset 0) l
     where not exists (select 1 from unnest($4::bigint[], $5::bigint[]) as k (source, target)
       where k.source = l.source and k.target = l.target)`,
    [tx.tenantNo, page.relationship, bigintArray(sources), ...pairArrays(pairs)],
  );
  return found === 0 ? 0 : await endLinks(tx, page);
}

/**
 * Ends what a purge of these objects ends: relations at both ends, and the references in their own
 * bodies. References to them stay in the bodies that hold them. `relationships` are all there are:
 * the key of a link begins with it.
 */
export async function endLinksOfGone(
  tx: Transaction,
  point: number,
  keys: readonly number[],
  relationships: readonly string[],
): Promise<number> {
  if (keys.length === 0) return 0;
  await tx.client.query('delete from page_link');
  let ended = 0;
  for (const relationship of relationships) {
    await tx.client.query('delete from page_link');
    const found = await tx.change(
      `insert into page_link (source, target)
       select source, target from link where tenant_no = (select $1::int) and relationship = $2
         and source = any ($3) and to_point = 2147483647
       union
       select source, target from link where tenant_no = (select $1::int) and relationship = $2
         and target = any ($3) and kind = 'relation' and to_point = 2147483647`,
      [tx.tenantNo, relationship, [...keys]],
    );
    if (found > 0) {
      ended += await endLinks(tx, { relationship, kind: 'relation', targetSpace: '', point });
    }
  }
  return ended;
}

/** Whether the source has open links from before point N. */
export async function hasOlderLinks(
  tx: Transaction,
  relationship: string,
  source: number,
  point: number,
): Promise<boolean> {
  const row = await tx.row(
    `select 1 from link where tenant_no = (select $1::int) and relationship = $2 and source = $3
       and to_point = 2147483647 and from_point < $4 limit 1`,
    [tx.tenantNo, relationship, source, point],
  );
  return row !== undefined;
}
