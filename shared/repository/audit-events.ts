// What was done through the API, what was refused and who read values. Rows are only ever added: those of
// an act or a read in its own transaction.
import type { Transaction } from './database.ts';

export interface NewAuditEvent {
  /** 0: the act belongs to no tenant. */
  readonly tenantNo: number;
  readonly tenantId?: string;
  readonly principalId: string;
  readonly roles: readonly string[];
  /** `tenant.update`, `backup.start` ... */
  readonly action: string;
  /** Path of what was acted upon. */
  readonly target: string;
  readonly reason?: string;
  /** Ids, counts, names of settings. */
  readonly detail: Readonly<Record<string, unknown>>;
  readonly requestId: string;
}

export interface AuditEvent extends NewAuditEvent {
  readonly id: number;
  readonly at: Date;
}

interface Row {
  readonly id: number;
  readonly tenant_no: number;
  readonly tenant_id: string | null;
  readonly at: Date;
  readonly principal_id: string;
  readonly roles: string[];
  readonly action: string;
  readonly target: string | null;
  readonly reason: string | null;
  readonly detail: string;
  readonly request_id: string;
}

export async function addAuditEvent(tx: Transaction, event: NewAuditEvent): Promise<void> {
  await tx.change(
    `insert into audit_event (tenant_no, tenant_id, principal_id, roles, action, target, reason,
       detail, request_id) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      event.tenantNo,
      event.tenantId ?? null,
      event.principalId,
      [...event.roles],
      event.action,
      event.target,
      event.reason ?? null,
      JSON.stringify(event.detail),
      event.requestId,
    ],
  );
}

/** Events `refused.*` of one kind by one principal within the last hour, counted up to `most`. */
export async function countRecentEvents(
  tx: Transaction,
  principalId: string,
  action: string,
  most: number,
): Promise<number> {
  const row = await tx.row<{ count: number }>(
    `select count(*) from (
       select from audit_event where principal_id = $1 and action = $2
         and starts_with(action, 'refused.') and at > clock_timestamp() - interval '1 hour'
       limit $3) recent`,
    [principalId, action, most],
  );
  return row?.count ?? 0;
}

export interface AuditFilter {
  /** Only events of these tenants; undefined: all, also those of no tenant. */
  readonly tenantNos?: readonly number[];
  readonly from?: Date;
  readonly to?: Date;
  /** Id of the last event of the page before. */
  readonly before?: number;
  readonly top: number;
}

/** Newest first. */
export async function listAuditEvents(tx: Transaction, filter: AuditFilter): Promise<AuditEvent[]> {
  const rows = await tx.rows<Row>(
    `select id, tenant_no, tenant_id, at, principal_id, roles, action, target, reason, detail,
       request_id from audit_event
     where ($1::int[] is null or tenant_no = any ($1))
       and ($2::timestamptz is null or at >= $2) and ($3::timestamptz is null or at < $3)
       and ($4::bigint is null or id < $4)
     order by id desc limit $5`,
    [
      filter.tenantNos ?? null,
      filter.from ?? null,
      filter.to ?? null,
      filter.before ?? null,
      filter.top,
    ],
  );
  return rows.map(eventOf);
}

function eventOf(row: Row): AuditEvent {
  return {
    id: row.id,
    tenantNo: row.tenant_no,
    ...(row.tenant_id === null ? {} : { tenantId: row.tenant_id }),
    at: row.at,
    principalId: row.principal_id,
    roles: row.roles,
    action: row.action,
    target: row.target ?? '',
    ...(row.reason === null ? {} : { reason: row.reason }),
    detail: JSON.parse(row.detail) as AuditEvent['detail'],
    requestId: row.request_id,
  };
}
