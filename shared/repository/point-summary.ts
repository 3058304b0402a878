import type { TypeCounts } from '../model/points.ts';
import type { Transaction } from './database.ts';

export interface TypeSummary extends TypeCounts {
  readonly type: string;
  /** SHA-256 over the sorted hashes of the live objects, hexadecimal. */
  readonly digest: string;
}

/** Counts of each type as they will be at point N. */
export async function summariseTypes(tx: Transaction, point: number): Promise<TypeSummary[]> {
  return await tx.rows<TypeSummary>(
    `with held as (
       select type, count(*) filter (where state = 'live') as live,
         count(*) filter (where state = 'softDeleted') as soft_deleted,
         encode(sha256(coalesce(string_agg(hash, ''::bytea order by hash)
           filter (where state = 'live'), '')), 'hex') as digest
       from object_version where tenant_no = $1 and to_point = 2147483647 group by type
     ), moved as (
       select coalesce(n.type, o.type) as type,
         count(*) filter (where n.state = 'live' and o.state is distinct from 'live') as added,
         count(*) filter (where n.state = 'live' and o.state = 'live') as changed,
         count(*) filter (where o.state = 'live' and n.state is distinct from 'live') as removed
       from (select * from object_version where tenant_no = $1 and from_point = $2) n
       full join (select * from object_version where tenant_no = $1 and to_point = $2) o
         using (object_key) group by 1
     )
     select coalesce(h.type, m.type) as type, coalesce(h.live, 0) as live,
       coalesce(h.soft_deleted, 0) as "softDeleted", coalesce(h.digest, '') as digest,
       coalesce(m.added, 0) as added, coalesce(m.changed, 0) as changed,
       coalesce(m.removed, 0) as removed
     from held h full join moved m on m.type = h.type order by 1`,
    [tx.tenantNo, point],
  );
}

export interface RelationshipSummary {
  readonly relationship: string;
  /** Links that were open at the head. */
  readonly before: number;
  readonly ended: number;
  readonly added: number;
}

export async function summariseLinks(
  tx: Transaction,
  point: number,
): Promise<RelationshipSummary[]> {
  return await tx.rows<RelationshipSummary>(
    `select relationship, count(*) filter (where from_point < $2) as before,
       count(*) filter (where to_point = $2) as ended,
       count(*) filter (where from_point = $2) as added
     from link where tenant_no = $1 and (to_point = 2147483647 or to_point = $2)
     group by relationship order by relationship`,
    [tx.tenantNo, point],
  );
}

export interface ChangedBody {
  readonly key: number;
  readonly type: string;
  readonly before: string;
  readonly after: string;
}

/** Objects that were live before and are live at N with another body, after a key. */
export async function changedBodies(
  tx: Transaction,
  point: number,
  after: number,
  limit: number,
): Promise<ChangedBody[]> {
  return await tx.rows<ChangedBody>(
    `select n.object_key as key, n.type, o.body::text as before, n.body::text as after
     from object_version n
     join object_version o on o.tenant_no = $1 and o.object_key = n.object_key
       and o.to_point = $2 and o.state = 'live' and o.body is not null
     where n.tenant_no = $1 and n.from_point = $2 and n.object_key > $3 and n.state = 'live'
     order by n.object_key limit $4`,
    [tx.tenantNo, point, after, limit],
  );
}
