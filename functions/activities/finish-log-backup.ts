import { type RunEnd, summariseRun } from '../../shared/log-backup/run-summary.ts';
import { listLogSources } from '../../shared/repository/log-sources.ts';
import { isCancelRequested, updateOperation } from '../../shared/repository/operations.ts';
import { defineActivity } from '../durable/define-activity.ts';
import { type Outcome, outcomeOf } from '../durable/outcome.ts';
import { services } from '../services.ts';

interface Input {
  readonly tenantNo: number;
  readonly operationId: string;
}

/** Reads from the rows of the logs how the run ended; canceled only when something was left. */
export const finishLogBackup = defineActivity<Input, Outcome<{ end: RunEnd | 'canceled' }>>(
  'finishLogBackup',
  async ({ tenantNo, operationId }) =>
    await outcomeOf(
      async () =>
        await services().database.withTenant(tenantNo, async (tx) => {
          const { update, end } = summariseRun(await listLogSources(tx), operationId);
          await updateOperation(tx, operationId, update);
          const isCanceled = await isCancelRequested(tx, operationId);
          return { end: isCanceled && update.counts.pending > 0 ? 'canceled' : end };
        }),
    ),
);
