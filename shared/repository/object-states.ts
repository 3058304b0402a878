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

/** Versions of the objects at a point; objects without one are left out. */
export async function objectStatesAt(
  tx: Transaction,
  keys: readonly number[],
  point: number,
): Promise<Map<number, ObjectStateRow>> {
  const rows = await tx.rows<ObjectStateRow>(
    `select ${columns} from unnest($2::bigint[]) as k (key)
     join object o on o.tenant_no = $1 and o.key = k.key
     join object_version v on v.tenant_no = $1 and v.object_key = k.key
       and v.from_point <= $3 and v.to_point > $3`,
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
     join object o on o.tenant_no = $1 and o.space = any ($3) and o.parent_key = p.key
     join object_version v on v.tenant_no = $1 and v.object_key = o.key
       and v.from_point <= $4 and v.to_point > $4
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
