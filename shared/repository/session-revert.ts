import type { Transaction } from './database.ts';

/** What a revert is about: everything of the session, or the types and relations of a collection. */
export interface RevertScope {
  readonly types: readonly string[] | null;
  readonly relationships: readonly string[] | null;
}

/**
 * Undoes up to `limit` objects: first the versions from N go, then those closed at N open again.
 * Answers how many objects were found; 0 means that nothing is left.
 */
export async function revertVersions(
  tx: Transaction,
  point: number,
  scope: RevertScope,
  limit: number,
): Promise<number> {
  const rows = await tx.rows<{ key: number }>(
    `select distinct object_key as key from (
       (select object_key from object_version where tenant_no = $1 and from_point = $2
          and ($3::text[] is null or type = any ($3)) limit $4)
       union all
       (select object_key from object_version where tenant_no = $1 and to_point = $2
          and to_point < 2147483647 and ($3::text[] is null or type = any ($3)) limit $4)
     ) v order by 1 limit $4`,
    [tx.tenantNo, point, scope.types, limit],
  );
  if (rows.length === 0) return 0;
  const values = [tx.tenantNo, point, rows.map((row) => row.key)];
  await tx.change(
    `delete from object_version where tenant_no = $1 and object_key = any ($3)
       and from_point = $2`,
    values,
  );
  await tx.change(
    `update object_version set to_point = 2147483647, end_reason = null
     where tenant_no = $1 and object_key = any ($3) and to_point = $2
       and to_point < 2147483647`,
    values,
  );
  return rows.length;
}

/** As revertVersions, for links. */
export async function revertLinks(
  tx: Transaction,
  point: number,
  scope: RevertScope,
  limit: number,
): Promise<number> {
  const rows = await tx.rows<{ relationship: string; source: number; target: number }>(
    `select distinct relationship, source, target from (
       (select relationship, source, target from link where tenant_no = $1 and from_point = $2
          and ($3::text[] is null or relationship = any ($3)) limit $4)
       union all
       (select relationship, source, target from link where tenant_no = $1 and to_point = $2
          and to_point < 2147483647 and ($3::text[] is null or relationship = any ($3)) limit $4)
     ) l order by 1, 2, 3 limit $4`,
    [tx.tenantNo, point, scope.relationships, limit],
  );
  if (rows.length === 0) return 0;
  const values = [
    tx.tenantNo,
    point,
    rows.map((row) => row.relationship),
    rows.map((row) => row.source),
    rows.map((row) => row.target),
  ];
  const picked = `from unnest($3::text[], $4::bigint[], $5::bigint[]) as p (r, s, t)
     where l.tenant_no = $1 and l.relationship = p.r and l.source = p.s and l.target = p.t`;
  await tx.change(
    `delete from link l using ${picked.slice('from '.length)} and l.from_point = $2`,
    values,
  );
  await tx.change(`update link l set to_point = 2147483647 ${picked} and l.to_point = $2`, values);
  return rows.length;
}
