// What happened to one object: its versions, those of its facets and children, and its own links, by the
// point at which they began or ended. Never above the head.
import type { Transaction } from './database.ts';

// Children and facets are found by their spaces, which lead the index of objects.
const mine = `mine as (
  select $2::bigint as key union all
  select key from object where tenant_no = $1 and space = any ($3::text[]) and parent_key = $2
)`;

/** An object and the spaces of its children and facets. */
export interface ObjectWithParts {
  readonly key: number;
  readonly partSpaces: readonly string[];
  /** Names of the relationships it can be the source of: they lead the index of sources. */
  readonly relationships: readonly string[];
}

/** Points at which the object, one of its parts or one of its links changed, newest first. */
export async function changePoints(
  tx: Transaction,
  object: ObjectWithParts,
  page: { readonly before?: number | undefined; readonly top: number },
): Promise<{ readonly number: number; readonly windowEnd: Date | null }[]> {
  return await tx.rows<{ number: number; windowEnd: Date | null }>(
    `with ${mine}, changes as (
       select v.from_point as point from object_version v join mine on mine.key = v.object_key
         where v.tenant_no = $1
       union select v.to_point from object_version v join mine on mine.key = v.object_key
         where v.tenant_no = $1
       union select from_point from link
         where tenant_no = $1 and relationship = any ($6::text[]) and source = $2
       union select to_point from link
         where tenant_no = $1 and relationship = any ($6::text[]) and source = $2
     )
     select c.point as number, p.window_end as "windowEnd" from changes c
     join tenant t on t.tenant_no = $1 and c.point <= t.head_point
     left join restore_point p on p.tenant_no = $1 and p.number = c.point
     where $4::int is null or c.point < $4
     order by c.point desc limit $5`,
    [
      tx.tenantNo,
      object.key,
      [...object.partSpaces],
      page.before ?? null,
      page.top,
      [...object.relationships],
    ],
  );
}

/** One side of a change: the version before a point or the one from it on. */
export interface VersionChange {
  readonly point: number;
  readonly key: number;
  readonly type: string;
  readonly objectId: string;
  readonly isPart: boolean;
  readonly beforeState: 'live' | 'softDeleted' | null;
  readonly beforeBody: string | null;
  readonly afterState: 'live' | 'softDeleted' | null;
  readonly afterBody: string | null;
  readonly endReason: string | null;
}

/** The versions of the object and its parts that met at each of the points. */
export async function versionChanges(
  tx: Transaction,
  object: ObjectWithParts,
  points: readonly number[],
): Promise<VersionChange[]> {
  return await tx.rows<VersionChange>(
    `with ${mine} select p.point, o.key, coalesce(a.type, b.type, o.type) as type, o.object_id as "objectId",
       o.key <> $2 as "isPart", b.state as "beforeState", b.body::text as "beforeBody",
       a.state as "afterState", a.body::text as "afterBody", b.end_reason as "endReason"
     from unnest($4::int[]) as p (point)
     cross join mine
     join object o on o.tenant_no = $1 and o.key = mine.key
     left join object_version b on b.tenant_no = $1 and b.object_key = o.key
       and b.to_point = p.point
     left join object_version a on a.tenant_no = $1 and a.object_key = o.key
       and a.from_point = p.point
     where a.type is not null or b.type is not null
     order by p.point desc, "isPart", o.type, o.object_id`,
    [tx.tenantNo, object.key, [...object.partSpaces], [...points]],
  );
}

export interface LinkCount {
  readonly point: number;
  readonly relationship: string;
  readonly added: number;
  readonly removed: number;
}

/** How many links of the object began and ended at each of the points. */
export async function linkCounts(
  tx: Transaction,
  object: ObjectWithParts,
  points: readonly number[],
): Promise<LinkCount[]> {
  return await tx.rows<LinkCount>(
    `select p.point, l.relationship,
       count(*) filter (where l.from_point = p.point)::int as added,
       count(*) filter (where l.to_point = p.point)::int as removed
     from unnest($3::int[]) as p (point)
     join link l on l.tenant_no = $1 and l.relationship = any ($4::text[]) and l.source = $2
       and (l.from_point = p.point or l.to_point = p.point)
     group by p.point, l.relationship order by p.point desc, l.relationship`,
    [tx.tenantNo, object.key, [...points], [...object.relationships]],
  );
}
