import { BackupError } from '../errors/backup-error.ts';
import type { Transaction } from './database.ts';

export type PlanState =
  | 'planning'
  | 'ready'
  | 'approved'
  | 'rejected'
  | 'withdrawn'
  | 'applied'
  | 'failed';

export interface PlanSummary {
  /** Number of writes. */
  readonly steps: number;
  readonly stepsByKind: Readonly<Record<string, number>>;
  readonly notesByKind: Readonly<Record<string, number>>;
  readonly permissions: { readonly needed: readonly string[]; readonly missing: readonly string[] };
}

export interface RestorePlan {
  readonly id: string;
  readonly operationId: string;
  readonly comparisonId: string;
  readonly point: number;
  readonly livePoint?: number;
  /** JSON as given. */
  readonly selection: string;
  readonly options: string;
  readonly state: PlanState;
  /** SHA-256 of the steps in order, 64 hexadecimal digits, once the plan is ready. */
  readonly hash?: string;
  readonly objectsTo: number;
  readonly partsTo: number;
  readonly summary?: PlanSummary;
  readonly requestedBy: string;
  readonly reason?: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly decidedBy?: string;
  readonly decidedAt?: Date;
  readonly decisionReason?: string;
}

interface Row {
  id: string;
  operation_id: string;
  comparison_id: string;
  point: number;
  live_point: number | null;
  selection: string;
  options: string;
  state: PlanState;
  hash: string | null;
  objects_to: number;
  parts_to: number;
  summary: string;
  requested_by: string;
  reason: string | null;
  created_at: Date;
  expires_at: Date;
  decided_by: string | null;
  decided_at: Date | null;
  decision_reason: string | null;
}

const columns = `id, operation_id, comparison_id, point, live_point, selection, options, state, hash,
  objects_to, parts_to, summary, requested_by, reason, created_at, expires_at, decided_by,
  decided_at, decision_reason`;

export interface NewPlan {
  readonly id: string;
  readonly operationId: string;
  readonly comparisonId: string;
  readonly point: number;
  readonly selection: string;
  readonly options: string;
  readonly requestedBy: string;
  readonly reason?: string;
  /** Hours until the plan expires and stops pinning its points. */
  readonly lifeHours: number;
}

export async function createPlan(tx: Transaction, plan: NewPlan): Promise<void> {
  await tx.change(
    `insert into restore_plan (tenant_no, id, operation_id, comparison_id, point, selection,
       options, requested_by, reason, created_at, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, date_trunc('milliseconds', clock_timestamp()),
       clock_timestamp() + $10 * interval '1 hour')
     on conflict do nothing`,
    [
      tx.tenantNo,
      plan.id,
      plan.operationId,
      plan.comparisonId,
      plan.point,
      plan.selection,
      plan.options,
      plan.requestedBy,
      plan.reason ?? null,
      plan.lifeHours,
    ],
  );
}

/** The plan, or `notFound`; `lock` keeps others from changing it until the transaction ends. */
export async function getPlan(
  tx: Transaction,
  id: string,
  options: { readonly lock?: boolean } = {},
): Promise<RestorePlan> {
  const row = await tx.row<Row>(
    `select ${columns} from restore_plan where tenant_no = $1 and id = $2
     ${options.lock ? 'for update' : ''}`,
    [tx.tenantNo, id],
  );
  if (row === undefined) throw new BackupError('notFound', `no restore plan ${id}`);
  return planOf(row);
}

/** Newest first; `before` is the last one of the page before. */
export async function listPlans(
  tx: Transaction,
  top: number,
  before?: { readonly createdAt: Date; readonly id: string },
): Promise<RestorePlan[]> {
  const rows = await tx.rows<Row>(
    `select ${columns} from restore_plan
     where tenant_no = $1 and ($2::timestamptz is null or (created_at, id) < ($2, $3::uuid))
     order by created_at desc, id desc limit $4`,
    [tx.tenantNo, before?.createdAt ?? null, before?.id ?? null, top],
  );
  return rows.map(planOf);
}

