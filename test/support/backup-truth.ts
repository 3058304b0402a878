// What the repository holds at a point, and what a scripted tenant holds, in one comparable form.
import { objectTypes } from '../../shared/catalog/index.ts';
import type { ObjectType } from '../../shared/catalog/object-type.ts';
import type { TestDatabase } from './database.ts';
import type { ScriptedTenant } from './scripted-tenant.ts';

/** Lines `type id displayName` of live objects and `relationship source target` of live links. */
export async function linesAt(
  db: TestDatabase,
  tenantNo: number,
  point: number,
): Promise<string[]> {
  const objects = await db.owner.rows<{ line: string }>(
    `select v.type || ' ' || o.object_id || ' ' || coalesce(v.label, '') as line
     from object_version v join object o on o.tenant_no = $1 and o.key = v.object_key
     where v.tenant_no = $1 and v.from_point <= $2 and v.to_point > $2 and v.state = 'live'
       and v.type not like 'facet:%'`,
    [tenantNo, point],
  );
  const links = await db.owner.rows<{ line: string }>(
    `select l.relationship || ' ' || s.object_id || ' ' || t.object_id as line
     from link l
     join object s on s.tenant_no = $1 and s.key = l.source
     join object t on t.tenant_no = $1 and t.key = l.target
     where l.tenant_no = $1 and l.kind = 'relation' and l.from_point <= $2 and l.to_point > $2
       and not exists (select 1 from object_version v where v.tenant_no = $1
         and v.object_key in (l.source, l.target) and v.from_point <= $2 and v.to_point > $2
         and v.state = 'softDeleted')`,
    [tenantNo, point],
  );
  return [...objects, ...links].map((row) => row.line).sort();
}

export function truthOf(tenant: ScriptedTenant): string[] {
  const catalogue: readonly ObjectType[] = objectTypes;
  const objects = [...tenant.objects.values()]
    .filter((found) => found.state === 'live')
    .filter((found) => found.parent === undefined || tenant.get(found.parent).state === 'live')
    .filter((found) => found.parent !== undefined || catalogue.some((t) => t.name === found.type))
    .map((found) => `${found.type} ${found.id} ${String(found.properties['displayName'] ?? '')}`);
  const links = [...tenant.links].filter((text) => {
    const [, source = '', target = ''] = text.split(' ');
    return tenant.get(source).state === 'live' && tenant.get(target).state === 'live';
  });
  return [...objects, ...links].sort();
}

/** Rows that belong to a point that was not published, or intervals that must not exist. */
export async function residue(db: TestDatabase, tenantNo: number): Promise<number> {
  const [row] = await db.owner.rows<{ rows: number }>(
    `select (select count(*) from object_version v join tenant t on t.tenant_no = v.tenant_no
         where v.tenant_no = $1 and (v.from_point > t.head_point
           or v.to_point > t.head_point and v.to_point < 2147483647))
       + (select count(*) from link l join tenant t on t.tenant_no = l.tenant_no
         where l.tenant_no = $1 and (l.from_point > t.head_point
           or l.to_point > t.head_point and l.to_point < 2147483647)) as rows`,
    [tenantNo],
  );
  return row?.rows ?? -1;
}

/** Version and link rows that begin or end at a point. */
export async function rowsMovedAt(
  db: TestDatabase,
  tenantNo: number,
  point: number,
): Promise<number> {
  const [row] = await db.owner.rows<{ rows: number }>(
    `select (select count(*) from object_version where tenant_no = $1
         and (from_point = $2 or to_point = $2))
       + (select count(*) from link where tenant_no = $1
         and (from_point = $2 or to_point = $2)) as rows`,
    [tenantNo, point],
  );
  return row?.rows ?? -1;
}
