import type { OrchestrationContext } from 'durable-functions';
import { beginPhase } from '../activities/begin-phase.ts';
import { requestLivePoint } from '../activities/request-live-point.ts';
import type { Step } from '../durable/define-activity.ts';
import { pause } from '../durable/pause.ts';
import type { OperationInput } from '../durable/start-operation.ts';
import { backupTenant } from './backup-tenant.ts';
import { persevering, refuse } from './persevering.ts';

const longestPauseSeconds = 60;
/** About two hours of waiting for another backup. */
const attempts = 130;

/**
 * Takes the live state as a restore point by an incremental backup and answers its number. While
 * another backup of the tenant runs, it waits for its end: that point may have begun before this one
 * was asked for.
 */
export function* takeLivePoint(context: OrchestrationContext, input: OperationInput): Step<number> {
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const asked = yield* persevering(context, () => requestLivePoint(context, input));
    if (asked.state === 'canceled') refuse('canceled', 'the operation was canceled');
    if (asked.state === 'ready') return yield* runBackup(context, input, asked.backupOperationId);
    yield* pause(context, Math.min(longestPauseSeconds, attempt * 2));
  }
  return refuse('tenantBusy', 'another backup of the tenant did not end in time');
}

function* runBackup(
  context: OrchestrationContext,
  { tenantNo, tenantId }: OperationInput,
  operationId: string,
): Step<number> {
  const input = { tenantNo, tenantId, operationId };
  const taken = yield* backupTenant.call(context, input, `backup:${tenantId}`);
  if (!taken.ok) return refuse(taken.code, taken.message);
  return taken.point ?? refuse('invalidState', 'the backup published no live point');
}

/** Notes the next phase; ends the operation when it is to be canceled. */
export function* enterPhase(
  context: OrchestrationContext,
  { tenantNo, operationId }: OperationInput,
  phase: string,
): Step<void> {
  const begun = yield* persevering(context, () =>
    beginPhase(context, { tenantNo, operationId, phase }),
  );
  if (begun.canceled) refuse('canceled', 'the operation was canceled');
}
