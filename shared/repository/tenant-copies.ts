// Where the copies of tenants stand, for the job that makes them and for health. Registry or tenant
// transactions; what a copy under way has stored is a document of that job.
import type { Transaction } from './database.ts';

export interface TenantCopy {
  /** Newest manifest of the container; 0 before the first. */
  readonly number: number;
  readonly copiedPoint: number;
  /** The copy under way, JSON. */
  readonly progress: string | null;
  readonly revision: number;
}

/** The row of a container; made on first use. */
export async function readCopy(tx: Transaction, container: string): Promise<TenantCopy> {
  await tx.change(
    'insert into tenant_copy (tenant_no, container) values ($1, $2) on conflict do nothing',
    [tx.tenantNo, container],
  );
  const row = await tx.row<TenantCopy>(
    `select number, copied_point as "copiedPoint", progress, revision from tenant_copy
     where tenant_no = $1 and container = $2`,
    [tx.tenantNo, container],
  );
  return row ?? { number: 0, copiedPoint: 0, progress: null, revision: 0 };
}

/** Notes how far the copy under way is; false when another worker has written since `revision`. */
export async function saveProgress(
  tx: Transaction,
  container: string,
  revision: number,
  progress: string | null,
): Promise<boolean> {
  const changed = await tx.change(
    `update tenant_copy set progress = $4, revision = revision + 1
     where tenant_no = $1 and container = $2 and revision = $3`,
    [tx.tenantNo, container, revision, progress],
  );
  return changed === 1;
}

export interface CopyStand {
  readonly number: number;
  readonly copiedPoint: number;
  readonly copiedAt: Date | null;
  readonly checkedAt: Date;
}

/** Notes what the container holds now; a late writer is corrected by the next look at the container. */
export async function noteCopied(
  tx: Transaction,
  container: string,
  stand: CopyStand,
): Promise<void> {
  await tx.change(
    `update tenant_copy set number = $3, copied_point = $4, copied_at = $5, checked_at = $6,
       progress = null, failure = null, failed_at = null, revision = revision + 1
     where tenant_no = $1 and container = $2`,
    [tx.tenantNo, container, stand.number, stand.copiedPoint, stand.copiedAt, stand.checkedAt],
  );
}

/** Notes why the copy does not go on: a code of the error catalogue. */
export async function noteCopyFailure(
  tx: Transaction,
  container: string,
  code: string,
  at: Date,
): Promise<void> {
  await tx.change(
    `insert into tenant_copy (tenant_no, container, failure, failed_at) values ($1, $2, $3, $4)
     on conflict (tenant_no, container) do update set failure = $3, failed_at = $4`,
    [tx.tenantNo, container, code, at],
  );
}

export interface DueCopy {
  readonly tenantNo: number;
  readonly tenantId: string;
}

export interface DueBounds {
  /** Labels, holds and settings are compared when that was not done since. */
  readonly checkedSince: Date;
  /** A copy that failed since then waits. */
  readonly failedSince: Date;
  readonly top: number;
}

/**
 * Tenants with a point that one of the containers does not hold, a copy that stopped half-way, or
 * whose labels, holds and settings are to be compared. In a registry transaction.
 */
export async function dueCopies(
  tx: Transaction,
  containers: readonly string[],
  bounds: DueBounds,
): Promise<DueCopy[]> {
  return await tx.rows<DueCopy>(
    `select t.tenant_no as "tenantNo", t.tenant_id as "tenantId" from tenant t
     where t.head_point > 0 and exists (select from unnest($1::text[]) as c (name)
       left join tenant_copy k on k.tenant_no = t.tenant_no and k.container = c.name
       where (k.copied_point is distinct from t.head_point or k.progress is not null
         or k.checked_at is null or k.checked_at <= $2)
         and (k.failed_at is null or k.failed_at <= $3))
     order by t.tenant_no limit $4`,
    [[...containers], bounds.checkedSince, bounds.failedSince, bounds.top],
  );
}

export interface CopyLag {
  readonly container: string;
  readonly copiedPoint: number;
  readonly pointsBehind: number;
  /** Since the oldest point that is not copied was published; 0 when there is none. */
  readonly secondsBehind: number;
  readonly copiedAt: Date | null;
  /** Code of the error that keeps the copy from going on. */
  readonly failure: string | null;
  readonly failedAt: Date | null;
}

/** How far each container is behind the tenant of the transaction. */
export async function copyLags(
  tx: Transaction,
  containers: readonly string[],
  now: Date,
): Promise<CopyLag[]> {
  return await tx.rows<CopyLag>(
    `select c.name as container, coalesce(k.copied_point, 0) as "copiedPoint",
       greatest(0, t.head_point - coalesce(k.copied_point, 0)) as "pointsBehind",
       coalesce(greatest(0, extract(epoch from $3::timestamptz - (
         select min(p.created_at) from restore_point p where p.tenant_no = $1
           and p.number > coalesce(k.copied_point, 0) and p.number <= t.head_point))), 0)::float8
         as "secondsBehind",
       k.copied_at as "copiedAt", k.failure, k.failed_at as "failedAt"
     from tenant t cross join unnest($2::text[]) as c (name)
     left join tenant_copy k on k.tenant_no = $1 and k.container = c.name
     where t.tenant_no = $1 order by c.name`,
    [tx.tenantNo, [...containers], now],
  );
}
