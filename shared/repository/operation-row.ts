import type { Operation, OperationCounts } from '../model/operation.ts';

/** A row of `operation`; text columns hold JSON this product wrote. */
export interface OperationRow {
  readonly id: string;
  readonly tenant_no: number;
  readonly tenant_id: string;
  readonly kind: Operation['kind'];
  readonly requested_by: string;
  readonly trigger: Operation['trigger'];
  readonly reason: string | null;
  readonly status: Operation['status'];
  readonly result: NonNullable<Operation['result']> | null;
  readonly phase: string;
  readonly progress: string;
  readonly counts: string | null;
  readonly estimated_completion: Date | null;
  readonly waiting_for: string | null;
  readonly warnings: string;
  readonly error: string | null;
  readonly resource_location: string | null;
  readonly request: string;
  readonly cancel_requested: boolean;
  readonly created_at: Date;
  readonly last_action_at: Date;
}

export const operationColumns = `id, tenant_no, tenant_id, kind, requested_by, trigger, reason,
  status, result, phase, progress, counts, estimated_completion, waiting_for, warnings, error,
  resource_location, request, cancel_requested, created_at, last_action_at`;

const noCounts: OperationCounts = { done: 0, skipped: 0, conflict: 0, failed: 0, pending: 0 };

export function operationOf(row: OperationRow): Operation {
  return {
    id: row.id,
    kind: row.kind,
    tenantNo: row.tenant_no,
    tenantId: row.tenant_id,
    requestedBy: row.requested_by,
    trigger: row.trigger,
    status: row.status,
    phase: row.phase,
    progress: JSON.parse(row.progress) as Operation['progress'],
    counts: row.counts === null ? noCounts : (JSON.parse(row.counts) as OperationCounts),
    warnings: JSON.parse(row.warnings) as string[],
    createdAt: row.created_at,
    lastActionAt: row.last_action_at,
    request: JSON.parse(row.request) as Operation['request'],
    cancelRequested: row.cancel_requested,
    ...optionalPart(row),
  };
}

function optionalPart(row: OperationRow): Partial<Operation> {
  return {
    ...(row.reason === null ? {} : { reason: row.reason }),
    ...(row.result === null ? {} : { result: row.result }),
    ...(row.estimated_completion === null ? {} : { estimatedCompletion: row.estimated_completion }),
    ...(row.waiting_for === null
      ? {}
      : { waitingFor: JSON.parse(row.waiting_for) as NonNullable<Operation['waitingFor']> }),
    ...(row.resource_location === null ? {} : { resourceLocation: row.resource_location }),
    ...(row.error === null
      ? {}
      : { error: JSON.parse(row.error) as NonNullable<Operation['error']> }),
  };
}
