// How the collection of each log of a tenant stands. The chains in the log repository are the truth;
// this is what was noted about them. Registry or tenant transactions.
import type { ErrorCode } from '../errors/catalog.ts';
import type { LogSource } from '../model/log-source.ts';
import type { Transaction } from './database.ts';

export interface LogSourceRow {
  readonly source: LogSource;
  /** The newest run. */
  readonly operationId: string;
  /** Days that Microsoft keeps the log for this tenant. */
  readonly retentionDays: number;
  readonly outcome: 'more' | 'caughtUp' | 'throttled' | 'refused' | 'failed';
  readonly code?: ErrorCode;
  /** Named by Graph with `graphForbidden`. */
  readonly permission?: string;
  /** Number of the manifest up to which the counts go; undefined until the run saw the chain. */
  readonly head?: number;
  /** Counts of the run; `added`: new records, `changed`: further contents of known ones. */
  readonly windows: number;
  readonly gaps: number;
  readonly read: number;
  readonly added: number;
  readonly changed: number;
  /** 7 digits after the second. */
  readonly readThrough?: string;
  readonly unanswered: number;
  readonly withoutCache: boolean;
  readonly neededRequests: number;
  readonly caughtUpAt?: Date;
  readonly updatedAt: Date;
}

interface Row {
  readonly source: LogSource;
  readonly operation_id: string;
  readonly retention_days: number;
  readonly outcome: LogSourceRow['outcome'];
  readonly code: ErrorCode | null;
  readonly permission: string | null;
  readonly head: number | null;
  readonly windows: number;
  readonly gaps: number;
  readonly read: number;
  readonly added: number;
  readonly changed: number;
  readonly read_through: string | null;
  readonly unanswered: number;
  readonly without_cache: boolean;
  readonly needed_requests: number;
  readonly caught_up_at: Date | null;
  readonly updated_at: Date;
}

const columns = `source, operation_id, retention_days, outcome, code, permission, head, windows, gaps,
  read, added, changed, read_through, unanswered, without_cache, needed_requests, caught_up_at,
  updated_at`;

/** The logs of the tenant that were ever asked for, by name. */
export async function listLogSources(tx: Transaction): Promise<LogSourceRow[]> {
  const rows = await tx.rows<Row>(
    `select ${columns} from log_source where tenant_no = $1 order by source`,
    [tx.tenantNo],
  );
  return rows.map(rowOf);
}

export async function findLogSource(
  tx: Transaction,
  source: LogSource,
): Promise<LogSourceRow | undefined> {
  const row = await tx.row<Row>(
    `select ${columns} from log_source where tenant_no = $1 and source = $2`,
    [tx.tenantNo, source],
  );
  return row === undefined ? undefined : rowOf(row);
}

/** Begins the run of an operation for these logs; a run that has begun goes on. */
export async function beginLogSources(
  tx: Transaction,
  sources: readonly LogSource[],
  run: { readonly operationId: string; readonly retentionDays: number },
): Promise<void> {
  await tx.change(
    `insert into log_source (tenant_no, source, operation_id, retention_days, outcome)
     select $1, source, $3, $4, 'more' from unnest($2::text[]) as source
     on conflict (tenant_no, source) do update set operation_id = excluded.operation_id,
       retention_days = excluded.retention_days, outcome = 'more', code = null, permission = null, head = null, windows = 0, gaps = 0,
       read = 0, added = 0, changed = 0, unanswered = 0, without_cache = false,
       updated_at = clock_timestamp()
     where log_source.operation_id <> excluded.operation_id`,
    [tx.tenantNo, sources, run.operationId, run.retentionDays],
  );
}

/** Notes behind which manifest the run begins, once. */
export async function noteLogHead(
  tx: Transaction,
  source: LogSource,
  operationId: string,
  head: number,
): Promise<void> {
  await tx.change(
    `update log_source set head = $4
     where tenant_no = $1 and source = $2 and operation_id = $3 and head is null`,
    [tx.tenantNo, source, operationId, head],
  );
}

/** What a slice adds to a row; counts are of the manifests from `fromHead` to `head`. */
export interface LogSliceNote
  extends Pick<
    LogSourceRow,
    | 'outcome'
    | 'code'
    | 'permission'
    | 'windows'
    | 'gaps'
    | 'read'
    | 'added'
    | 'changed'
    | 'readThrough'
    | 'unanswered'
    | 'withoutCache'
    | 'neededRequests'
  > {
  readonly fromHead: number;
  readonly head: number;
  readonly at: Date;
}

/**
 * Notes a slice. False when the row is of another run or not at `fromHead` any more: another worker
 * has noted these manifests.
 */
export async function noteLogSlice(
  tx: Transaction,
  source: LogSource,
  operationId: string,
  note: LogSliceNote,
): Promise<boolean> {
  const changed = await tx.change(
    `update log_source set outcome = $4, code = $5, permission = $6, head = $7,
       windows = windows + $8, gaps = gaps + $9, read = read + $10, added = added + $11,
       changed = changed + $12, read_through = $13, unanswered = $14,
       without_cache = without_cache or $15, needed_requests = $16,
       caught_up_at = case when $4 = 'caughtUp' then $17 else caught_up_at end,
       updated_at = clock_timestamp()
     where tenant_no = $1 and source = $2 and operation_id = $3 and head = $18`,
    [
      ...[tx.tenantNo, source, operationId, note.outcome, note.code ?? null],
      ...[note.permission ?? null, note.head, note.windows, note.gaps, note.read, note.added],
      ...[note.changed, note.readThrough ?? null, note.unanswered, note.withoutCache],
      ...[note.neededRequests, note.at, note.fromHead],
    ],
  );
  return changed === 1;
}

/** Notes that a run does not go on, and why: a code of the error catalogue. */
export async function noteLogFailure(
  tx: Transaction,
  source: LogSource,
  operationId: string,
  code: ErrorCode,
): Promise<void> {
  await tx.change(
    `update log_source set outcome = 'failed', code = $4, permission = null,
       updated_at = clock_timestamp()
     where tenant_no = $1 and source = $2 and operation_id = $3`,
    [tx.tenantNo, source, operationId, code],
  );
}

function rowOf(row: Row): LogSourceRow {
  return {
    source: row.source,
    operationId: row.operation_id,
    retentionDays: row.retention_days,
    outcome: row.outcome,
    windows: row.windows,
    gaps: row.gaps,
    read: row.read,
    added: row.added,
    changed: row.changed,
    unanswered: row.unanswered,
    withoutCache: row.without_cache,
    neededRequests: row.needed_requests,
    updatedAt: row.updated_at,
    ...(row.head === null ? {} : { head: row.head }),
    ...(row.code === null ? {} : { code: row.code }),
    ...(row.permission === null ? {} : { permission: row.permission }),
    ...(row.read_through === null ? {} : { readThrough: row.read_through }),
    ...(row.caught_up_at === null ? {} : { caughtUpAt: row.caught_up_at }),
  };
}
