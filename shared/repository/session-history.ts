// Sessions as administrators see them; the backup itself works with sessions.ts.
import type { Transaction } from './database.ts';

export interface SessionRecord {
  readonly id: string;
  readonly operationId: string;
  readonly mode: string;
  readonly state: string;
  /** The point it publishes or would have published. */
  readonly point: number;
  readonly endReason: string | null;
  readonly startedAt: Date;
  readonly endedAt: Date | null;
}

const columns = `id, operation_id as "operationId", mode, state, point, end_reason as "endReason",
  date_trunc('milliseconds', started_at) as "startedAt", ended_at as "endedAt"`;

/** Newest first; `before` is the last one of the page before. */
export async function listSessions(
  tx: Transaction,
  top: number,
  before?: { readonly startedAt: Date; readonly id: string },
): Promise<SessionRecord[]> {
  return await tx.rows<SessionRecord>(
    `select ${columns} from session where tenant_no = $1 and ($2::timestamptz is null
       or (date_trunc('milliseconds', started_at), id) < ($2, $3::uuid))
     order by date_trunc('milliseconds', started_at) desc, id desc limit $4`,
    [tx.tenantNo, before?.startedAt ?? null, before?.id ?? null, top],
  );
}

export async function findSession(tx: Transaction, id: string): Promise<SessionRecord | undefined> {
  return await tx.row<SessionRecord>(
    `select ${columns} from session where tenant_no = $1 and id = $2`,
    [tx.tenantNo, id],
  );
}

export interface CollectionProgress {
  readonly collection: string;
  readonly mode: string;
  readonly phase: string;
  readonly rounds: number;
  readonly failures: number;
  readonly unsettled: number;
  readonly quarantined: number;
  readonly outcome: string | null;
  readonly reason: string | null;
  readonly notCaptured: readonly string[];
  /** JSON of counts: requests, units, bytes, throttled, waitMs ... */
  readonly statistics: string;
}

/** What a session did in each collection. */
export async function collectionProgress(
  tx: Transaction,
  sessionId: string,
): Promise<CollectionProgress[]> {
  return await tx.rows<CollectionProgress>(
    `select t.collection, t.mode, t.phase, t.round as rounds, t.failures, t.unsettled,
       t.quarantined, t.outcome, t.reason, t.not_captured as "notCaptured", t.statistics
     from session_task t where t.tenant_no = $1 and t.session_id = $2 order by t.collection`,
    [tx.tenantNo, sessionId],
  );
}
