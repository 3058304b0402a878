import type { Transaction } from './database.ts';

export interface Lease {
  readonly owner: string;
  readonly epoch: number;
  /** By the clock of the database. */
  readonly expired: boolean;
}

/** The lease with its row locked; undefined when nobody ever took it, which one at a time finds. */
export async function lockLease(tx: Transaction): Promise<Lease | undefined> {
  const found = await lockRow(tx);
  if (found !== undefined) return found;
  await tx.rows(`select pg_advisory_xact_lock($1, hashtext('first lease'))`, [tx.tenantNo]);
  return await lockRow(tx);
}

async function lockRow(tx: Transaction): Promise<Lease | undefined> {
  return await tx.row<Lease>(
    `select l.owner, l.epoch,
       coalesce(h.owner <> l.owner or h.expires_at < clock_timestamp(), true) as expired
     from lease l
     left join lease_heartbeat h on h.tenant_no = l.tenant_no and h.kind = l.kind
     where l.tenant_no = $1 and l.kind = 'directory' for update of l`,
    [tx.tenantNo],
  );
}

/** Makes `owner` the holder under the next epoch and answers that epoch. */
export async function takeLease(tx: Transaction, owner: string, leaseMs: number): Promise<number> {
  const row = await tx.row<{ epoch: number }>(
    `insert into lease (tenant_no, kind, owner, epoch) values ($1, 'directory', $2, 1)
     on conflict (tenant_no, kind) do update set owner = $2, epoch = lease.epoch + 1
     returning epoch`,
    [tx.tenantNo, owner],
  );
  await beat(tx, owner, leaseMs);
  return row?.epoch ?? 1;
}

/** Says that the owner is alive; never touches the lease row. */
export async function beat(tx: Transaction, owner: string, leaseMs: number): Promise<void> {
  await tx.change(
    `insert into lease_heartbeat (tenant_no, kind, owner, expires_at)
     values ($1, 'directory', $2, clock_timestamp() + $3 * interval '1 millisecond')
     on conflict (tenant_no, kind) do update set owner = $2, beat_at = clock_timestamp(),
       expires_at = excluded.expires_at`,
    [tx.tenantNo, owner, leaseMs],
  );
}

/** A heartbeat for whoever holds the lease: an earlier session is undone under the lease of another. */
export async function beatForOwner(tx: Transaction, leaseMs: number): Promise<void> {
  const lease = await tx.row<{ owner: string }>(
    `select owner from lease where tenant_no = $1 and kind = 'directory'`,
    [tx.tenantNo],
  );
  if (lease !== undefined) await beat(tx, lease.owner, leaseMs);
}

/**
 * A heartbeat of the current owner only; false when the lease has gone to another. One that comes
 * after the end of its session does not bring the lease back.
 */
export async function beatIfOwner(
  tx: Transaction,
  owner: string,
  epoch: number,
  leaseMs: number,
): Promise<boolean> {
  const mine = await tx.row<{ running: boolean }>(
    `select exists (select 1 from session where tenant_no = $1 and id = $2
       and state in ('open', 'abandoning')) as running
     from lease where tenant_no = $1 and kind = 'directory' and owner = $2
       and epoch = $3 for share`,
    [tx.tenantNo, owner, epoch],
  );
  if (mine?.running === true) await beat(tx, owner, leaseMs);
  return mine !== undefined;
}

/** Lets the next session begin at once after this one has ended. */
export async function releaseLease(tx: Transaction, owner: string): Promise<void> {
  await tx.change(
    `update lease_heartbeat set expires_at = clock_timestamp()
     where tenant_no = $1 and kind = 'directory' and owner = $2`,
    [tx.tenantNo, owner],
  );
}
