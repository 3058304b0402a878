// Objects as they were at a point: by address, and by search over the names of that time.
import type { Transaction } from './database.ts';

export interface ObjectAtPoint {
  readonly key: number;
  readonly type: string;
  readonly objectId: string;
  readonly state: 'live' | 'softDeleted';
  /** Canonical text; null when only the deletion is known. */
  readonly body: string | null;
  readonly fromPoint: number;
  /** When the recycle bin forgets it, if it lies there. */
  readonly purgeAt: Date | null;
}

export interface SearchFilter {
  readonly types: readonly string[];
  /** Lower-case text that a name of the object contains. */
  readonly text?: string | undefined;
  readonly states: readonly ('live' | 'softDeleted')[];
  /** Only objects with these ids. */
  readonly ids?: readonly string[] | undefined;
  /** The last one of the page before. */
  readonly after?: { readonly type: string; readonly key: number } | undefined;
  readonly top: number;
}

export interface FoundObject {
  readonly key: number;
  readonly type: string;
}

/** Matching objects at a point, ordered by type and key. */
export async function searchObjects(
  tx: Transaction,
  point: number,
  filter: SearchFilter,
): Promise<FoundObject[]> {
  return await tx.rows<FoundObject>(
    `select v.object_key as key, v.type from object_version v
     where v.tenant_no = $1 and v.type = any ($3::text[]) and v.from_point <= $2 and v.to_point > $2
       and v.state = any ($4::text[]) and ($5::text is null or strpos(v.search, $5) > 0)
       and ($6::text[] is null or exists (select from object o where o.tenant_no = $1
         and o.key = v.object_key and o.object_id = any ($6)))
       and (v.type, v.object_key) > ($7::text collate "C", $8::bigint)
     order by v.type, v.object_key limit $9`,
    [
      tx.tenantNo,
      point,
      [...filter.types],
      [...filter.states],
      filter.text ?? null,
      filter.ids ?? null,
      // before all: without an alternative in the condition the index leads to the page
      filter.after?.type ?? '',
      filter.after?.key ?? 0,
      filter.top,
    ],
  );
}

export interface ObjectKeyAddress {
  readonly space: string;
  readonly type: string;
  readonly objectId: string;
  /** Of a child: where its parent is. */
  readonly parent?: { readonly space: string; readonly objectId: string };
}

/** Key of an address, whether or not the object has a version; undefined when nobody knows it. */
export async function findObjectKey(
  tx: Transaction,
  address: ObjectKeyAddress,
): Promise<number | undefined> {
  const row = await tx.row<{ key: number }>(
    `select o.key from object o
     where o.tenant_no = $1 and o.space = $2 and o.object_id = $3 and o.type = $4
       and o.parent_key = case when $5::text is null then 0 else coalesce((
         select p.key from object p where p.tenant_no = $1 and p.space = $5
           and p.parent_key = 0 and p.object_id = $6), -1) end`,
    [
      tx.tenantNo,
      address.space,
      address.objectId,
      address.type,
      address.parent?.space ?? null,
      address.parent?.objectId ?? null,
    ],
  );
  return row?.key;
}

/** The version of an object that is valid at a point. */
export async function objectAtPoint(
  tx: Transaction,
  key: number,
  point: number,
): Promise<ObjectAtPoint | undefined> {
  return await tx.row<ObjectAtPoint>(
    `select o.key, v.type, o.object_id as "objectId", v.state, v.body::text as body,
       v.from_point as "fromPoint", v.purge_at as "purgeAt"
     from object o join object_version v on v.tenant_no = $1 and v.object_key = o.key
       and v.from_point <= $3 and v.to_point > $3
     where o.tenant_no = $1 and o.key = $2`,
    [tx.tenantNo, key, point],
  );
}
