// Restore points as readers see them: never above the head of the tenant, never an expired one.
import { BackupError } from '../errors/backup-error.ts';
import type { PointReason, RestorePoint, RestorePointState } from '../model/points.ts';
import type { Transaction } from './database.ts';

interface Row {
  readonly number: number;
  readonly session_id: string;
  readonly window_start: Date;
  readonly window_end: Date;
  readonly state: RestorePointState;
  readonly suspicious: boolean;
  readonly acknowledged_at: Date | null;
  readonly acknowledged_by: string | null;
  readonly acknowledge_reason: string | null;
  readonly reasons: string;
  readonly label: string | null;
  readonly hold: boolean;
  readonly counts: string;
  readonly expired_at: Date | null;
  readonly created_at: Date;
}

const columns = `number, session_id, window_start, window_end, state, suspicious, acknowledged_at,
  acknowledged_by, acknowledge_reason, reasons, label, hold, counts, expired_at, created_at`;

const published = `from restore_point where tenant_no = $1
  and number <= (select head_point from tenant where tenant_no = $1)`;

export interface PointFilter {
  /** The window of the point ended at or after this time. */
  readonly from?: Date;
  /** ... and before this time. */
  readonly to?: Date;
  readonly state?: RestorePointState;
  /** Number of the last point of the page before. */
  readonly before?: number;
  readonly top: number;
}

/** Points that have not expired, newest first. */
export async function listPoints(tx: Transaction, filter: PointFilter): Promise<RestorePoint[]> {
  const rows = await tx.rows<Row>(
    `select ${columns} ${published} and expired_at is null
       and ($2::timestamptz is null or window_end >= $2)
       and ($3::timestamptz is null or window_end < $3)
       and ($4::text is null or state = $4) and ($5::int is null or number < $5)
     order by number desc limit $6`,
    [
      tx.tenantNo,
      filter.from ?? null,
      filter.to ?? null,
      filter.state ?? null,
      filter.before ?? null,
      filter.top,
    ],
  );
  return rows.map(pointOf);
}

export type PointSelector =
  | { readonly number: number }
  | { readonly newest: 'latest' | 'latestGood' }
  | { readonly asOf: Date };

/** `12`, `latest`, `latestGood` or `asOf=<RFC 3339 time in UTC>`; undefined for anything else. */
export function parsePointSelector(text: string): PointSelector | undefined {
  if (text === 'latest' || text === 'latestGood') return { newest: text };
  if (/^[1-9]\d{0,8}$/.test(text)) return { number: Number(text) };
  const time = /^asOf=(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)$/.exec(text)?.[1];
  const asOf = time === undefined ? undefined : new Date(time);
  return asOf === undefined || Number.isNaN(asOf.getTime()) ? undefined : { asOf };
}

/**
 * The point a selector means now: a number, `latest`, `latestGood` (complete and not suspicious), or the
 * newest whose window had ended at a time. Throws `invalidParameter`, `notFound`, or `pointExpired` for
 * a number whose point has expired.
 */
export async function resolvePoint(
  tx: Transaction,
  _tenant: { readonly tenantNo: number },
  selector: string,
): Promise<RestorePoint> {
  const parsed = parsePointSelector(selector);
  if (parsed === undefined) {
    throw new BackupError(
      'invalidParameter',
      'a restore point is a number, latest, latestGood or asOf=<time>',
      { details: { target: 'restorePoint' } },
    );
  }
  if ('number' in parsed) return await pointByNumber(tx, parsed.number);
  const row = await tx.row<Row>(
    `select ${columns} ${published} and expired_at is null
       and ($2::timestamptz is null or date_trunc('milliseconds', window_end) <= $2)
       and (not $3::boolean or (state = 'complete' and not suspicious))
     order by number desc limit 1`,
    [
      tx.tenantNo,
      'asOf' in parsed ? parsed.asOf : null,
      'newest' in parsed && parsed.newest === 'latestGood',
    ],
  );
  if (row === undefined) throw new BackupError('notFound', 'no such restore point');
  return pointOf(row);
}

async function pointByNumber(tx: Transaction, number: number): Promise<RestorePoint> {
  const row = await tx.row<Row>(`select ${columns} ${published} and number = $2`, [
    tx.tenantNo,
    number,
  ]);
  if (row === undefined) throw new BackupError('notFound', `no restore point ${number}`);
  if (row.expired_at !== null) {
    throw new BackupError('pointExpired', `restore point ${number} has expired`);
  }
  return pointOf(row);
}

/** A reader asks after its last row, because a purge may have come in between: `pointExpired`. */
export async function assertNotExpired(tx: Transaction, number: number): Promise<void> {
  await pointByNumber(tx, number);
}

/** Sets label and hold; a label of null removes it, undefined leaves things as they are. */
export async function updatePoint(
  tx: Transaction,
  number: number,
  change: { readonly label?: string | null | undefined; readonly hold?: boolean | undefined },
): Promise<RestorePoint> {
  await tx.change(
    `update restore_point set label = case when $3::boolean then $4 else label end,
       hold = coalesce($5, hold) where tenant_no = $1 and number = $2`,
    [tx.tenantNo, number, change.label !== undefined, change.label ?? null, change.hold ?? null],
  );
  return await pointByNumber(tx, number);
}

/** Notes that somebody has looked at a suspicious point; the first acknowledgement stays. */
export async function acknowledgePoint(
  tx: Transaction,
  number: number,
  by: string,
  reason: string,
): Promise<RestorePoint> {
  await tx.change(
    `update restore_point set acknowledged_at = clock_timestamp(), acknowledged_by = $3,
       acknowledge_reason = $4
     where tenant_no = $1 and number = $2 and suspicious and acknowledged_at is null`,
    [tx.tenantNo, number, by, reason],
  );
  return await pointByNumber(tx, number);
}

function pointOf(row: Row): RestorePoint {
  return {
    number: row.number,
    sessionId: row.session_id,
    windowStart: row.window_start,
    windowEnd: row.window_end,
    state: row.state,
    suspicious: row.suspicious,
    ...(row.acknowledged_at === null
      ? {}
      : {
          acknowledged: {
            at: row.acknowledged_at,
            by: row.acknowledged_by ?? '',
            reason: row.acknowledge_reason ?? '',
          },
        }),
    reasons: JSON.parse(row.reasons) as PointReason[],
    ...(row.label === null ? {} : { label: row.label }),
    hold: row.hold,
    counts: JSON.parse(row.counts) as RestorePoint['counts'],
    createdAt: row.created_at,
    ...(row.expired_at === null ? {} : { expiredAt: row.expired_at }),
  };
}
