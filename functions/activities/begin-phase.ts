import { isCancelRequested, updateOperation } from '../../shared/repository/operations.ts';
import { defineActivity } from '../durable/define-activity.ts';
import { type Outcome, outcomeOf } from '../durable/outcome.ts';
import { services } from '../services.ts';

interface Input {
  readonly tenantNo: number;
  readonly operationId: string;
  readonly phase: string;
}

/** Notes the phase an operation is in; `canceled` once somebody has asked to cancel it. */
export const beginPhase = defineActivity<Input, Outcome<{ canceled: boolean }>>(
  'beginPhase',
  async ({ tenantNo, operationId, phase }) =>
    await outcomeOf(
      async () =>
        await services().database.withTenant(tenantNo, async (tx) => {
          if (await isCancelRequested(tx, operationId)) return { canceled: true };
          await updateOperation(tx, operationId, { status: 'running', phase, waitingFor: null });
          return { canceled: false };
        }),
    ),
);
