// The registry of protected tenants. Works in registry transactions and in those of a tenant.
import { BackupError } from '../errors/backup-error.ts';
import { defaultGuards, type Tenant, type TenantConfiguration } from '../model/tenant.ts';
import type { Transaction } from './database.ts';

interface Row {
  readonly tenant_no: number;
  readonly tenant_id: string;
  readonly display_name: string;
  readonly cloud: Tenant['cloud'];
  readonly state: Tenant['state'];
  readonly configuration: string;
  readonly revision: number;
  readonly head_point: number;
}

const columns = `tenant_no, tenant_id, display_name, cloud, state, configuration, revision,
  head_point`;

/** What an administrator may set. */
export type TenantSettings = Pick<Tenant, 'displayName' | 'cloud' | 'state' | 'configuration'>;

/** The tenant with this GUID (any case). */
export async function findTenant(tx: Transaction, tenantId: string): Promise<Tenant | undefined> {
  const row = await tx.row<Row>(`select ${columns} from tenant where tenant_id = $1::uuid`, [
    tenantId,
  ]);
  return row === undefined ? undefined : tenantOf(row);
}

/** The tenant, or `notFound`. */
export async function getTenantByNo(tx: Transaction, tenantNo: number): Promise<Tenant> {
  const row = await tx.row<Row>(`select ${columns} from tenant where tenant_no = $1`, [tenantNo]);
  if (row === undefined) throw new BackupError('notFound', `no tenant number ${tenantNo}`);
  return tenantOf(row);
}

/** Tenants after number `after`, in order; only those in `tenantNos` when it is given. */
export async function listTenants(
  tx: Transaction,
  page: { readonly tenantNos?: readonly number[]; readonly after?: number; readonly top: number },
): Promise<Tenant[]> {
  const rows = await tx.rows<Row>(
    `select ${columns} from tenant
     where tenant_no > $1 and ($2::int[] is null or tenant_no = any ($2))
     order by tenant_no limit $3`,
    [page.after ?? 0, page.tenantNos ?? null, page.top],
  );
  return rows.map(tenantOf);
}

/** Registers a tenant; `etagMismatch` when it is registered already. */
export async function createTenant(
  tx: Transaction,
  tenantId: string,
  settings: TenantSettings,
): Promise<Tenant> {
  const row = await tx.row<Row>(
    `insert into tenant (tenant_id, display_name, cloud, state, configuration)
     values ($1, $2, $3, $4, $5) on conflict (tenant_id) do nothing returning ${columns}`,
    [
      tenantId,
      settings.displayName,
      settings.cloud,
      settings.state,
      JSON.stringify(settings.configuration),
    ],
  );
  if (row === undefined) throw new BackupError('etagMismatch', `tenant ${tenantId} exists`);
  return tenantOf(row);
}

/** Replaces the settings of a tenant; `etagMismatch` when its revision is another by now. */
export async function updateTenant(
  tx: Transaction,
  tenantNo: number,
  revision: number,
  settings: TenantSettings,
): Promise<Tenant> {
  const row = await tx.row<Row>(
    `update tenant set display_name = $3, cloud = $4, state = $5, configuration = $6,
       revision = revision + 1, updated_at = clock_timestamp()
     where tenant_no = $1 and revision = $2 returning ${columns}`,
    [
      tenantNo,
      revision,
      settings.displayName,
      settings.cloud,
      settings.state,
      JSON.stringify(settings.configuration),
    ],
  );
  if (row === undefined) throw new BackupError('etagMismatch', 'the tenant has been changed');
  return tenantOf(row);
}

/**
 * Removes a tenant that has no restore point and no unfinished operation, with its jobs and access
 * entries. `etagMismatch` for another revision, `tenantNotEmpty` when it has restore points,
 * `tenantBusy` while something runs. Operations and audit events stay.
 */
export async function deleteTenant(
  tx: Transaction,
  tenantNo: number,
  revision: number,
): Promise<void> {
  const row = await tx.row<Row>(`select ${columns} from tenant where tenant_no = $1 for update`, [
    tenantNo,
  ]);
  if (row?.revision !== revision) {
    throw new BackupError('etagMismatch', 'the tenant has been changed');
  }
  if (row.head_point > 0) {
    throw new BackupError('tenantNotEmpty', `tenant ${row.tenant_id} has restore points`);
  }
  const busy = await tx.row<{ id: string }>(
    `select id from operation
     where tenant_no = $1 and status not in ('succeeded', 'failed', 'canceled') limit 1`,
    [tenantNo],
  );
  if (busy !== undefined) {
    throw new BackupError('tenantBusy', `operation ${busy.id} has not ended`, {
      details: { operationId: busy.id },
    });
  }
  await tx.change('delete from job where tenant_no = $1', [tenantNo]);
  await tx.change('delete from log_source where tenant_no = $1', [tenantNo]);
  await tx.change('delete from tenant_access where tenant_no = $1', [tenantNo]);
  await tx.change('delete from tenant where tenant_no = $1', [tenantNo]);
}

function tenantOf(row: Row): Tenant {
  return {
    tenantNo: row.tenant_no,
    tenantId: row.tenant_id,
    displayName: row.display_name,
    cloud: row.cloud,
    state: row.state,
    configuration: configurationOf(row.configuration),
    revision: row.revision,
    headPoint: row.head_point,
  };
}

/** What is stored may be older than the fields of today: defaults fill the rest. */
function configurationOf(text: string): TenantConfiguration {
  const stored = JSON.parse(text) as Partial<TenantConfiguration>;
  return {
    apps: stored.apps ?? {},
    schedules: stored.schedules ?? [],
    guards: { ...defaultGuards, ...stored.guards },
    notifications: stored.notifications ?? {},
  };
}
