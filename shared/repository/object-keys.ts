import { numbersOf, textArray } from './binary-array.ts';
import type { Transaction } from './database.ts';

export interface ObjectKey {
  readonly key: number;
  readonly objectId: string;
  readonly type: string;
}

/** Keys of ids of one space without a parent; ids nobody knows are left out. */
export async function keysOf(
  tx: Transaction,
  space: string,
  ids: readonly string[],
): Promise<ObjectKey[]> {
  return await tx.rows<ObjectKey>(
    `select o.key, o.object_id as "objectId", o.type from unnest($3::text[]) as i (id)
     cross join lateral (select key, object_id, type from object where tenant_no = (select $1::int)
       and space = $2 and parent_key = 0 and object_id = i.id offset 0) o`,
    [tx.tenantNo, space, [...ids]],
  );
}

/** Makes keys for ids of one space that have none, in order. */
export async function ensureKeys(
  tx: Transaction,
  space: string,
  type: string,
  ids: readonly string[],
): Promise<void> {
  await tx.change(
    `insert into object (tenant_no, space, type, object_id)
     select $1, $2, $3, i.id from (select distinct unnest($4::text[]) as id) i
     where (select o.key from object o where o.tenant_no = (select $1::int) and o.space = $2
       and o.parent_key = 0 and o.object_id = i.id) is null
     order by i.id on conflict do nothing`,
    [tx.tenantNo, space, type, [...ids]],
  );
}

/**
 * Keys of ids of one space without a parent; ids that nobody knows get a key of `type`. One statement
 * when all are known, which is what mostly happens.
 */
export async function makeKeys(
  tx: Transaction,
  space: string,
  type: string,
  ids: Iterable<string>,
): Promise<ReadonlyMap<string, number>> {
  const keys = new Map<string, number>();
  const missing = await findKeys(tx, space, [...new Set(ids)], keys);
  if (missing.length === 0) return keys;
  await ensureKeys(tx, space, type, missing);
  await findKeys(tx, space, missing, keys);
  return keys;
}

/** Adds to `keys` those of the ids; answers the ids that have none. */
async function findKeys(
  tx: Transaction,
  space: string,
  ids: readonly string[],
  keys: Map<string, number>,
): Promise<string[]> {
  if (ids.length === 0) return [];
  const row = await tx.row<{ keys: string }>(
    `select array_agg(o.key order by i.ord)::text as keys
     from unnest($3::text[]) with ordinality as i (id, ord)
     left join lateral (select key from object where tenant_no = (select $1::int) and space = $2
       and parent_key = 0 and object_id = i.id offset 0) o on true`,
    [tx.tenantNo, space, textArray(ids)],
  );
  const found = numbersOf(row?.keys ?? null);
  return ids.filter((id, index) => {
    const key = found[index];
    if (key !== undefined) keys.set(id, key);
    return key === undefined;
  });
}

/** Keys of the parts (children, facets) of parents, those with an open version. */
export async function openParts(
  tx: Transaction,
  parents: readonly number[],
  spaces: readonly string[],
): Promise<number[]> {
  if (spaces.length === 0) return [];
  const rows = await tx.rows<{ key: number }>(
    `select o.key from unnest($2::bigint[]) as p (key)
     cross join lateral (select key from object where tenant_no = (select $1::int)
       and space = any ($3)
       and parent_key = p.key offset 0) o
     where (select v.object_key from object_version v where v.tenant_no = $1
       and v.object_key = o.key and v.to_point = 2147483647) is not null`,
    [tx.tenantNo, [...parents], [...spaces]],
  );
  return rows.map((row) => row.key);
}

/** Those of the ids whose open version is live. */
export async function liveIds(
  tx: Transaction,
  space: string,
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  const rows = await tx.rows<{ id: string }>(
    `select i.id from unnest($3::text[]) as i (id)
     cross join lateral (select key from object where tenant_no = (select $1::int) and space = $2
       and parent_key = 0 and object_id = i.id offset 0) o
     cross join lateral (select state from object_version where tenant_no = $1
       and object_key = o.key and to_point = 2147483647 offset 0) v
     where v.state = 'live'`,
    [tx.tenantNo, space, [...ids]],
  );
  return new Set(rows.map((row) => row.id));
}
