import { comparisonOfOperation } from '../../shared/repository/comparisons.ts';
import { updateOperation } from '../../shared/repository/operations.ts';
import { defineActivity } from '../durable/define-activity.ts';
import { type Outcome, outcomeOf } from '../durable/outcome.ts';
import type { OperationInput } from '../durable/start-operation.ts';
import { services } from '../services.ts';

/** Begins a comparison and says whether one side is the live state. */
export const prepareComparison = defineActivity<
  OperationInput,
  Outcome<{ needsLivePoint: boolean }>
>(
  'prepareComparison',
  async ({ tenantNo, operationId }) =>
    await outcomeOf(
      async () =>
        await services().database.withTenant(tenantNo, async (tx) => {
          const comparison = await comparisonOfOperation(tx, operationId);
          await updateOperation(tx, operationId, { status: 'running', phase: 'livePoint' });
          return { needsLivePoint: comparison.live !== undefined };
        }),
    ),
);
