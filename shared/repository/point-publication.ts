import type { PointReason, TypeCounts } from '../model/points.ts';
import type { Transaction } from './database.ts';

export interface NewPoint {
  readonly number: number;
  readonly sessionId: string;
  readonly windowStart: Date;
  readonly windowEnd: Date;
  readonly state: 'complete' | 'partial';
  readonly suspicious: boolean;
  readonly reasons: readonly PointReason[];
  readonly label: string | null;
  readonly hold: boolean;
  readonly counts: Readonly<Record<string, TypeCounts>>;
  readonly digests: Readonly<Record<string, string>>;
}

export async function insertPoint(tx: Transaction, point: NewPoint): Promise<void> {
  await tx.change(
    `insert into restore_point (tenant_no, number, session_id, window_start, window_end, state,
       suspicious, reasons, label, hold, counts, digests)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
    [
      tx.tenantNo,
      point.number,
      point.sessionId,
      point.windowStart,
      point.windowEnd,
      point.state,
      point.suspicious,
      JSON.stringify(point.reasons),
      point.label,
      point.hold,
      JSON.stringify(point.counts),
      JSON.stringify(point.digests),
    ],
  );
}

export interface NewCollectionState {
  readonly collection: string;
  readonly state: string;
  readonly windowStart: Date | null;
  readonly windowEnd: Date | null;
  readonly unsettled: number;
  readonly reason: string | null;
  readonly catalogueRevision: string;
  readonly captured: readonly string[];
  readonly statistics: string;
}

/** A collection that was not read keeps the window, `as_of` and captured names it had before. */
export async function insertCollectionState(
  tx: Transaction,
  point: number,
  state: NewCollectionState,
): Promise<void> {
  const read = state.state === 'read';
  await tx.change(
    `insert into collection_state (tenant_no, point, collection, state, window_start, window_end,
       as_of, unsettled, reason, catalogue_revision, captured, statistics)
     select $1, $2, $3, $4, coalesce($5, p.window_start), coalesce($6, p.window_end),
       case when $12 then $6 else p.as_of end, $7, $8,
       case when $12 then $9 else coalesce(p.catalogue_revision, $9) end,
       case when $12 then $10::text[] else coalesce(p.captured, '{}') end, $11
     from (select 1) one left join collection_state p on p.tenant_no = $1 and p.point = $2 - 1
       and p.collection = $3`,
    [
      tx.tenantNo,
      point,
      state.collection,
      state.state,
      state.windowStart,
      state.windowEnd,
      state.unsettled,
      state.reason,
      state.catalogueRevision,
      [...state.captured],
      state.statistics,
      read,
    ],
  );
}

/** Makes N the head if the head is still N - 1; false when it is not. */
export async function moveHead(tx: Transaction, point: number): Promise<boolean> {
  const moved = await tx.change(
    `update tenant set head_point = $2 where tenant_no = $1 and head_point = $2 - 1`,
    [tx.tenantNo, point],
  );
  return moved === 1;
}
