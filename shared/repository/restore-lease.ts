// The lease of a tenant's restore: every slice of work takes it anew, so that a slice that comes late
// or twice is refused at its next write (DESIGN 6.1).
import { BackupError } from '../errors/backup-error.ts';
import type { Transaction } from './database.ts';

export interface RestoreFence {
  readonly restoreId: string;
  readonly epoch: number;
}

/** Begins a slice: all slices before it are fenced from now on. */
export async function takeRestoreLease(tx: Transaction, restoreId: string): Promise<RestoreFence> {
  const row = await tx.row<{ epoch: number }>(
    `insert into lease (tenant_no, kind, owner, epoch) values ($1, 'restore', $2, 1)
     on conflict (tenant_no, kind) do update set owner = $2, epoch = lease.epoch + 1
     returning epoch`,
    [tx.tenantNo, restoreId],
  );
  return { restoreId, epoch: row?.epoch ?? 1 };
}

/** First statement of each write transaction of a slice, held to the commit. Throws `fenced`. */
export async function holdRestore(tx: Transaction, fence: RestoreFence): Promise<void> {
  const lease = await tx.row(
    `select 1 from lease
     where tenant_no = $1 and kind = 'restore' and owner = $2 and epoch = $3 for share`,
    [tx.tenantNo, fence.restoreId, fence.epoch],
  );
  if (lease === undefined) {
    throw new BackupError('fenced', 'another slice of the restore has taken over', {
      details: { restoreId: fence.restoreId, epoch: fence.epoch },
    });
  }
}
