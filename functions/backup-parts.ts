// What a backup is given: the tenant, adapters of this process and the statements it runs. Nothing
// here decides anything.
import { backupTables } from '../shared/repository/backup-tables.ts';
import { listPoints } from '../shared/repository/restore-points.ts';
import { getTenantByNo } from '../shared/repository/tenants.ts';
import { type BackupContext, defaultLimits } from '../shared/tenant-backup/backup-context.ts';
import { faults, reachedFailpoint } from './fault-points.ts';
import { services } from './services.ts';

/** The context of one activity, with a Graph client whose counts are its own. */
export async function backupContext(tenantNo: number): Promise<BackupContext> {
  const { database, clock, newGraph, linkCipher, catalogue } = services();
  const tenant = await database.withRegistry((tx) => getTenantByNo(tx, tenantNo));
  const graph = newGraph(tenant, 'backup');
  // The quota of Graph depends on the size of the tenant; before the first point it is unknown.
  const [head] = await database.withTenant(tenantNo, (tx) => listPoints(tx, { top: 1 }));
  if (head !== undefined) await graph.setTenantUsers(head.counts['user']?.live ?? 0);
  return {
    tenant,
    database,
    tables: backupTables,
    graph,
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
