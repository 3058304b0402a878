// What the daily retention did in each chain of each repository, and what it could not remove.
import type { Transaction } from './database.ts';
import type { LogTenant } from './log-copies.ts';

export interface LogRetentionRun {
  /** A source of logs, or `directory`. */
  readonly source: string;
  /** `primary`, `secondary`, or what the container of a tenant copy calls itself. */
  readonly repository: string;
  readonly ranAt: Date;
  readonly manifests: number;
  readonly containers: number;
  readonly bytes: number;
  readonly orphansRemoved: number;
  readonly orphansRetained: number;
  /** Containers of numbers up to here were compared with their manifests. */
  readonly orphansThrough: number;
  /** Why older ones than the retention are still there. */
  readonly kept?: {
    readonly number: number;
    readonly reason: string;
    readonly detail: string;
    readonly until?: string;
  };
  /** Code of the error that ended the run. */
  readonly failure?: string;
}

interface Row extends Omit<LogRetentionRun, 'kept' | 'failure'> {
  readonly kept: string | null;
  readonly failure: string | null;
}

const columns = `source, repository, ran_at as "ranAt", manifests, containers, bytes,
  orphans_removed as "orphansRemoved", orphans_retained as "orphansRetained",
  orphans_through as "orphansThrough", kept, failure`;

/** Replaces what was noted of the run before. */
export async function noteLogRetention(tx: Transaction, run: LogRetentionRun): Promise<void> {
  await tx.change(
    `insert into log_retention (tenant_no, source, repository, ran_at, manifests, containers, bytes,
       orphans_removed, orphans_retained, orphans_through, kept, failure)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
     on conflict (tenant_no, source, repository) do update set ran_at = $4, manifests = $5,
       containers = $6, bytes = $7, orphans_removed = $8, orphans_retained = $9,
       orphans_through = $10, kept = $11, failure = $12`,
    [
      ...[tx.tenantNo, run.source, run.repository, run.ranAt],
      ...[run.manifests, run.containers, run.bytes],
      ...[run.orphansRemoved, run.orphansRetained, run.orphansThrough],
      ...[run.kept === undefined ? null : JSON.stringify(run.kept), run.failure ?? null],
    ],
  );
}

/** By source, then by repository. */
export async function listLogRetentions(tx: Transaction): Promise<LogRetentionRun[]> {
  const rows = await tx.rows<Row>(
    `select ${columns} from log_retention where tenant_no = $1 order by source, repository`,
    [tx.tenantNo],
  );
  return rows.map(runOf);
}

export async function findLogRetention(
  tx: Transaction,
  source: string,
  repository: string,
): Promise<LogRetentionRun | undefined> {
  const row = await tx.row<Row>(
    `select ${columns} from log_retention
     where tenant_no = $1 and source = $2 and repository = $3`,
    [tx.tenantNo, source, repository],
  );
  return row === undefined ? undefined : runOf(row);
}

/** Tenants of which no chain was gone through since `ranSince`. In a registry transaction. */
export async function dueLogRetentions(
  tx: Transaction,
  ranSince: Date,
  top: number,
): Promise<LogTenant[]> {
  return await tx.rows<LogTenant>(
    `select t.tenant_no as "tenantNo", t.tenant_id as "tenantId" from tenant t
     where not exists (select from log_retention r
       where r.tenant_no = t.tenant_no and r.ran_at > $1)
     order by t.tenant_no limit $2`,
    [ranSince, top],
  );
}

function runOf({ kept, failure, ...row }: Row): LogRetentionRun {
  return {
    ...row,
    ...(kept === null ? {} : { kept: JSON.parse(kept) as NonNullable<LogRetentionRun['kept']> }),
    ...(failure === null ? {} : { failure }),
  };
}
