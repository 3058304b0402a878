// What a backup is given: the tenant, adapters of this process and the statements it runs. Nothing
// here decides anything.
import { backupTables } from '../shared/repository/backup-tables.ts';
import { getTenantByNo } from '../shared/repository/tenants.ts';
import { type BackupContext, defaultLimits } from '../shared/tenant-backup/backup-context.ts';
import { faults, reachedFailpoint } from './fault-points.ts';
import { services } from './services.ts';

/** The context of one activity, with a Graph client whose counts are its own. */
export async function backupContext(tenantNo: number): Promise<BackupContext> {
  const { database, clock, newGraph, linkCipher, catalogue } = services();
  const tenant = await database.withRegistry((tx) => getTenantByNo(tx, tenantNo));
  return {
    tenant,
    database,
    tables: backupTables,
    graph: newGraph(tenant, 'backup'),
    cipher: linkCipher(),
    clock,
    failpoint: reachedFailpoint,
    limits: { ...defaultLimits, leaseMs: faults.leaseMs ?? defaultLimits.leaseMs },
    catalogue: catalogue.objectTypes,
  };
}

/** Time of one activity; the orchestration calls again for more. */
export const sliceMs = 60_000;

export function sliceDeadline(context: BackupContext): Date {
  return new Date(context.clock.now().getTime() + sliceMs);
}
