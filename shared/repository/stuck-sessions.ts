// Sessions whose worker has stopped without saying so (DESIGN 6.10), by the clock of the database.
import type { Transaction } from './database.ts';
import { takeLease } from './leases.ts';
import { adoptSession } from './sessions.ts';

export type SessionHealth =
  /** No open session of this operation holds the lease. */
  | { readonly state: 'none' }
  | { readonly state: 'alive' }
  | { readonly state: 'stuck'; readonly sessionId: string; readonly leaseMs: number };

/** Whether the session of an operation has missed three leases; its lease row stays locked. */
export async function sessionHealth(tx: Transaction, operationId: string): Promise<SessionHealth> {
  const row = await tx.row<{ id: string; lease_ms: number; stuck: boolean }>(
    `select s.id, greatest(1000, extract(epoch from h.expires_at - h.beat_at) * 1000)::int
         as lease_ms,
       clock_timestamp() > h.beat_at + 3 * (h.expires_at - h.beat_at) as stuck
     from session s
     join lease l on l.tenant_no = $1 and l.kind = 'directory' and l.owner = s.id
     join lease_heartbeat h on h.tenant_no = $1 and h.kind = 'directory' and h.owner = s.id
     where s.tenant_no = $1 and s.operation_id = $2 and s.state in ('open', 'abandoning')
     for update of l`,
    [tx.tenantNo, operationId],
  );
  if (row === undefined) return { state: 'none' };
  if (!row.stuck) return { state: 'alive' };
  return { state: 'stuck', sessionId: row.id, leaseMs: row.lease_ms };
}

/** Raises the epoch, so that whatever still runs of the session is fenced, and answers the new one. */
export async function fenceSession(
  tx: Transaction,
  sessionId: string,
  leaseMs: number,
): Promise<number> {
  const epoch = await takeLease(tx, sessionId, leaseMs);
  await adoptSession(tx, sessionId, epoch);
  return epoch;
}
