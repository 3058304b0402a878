// Where the roles of callers hold: one row per principal or group and tenant.
import type { Transaction } from './database.ts';

export type PrincipalKind = 'user' | 'group' | 'servicePrincipal';

export interface AccessEntry {
  readonly principalId: string;
  readonly kind: PrincipalKind;
  /** 0: all tenants. */
  readonly tenantNo: number;
  /** Undefined when tenantNo is 0. */
  readonly tenantId?: string;
  readonly roles: readonly string[];
  readonly attributeValues: boolean;
}

interface Row {
  readonly principal_id: string;
  readonly kind: PrincipalKind;
  readonly tenant_no: number;
  readonly tenant_id: string | null;
  readonly roles: string[];
  readonly attribute_values: boolean;
}

const select = `select a.principal_id, a.kind, a.tenant_no, t.tenant_id, a.roles,
  a.attribute_values from tenant_access a left join tenant t on t.tenant_no = a.tenant_no`;

/** Entries of any of the ids (a caller and the caller's groups). */
export async function entriesOf(
  tx: Transaction,
  principalIds: readonly string[],
): Promise<AccessEntry[]> {
  const rows = await tx.rows<Row>(
    `${select} where a.principal_id = any ($1::uuid[]) order by a.principal_id, a.tenant_no`,
    [[...principalIds]],
  );
  return rows.map(entryOf);
}

/** Principals after `after` with all their entries, in order of their ids. */
export async function listPrincipals(
  tx: Transaction,
  top: number,
  after?: string,
): Promise<AccessEntry[]> {
  const rows = await tx.rows<Row>(
    `${select} where a.principal_id in (
       select distinct principal_id from tenant_access
       where $1::uuid is null or principal_id > $1 order by principal_id limit $2)
     order by a.principal_id, a.tenant_no`,
    [after ?? null, top],
  );
  return rows.map(entryOf);
}

export async function isAccessEmpty(tx: Transaction): Promise<boolean> {
  const row = await tx.row<{ empty: boolean }>(
    'select not exists (select from tenant_access) as empty',
  );
  return row?.empty ?? true;
}

/** Entries with that role in all tenants, other than those of one principal. */
export async function hasOtherHolder(
  tx: Transaction,
  role: string,
  principalId: string,
): Promise<boolean> {
  const row = await tx.row<{ found: boolean }>(
    `select exists (select from tenant_access where tenant_no = 0 and $1 = any (roles)
       and principal_id <> $2) as found`,
    [role, principalId],
  );
  return row?.found ?? false;
}

/** Makes changes of access wait for each other, so that each sees what the other has written. */
export async function lockAccess(tx: Transaction): Promise<void> {
  await tx.rows("select pg_advisory_xact_lock(hashtext('tenant_access'))");
}

/** Replaces all entries of a principal; none left removes it. */
export async function replaceEntries(
  tx: Transaction,
  principalId: string,
  entries: readonly AccessEntry[],
  changedBy: string,
): Promise<void> {
  await tx.change('delete from tenant_access where principal_id = $1', [principalId]);
  for (const entry of entries) {
    await tx.change(
      `insert into tenant_access (principal_id, kind, tenant_no, roles, attribute_values,
         changed_by) values ($1, $2, $3, $4, $5, $6)`,
      [principalId, entry.kind, entry.tenantNo, [...entry.roles], entry.attributeValues, changedBy],
    );
  }
}

function entryOf(row: Row): AccessEntry {
  return {
    principalId: row.principal_id,
    kind: row.kind,
    tenantNo: row.tenant_no,
    ...(row.tenant_id === null ? {} : { tenantId: row.tenant_id }),
    roles: row.roles,
    attributeValues: row.attribute_values,
  };
}
