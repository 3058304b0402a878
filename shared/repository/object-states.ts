import type { Transaction } from './database.ts';

/** An object's version at a point, with the address of the object. */
export interface ObjectStateRow {
  readonly key: number;
  readonly objectId: string;
  readonly type: string;
  readonly parentKey: number;
  readonly state: 'live' | 'softDeleted';
  /** Canonical text, null when only the deletion is known. */
  readonly body: string | null;
}

const columns = `o.key, o.object_id as "objectId", o.type, o.parent_key as "parentKey", v.state,
  v.body::text as body`;

/**
 * Versions of the objects at a point; objects without one are left out. `offset 0` makes each a look
 * into an index: joined freely, the planner reads the whole tenant.
 */
export async function objectStatesAt(
  tx: Transaction,
  keys: readonly number[],
  point: number,
): Promise<Map<number, ObjectStateRow>> {
  const rows = await tx.rows<ObjectStateRow>(
    `select ${columns} from unnest($2::bigint[]) as k (key)
     cross join lateral (select * from object where tenant_no = (select $1::int)
       and key = k.key offset 0) o
     cross join lateral (select state, body from object_version where tenant_no = (select $1::int)
       and object_key = k.key and from_point <= $3 and to_point > $3 offset 0) v`,
    [tx.tenantNo, [...keys], point],
  );
  return new Map(rows.map((row) => [row.key, row]));
}

/** Children and facets of the parents at a point, ordered by parent, type and id. */
export async function partStatesAt(
  tx: Transaction,
  parents: readonly number[],
  spaces: readonly string[],
  point: number,
): Promise<ObjectStateRow[]> {
  return await tx.rows<ObjectStateRow>(
    `select ${columns} from unnest($2::bigint[]) as p (key)
     cross join unnest($3::text[]) as s (space)
     cross join lateral (select * from object where tenant_no = (select $1::int) and space = s.space
       and parent_key = p.key offset 0) o
     cross join lateral (select state, body from object_version where tenant_no = (select $1::int)
       and object_key = o.key and from_point <= $4 and to_point > $4 offset 0) v
     order by o.parent_key, o.type, o.object_id`,
    [tx.tenantNo, [...parents], [...spaces], point],
  );
}

/** Property names captured at a point, by collection; a collection without a row is missing. */
export async function capturedAt(
  tx: Transaction,
  point: number,
): Promise<Map<string, ReadonlySet<string>>> {
  const rows = await tx.rows<{ collection: string; captured: string[] }>(
    'select collection, captured from collection_state where tenant_no = $1 and point = $2',
    [tx.tenantNo, point],
  );
  return new Map(rows.map((row) => [row.collection, new Set(row.captured)]));
}
