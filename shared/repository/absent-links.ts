import type { Transaction } from './database.ts';
import type { Fence } from './fence.ts';

/** Remembers the targets in `page_link`: one page of a read of several. */
export async function recordSeenTargets(
  tx: Transaction,
  fence: Fence,
  relationship: string,
): Promise<void> {
  await tx.change(
    `insert into link_seen (tenant_no, session_id, relationship, source, target)
     select $1, $2, $3, source, target from page_link order by source, target
     on conflict do nothing`,
    [tx.tenantNo, fence.sessionId, relationship],
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

/** Sources in `page_source` with open links that their complete read did not show. */
export async function sourcesWithAbsent(
  tx: Transaction,
  fence: Fence,
  relationship: string,
  except: readonly string[] = [],
): Promise<number[]> {
  const rows = await tx.rows<{ key: number }>(
    `select distinct l.source as key ${absent} and s.ref <> all ($4)`,
    [tx.tenantNo, fence.sessionId, relationship, [...except]],
  );
  return rows.map((row) => row.key);
}

const absent = `from page_source s
  cross join lateral (select source, target from link where tenant_no = $1 and relationship = $3
    and source = s.key and to_point = 2147483647 offset 0) l
  where not exists (select 1 from page_link p where p.source = l.source and p.target = l.target)
    and (select x.source from link_seen x where x.tenant_no = $1 and x.session_id = $2
      and x.relationship = $3 and x.source = l.source and x.target = l.target) is null`;

/** Notes the open links of `page_source` that a complete re-read did not show. */
export async function recordAbsent(
  tx: Transaction,
  fence: Fence,
  relationship: string,
): Promise<void> {
  await tx.change(
    `insert into link_absent (tenant_no, session_id, relationship, source, target, tick)
     select $1, $2, $3, l.source, l.target, nextval('session_tick') ${absent}
     on conflict (tenant_no, session_id, relationship, source, target)
       do update set tick = excluded.tick`,
    [tx.tenantNo, fence.sessionId, relationship],
  );
}

/** The links in `page_link` were seen: they are not absent. */
export async function forgetAbsent(
  tx: Transaction,
  fence: Fence,
  relationship: string,
): Promise<void> {
  await tx.change(
    `delete from link_absent a using page_link p where a.tenant_no = $1 and a.session_id = $2
       and a.relationship = $3 and a.source = p.source and a.target = p.target`,
    [tx.tenantNo, fence.sessionId, relationship],
  );
}

/** Sources of open links to the targets that reads of these targets did not show. */
export async function sourcesMissingTargets(
  tx: Transaction,
  fence: Fence,
  relationship: string,
  targets: readonly number[],
): Promise<number[]> {
  const rows = await tx.rows<{ key: number }>(
    `select distinct l.source as key from link l
     where l.tenant_no = $1 and l.relationship = $3 and l.target = any ($4)
       and l.to_point = 2147483647
       and not exists (select 1 from page_link p where p.source = l.source
         and p.target = l.target)
       and not exists (select 1 from link_absent a where a.tenant_no = $1 and a.session_id = $2
         and a.relationship = $3 and a.source = l.source and a.target = l.target)`,
    [tx.tenantNo, fence.sessionId, relationship, [...targets]],
  );
  return rows.map((row) => row.key);
}
