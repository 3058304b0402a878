import { failComparison } from '../../shared/repository/comparisons.ts';
import { failInspection } from '../../shared/repository/inspections.ts';
import { updateOperation } from '../../shared/repository/operations.ts';
import { failPlan } from '../../shared/repository/restore-plans.ts';
import { failRestore } from '../../shared/repository/restores.ts';
import { defineActivity } from '../durable/define-activity.ts';
import { type Outcome, outcomeOf } from '../durable/outcome.ts';
import { services } from '../services.ts';

interface Input {
  readonly tenantNo: number;
  readonly operationId: string;
  readonly status: 'succeeded' | 'failed' | 'canceled';
  readonly result?: 'complete' | 'partial' | 'nothingToDo';
  readonly error?: { readonly code: string; readonly message: string };
}

/**
 * Ends an operation of compare, plan, restore, verification or repair. What it was to make and did not finish is marked as
 * failed in the same transaction.
 */
export const endOperation = defineActivity<Input, Outcome<object>>(
  'endOperation',
  async ({ tenantNo, operationId, status, result, error }) =>
    await outcomeOf(
      async () =>
        await services().database.withTenant(tenantNo, async (tx) => {
          if (status !== 'succeeded') {
            await failComparison(tx, operationId);
            await failInspection(tx, operationId);
            await failPlan(tx, operationId);
            await failRestore(tx, operationId, status);
          }
          await updateOperation(tx, operationId, {
            status,
            waitingFor: null,
            ...(result === undefined ? {} : { result }),
            ...(error === undefined ? {} : { error }),
          });
          return {};
        }),
    ),
);
