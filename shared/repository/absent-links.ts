import { bigintArray } from './binary-array.ts';
import type { Transaction } from './database.ts';
import type { Fence } from './fence.ts';
import { type Pairs, pairArrays } from './link-pairs.ts';

/** Remembers the links that one page of a read of several has shown. */
export async function recordSeenTargets(
  tx: Transaction,
  fence: Fence,
  relationship: string,
  shown: Pairs,
): Promise<void> {
  await tx.change(
    `insert into link_seen (tenant_no, session_id, relationship, source, target)
     select $1, $2, $3, p.source, p.target
     from unnest($4::bigint[], $5::bigint[]) as p (source, target) on conflict do nothing`,
    [tx.tenantNo, fence.sessionId, relationship, ...pairArrays(shown)],
  );
}

export async function forgetSeenTargets(
  tx: Transaction,
  fence: Fence,
  relationship: string,
  source: number,
): Promise<void> {
  await tx.change(
    `delete from link_seen where tenant_no = $1 and session_id = $2 and relationship = $3
       and source = $4`,
    [tx.tenantNo, fence.sessionId, relationship, source],
  );
}

/** Those of the sources with open links that their complete read did not show. */
export async function sourcesWithAbsent(
  tx: Transaction,
  fence: Fence,
  relationship: string,
  sources: readonly number[],
  shown: Pairs,
): Promise<number[]> {
  if (sources.length === 0) return [];
  const rows = await tx.rows<{ key: number }>(`select distinct l.source as key ${absent}`, [
    tx.tenantNo,
    fence.sessionId,
    relationship,
    bigintArray(sources),
    ...pairArrays(shown),
  ]);
  return rows.map((row) => row.key);
}

// Not named: how many links a page shows decides about the plan.
const absent = `from unnest($4::bigint[]) as s (key)
  cross join lateral (select source, target from link where tenant_no = (select $1::int)
    and relationship = $3
    and source = s.key and to_point = 2147483647 offset 0) l
  where not exists (select 1 from unnest($5::bigint[], $6::bigint[]) as p (source, target)
      where p.source = l.source and p.target = l.target)
    and (select x.source from link_seen x where x.tenant_no = $1 and x.session_id = $2
      and x.relationship = $3 and x.source = l.source and x.target = l.target) is null`;

/** Notes the open links of the sources that a complete re-read did not show. */
export async function recordAbsent(
  tx: Transaction,
  fence: Fence,
  relationship: string,
  sources: readonly number[],
  shown: Pairs,
): Promise<void> {
  await tx.change(
    `insert into link_absent (tenant_no, session_id, relationship, source, target, tick)
     select $1, $2, $3, l.source, l.target, nextval('session_tick') ${absent}
     on conflict (tenant_no, session_id, relationship, source, target)
       do update set tick = excluded.tick`,
    [tx.tenantNo, fence.sessionId, relationship, bigintArray(sources), ...pairArrays(shown)],
  );
}

/** These links were seen: they are not absent. Mostly none is, which one look at the index tells. */
export async function forgetAbsent(
  tx: Transaction,
  fence: Fence,
  relationship: string,
  seen: Pairs,
): Promise<void> {
  const values = [tx.tenantNo, fence.sessionId, relationship];
  const any = await tx.row(
    `select 1 from link_absent where tenant_no = $1 and session_id = $2 and relationship = $3
     limit 1`,
    values,
    'any-absent',
  );
  if (any === undefined) return;
  await tx.change(
    `delete from link_absent a using unnest($4::bigint[], $5::bigint[]) as p (source, target)
     where a.tenant_no = $1 and a.session_id = $2 and a.relationship = $3
       and a.source = p.source and a.target = p.target`,
    [...values, ...pairArrays(seen)],
  );
}

/** Sources of open links to the targets that reads of these targets did not show. */
export async function sourcesMissingTargets(
  tx: Transaction,
  fence: Fence,
  relationship: string,
  targets: readonly number[],
  shown: Pairs,
): Promise<number[]> {
  const rows = await tx.rows<{ key: number }>(
    `select distinct l.source as key from link l
     where l.tenant_no = (select $1::int) and l.relationship = $3 and l.target = any ($4)
       and l.to_point = 2147483647
       and not exists (select 1 from unnest($5::bigint[], $6::bigint[]) as p (source, target)
         where p.source = l.source and p.target = l.target)
       and not exists (select 1 from link_absent a where a.tenant_no = $1 and a.session_id = $2
         and a.relationship = $3 and a.source = l.source and a.target = l.target)`,
    [tx.tenantNo, fence.sessionId, relationship, [...targets], ...pairArrays(shown)],
  );
  return rows.map((row) => row.key);
}
