// What a backup is given: the tenant, adapters of this process and the statements it runs. Nothing
// here decides anything.
import { backupTables } from '../shared/repository/backup-tables.ts';
import { getTenantByNo } from '../shared/repository/tenants.ts';
import { readFaultSettings } from '../shared/settings/fault-settings.ts';
import { type BackupContext, defaultLimits } from '../shared/tenant-backup/backup-context.ts';
import { noFailpoint, plannedFailpoint } from '../shared/tenant-backup/failpoint.ts';
import { services } from './services.ts';

const faults = readFaultSettings();
const failpoint =
  faults.failpoint === undefined
    ? noFailpoint
    : plannedFailpoint(faults.failpoint, {
        kill: () => process.kill(process.pid, 'SIGKILL'),
        freeze: () => process.kill(process.pid, 'SIGSTOP'),
      });

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
    failpoint,
    limits: { ...defaultLimits, leaseMs: faults.leaseMs ?? defaultLimits.leaseMs },
    catalogue: catalogue.objectTypes,
  };
}

/** Time of one activity; the orchestration calls again for more. */
export const sliceMs = 60_000;

export function sliceDeadline(context: BackupContext): Date {
  return new Date(context.clock.now().getTime() + sliceMs);
}
