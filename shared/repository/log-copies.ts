// How far the logs of tenants are copied to the secondary repository: what the minute timer and the
// API read instead of asking containers. Registry or tenant transactions.
import type { Transaction } from './database.ts';

export interface LogCopyRow {
  readonly source: string;
  /** Newest manifest of the primary that is known; 0 before the first. */
  readonly head: number;
  /** Since when there is a manifest that is not copied. */
  readonly behindSince: Date | null;
  readonly copied: number;
  readonly verified: number;
  readonly defects: number;
  readonly checkedAt: Date | null;
  /** Code of the error that keeps the copy from going on. */
  readonly failure: string | null;
  readonly failedAt: Date | null;
}

const columns = `c.source, greatest(c.head, coalesce(s.head, 0)) as head,
  c.behind_since as "behindSince", c.copied, c.verified, c.defects, c.checked_at as "checkedAt",
  c.failure, c.failed_at as "failedAt"`;
/** What the collector has noted of the head since. */
const tables = `log_copy c
  left join log_source s on s.tenant_no = c.tenant_no and s.source = c.source`;

export type LogCopyStand = Pick<LogCopyRow, 'head' | 'copied' | 'verified' | 'defects'>;

/** Notes what a slice has found and done. */
export async function noteLogCopied(
  tx: Transaction,
  source: string,
  { head, copied, verified, defects }: LogCopyStand,
  at: Date,
): Promise<void> {
  await tx.change(
    `insert into log_copy as c (tenant_no, source, head, behind_since, copied, verified, defects,
       checked_at)
     values ($1, $2, $3, case when $3 > $4::bigint then $7::timestamptz end, $4, $5, $6, $7)
     on conflict (tenant_no, source) do update set head = $3, copied = $4, verified = $5,
       behind_since = case when $3 > $4::bigint then coalesce(c.behind_since, $7) end,
       defects = $6, checked_at = $7, failure = null, failed_at = null`,
    [tx.tenantNo, source, head, copied, verified, defects, at],
  );
}

/** Notes why the copy of a chain does not go on: a code of the error catalogue. */
export async function noteLogCopyFailure(
  tx: Transaction,
  source: string,
  code: string,
  at: Date,
): Promise<void> {
  await tx.change(
    `insert into log_copy as c (tenant_no, source, head, behind_since, checked_at, failure, failed_at)
     select $1::int, $2::text, coalesce(max(head), 0), case when max(head) > 0 then $4::timestamptz end,
       $4::timestamptz, $3::text, $4::timestamptz
     from log_source where tenant_no = $1 and source = $2
     on conflict (tenant_no, source) do update set head = greatest(c.head, excluded.head),
       behind_since = case when greatest(c.head, excluded.head) > c.copied
         then coalesce(c.behind_since, $4) end,
       checked_at = $4, failure = $3, failed_at = $4`,
    [tx.tenantNo, source, code, at],
  );
}

/** A repair or a checkpoint has taken a number that the collector does not know of: the next minute looks. */
export async function markLogCopy(tx: Transaction, source: string): Promise<void> {
  await tx.change('update log_copy set checked_at = null where tenant_no = $1 and source = $2', [
    tx.tenantNo,
    source,
  ]);
}

/** The sources of the tenant that were ever looked at, by name. */
export async function listLogCopies(tx: Transaction): Promise<LogCopyRow[]> {
  return await tx.rows<LogCopyRow>(
    `select ${columns} from ${tables} where c.tenant_no = $1 order by c.source`,
    [tx.tenantNo],
  );
}

export async function findLogCopy(
  tx: Transaction,
  source: string,
): Promise<LogCopyRow | undefined> {
  return await tx.row<LogCopyRow>(
    `select ${columns} from ${tables} where c.tenant_no = $1 and c.source = $2`,
    [tx.tenantNo, source],
  );
}

export interface LogTenant {
  readonly tenantNo: number;
  readonly tenantId: string;
}

/**
 * Tenants with a chain that is behind, not read back or marked, and those of which no chain was looked at since
 * `checkedSince`. A chain that failed after `failedSince` waits. In a registry transaction.
 */
export async function dueLogCopies(
  tx: Transaction,
  bounds: { readonly checkedSince: Date; readonly failedSince: Date; readonly top: number },
): Promise<LogTenant[]> {
  return await tx.rows<LogTenant>(
    `select t.tenant_no as "tenantNo", t.tenant_id as "tenantId" from tenant t
     where not exists (select from log_copy c
         where c.tenant_no = t.tenant_no and c.checked_at > $1)
       or exists (select from log_copy c
         where c.tenant_no = t.tenant_no and (c.copied <> c.head or c.verified <> c.copied
             or c.checked_at is null)
           and (c.failed_at is null or c.failed_at <= $2))
       or exists (select from log_source s
         left join log_copy c on c.tenant_no = s.tenant_no and c.source = s.source
         where s.tenant_no = t.tenant_no and s.head > coalesce(c.copied, 0)
           and (c.failed_at is null or c.failed_at <= $2))
     order by t.tenant_no limit $3`,
    [bounds.checkedSince, bounds.failedSince, bounds.top],
  );
}

/** Chains whose copy is behind since `limit` or longer, over all tenants. In a registry transaction. */
export async function overdueLogCopies(
  tx: Transaction,
  limit: Date,
): Promise<{ readonly count: number; readonly since: Date | null }> {
  const row = await tx.row<{ count: number; since: Date | null }>(
    `select count(*)::int as count, min(behind_since) as since from log_copy
     where behind_since <= $1`,
    [limit],
  );
  return row ?? { count: 0, since: null };
}