export interface PlanChange {
  readonly state?: PlanState;
  readonly livePoint?: number;
  readonly hash?: string;
  readonly objectsTo?: number;
  readonly partsTo?: number;
  readonly summary?: PlanSummary;
  readonly decision?: { readonly by: string; readonly reason: string | null };
}

/** Changes a plan that is in state `from`; false when it is in another state. */
export async function changePlan(
  tx: Transaction,
  id: string,
  from: PlanState,
  change: PlanChange,
): Promise<boolean> {
  const changed = await tx.change(
    `update restore_plan set state = coalesce($4, state), live_point = coalesce($5, live_point),
       hash = coalesce($6, hash), objects_to = coalesce($7, objects_to),
       parts_to = coalesce($8, parts_to), summary = coalesce($9, summary),
       decided_by = coalesce($10, decided_by), decision_reason = coalesce($11, decision_reason),
       decided_at = case when $10::text is null then decided_at else clock_timestamp() end
     where tenant_no = $1 and id = $2 and state = $3`,
    [
      tx.tenantNo,
      id,
      from,
      change.state ?? null,
      change.livePoint ?? null,
      change.hash ?? null,
      change.objectsTo ?? null,
      change.partsTo ?? null,
      change.summary === undefined ? null : JSON.stringify(change.summary),
      change.decision?.by ?? null,
      change.decision?.reason ?? null,
    ],
  );
  return changed === 1;
}

/** Marks the plan an operation was to make as failed, unless it is ready. */
export async function failPlan(tx: Transaction, operationId: string): Promise<void> {
  await tx.change(
    `update restore_plan set state = 'failed'
     where tenant_no = $1 and operation_id = $2 and state = 'planning'`,
    [tx.tenantNo, operationId],
  );
}

export async function planOfOperation(tx: Transaction, operationId: string): Promise<RestorePlan> {
  const row = await tx.row<Row>(
    `select ${columns} from restore_plan where tenant_no = $1 and operation_id = $2`,
    [tx.tenantNo, operationId],
  );
  if (row === undefined) throw new BackupError('notFound', `no restore plan of ${operationId}`);
  return planOf(row);
}

/** True when the plan's time is over by the clock of the database. */
export async function isPlanExpired(tx: Transaction, id: string): Promise<boolean> {
  const row = await tx.row<{ expired: boolean }>(
    `select expires_at <= clock_timestamp() as expired from restore_plan
     where tenant_no = $1 and id = $2`,
    [tx.tenantNo, id],
  );
  return row?.expired ?? true;
}

/** Points that plans still need: retention must not purge them. */
export async function pinnedPoints(tx: Transaction): Promise<number[]> {
  const rows = await tx.rows<{ point: number }>(
    `select distinct p.point from restore_plan r
     cross join lateral unnest(array[r.point, r.live_point]) as p (point)
     where r.tenant_no = $1 and p.point is not null
       and ((r.state in ('planning', 'ready', 'approved') and r.expires_at > clock_timestamp())
         or exists (select from restore s where s.tenant_no = $1 and s.plan_id = r.id
           and s.state in ('running', 'verifying')))`,
    [tx.tenantNo],
  );
  return rows.map(({ point }) => point);
}

function planOf(row: Row): RestorePlan {
  const summary = JSON.parse(row.summary) as PlanSummary | Record<string, never>;
  return {
    id: row.id,
    operationId: row.operation_id,
    comparisonId: row.comparison_id,
    point: row.point,
    ...(row.live_point === null ? {} : { livePoint: row.live_point }),
    selection: row.selection,
    options: row.options,
    state: row.state,
    ...(row.hash === null ? {} : { hash: row.hash }),
    objectsTo: row.objects_to,
    partsTo: row.parts_to,
    ...('steps' in summary ? { summary: summary as PlanSummary } : {}),
    requestedBy: row.requested_by,
    ...(row.reason === null ? {} : { reason: row.reason }),
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    ...(row.decided_by === null ? {} : { decidedBy: row.decided_by }),
    ...(row.decided_at === null ? {} : { decidedAt: row.decided_at }),
    ...(row.decision_reason === null ? {} : { decisionReason: row.decision_reason }),
  };
}
