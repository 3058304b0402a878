// Repairs one log repository from the other, because somebody has asked for it, slice by slice. The row
// of the repair holds where it stands.
import { repairLogSlice } from '../activities/repair-log-slice.ts';
import { defineOrchestration } from '../durable/define-activity.ts';
import type { Outcome } from '../durable/outcome.ts';
import type { OperationInput } from '../durable/start-operation.ts';
import { type Ending, ended } from './ended.ts';
import { enterPhase } from './live-point.ts';
import { persevering } from './persevering.ts';

/** After so many slices the history begins anew. */
const slicesPerHistory = 50;

export const repairLogs = defineOrchestration<OperationInput, Outcome<Ending>>(
  'repairLogs',
  function* (context, input) {
    const outcome = yield* ended(context, input, function* () {
      const { tenantNo, operationId } = input;
      for (let slices = 0; slices < slicesPerHistory; slices += 1) {
        yield* enterPhase(context, input, 'repair');
        const { state, repaired, unrepaired } = yield* persevering(context, () =>
          repairLogSlice(context, { tenantNo, operationId }),
        );
        if (state !== 'done') continue;
        // partial: what stays as it is, is named
        if (unrepaired > 0) return { status: 'succeeded', result: 'partial' };
        return { status: 'succeeded', result: repaired === 0 ? 'nothingToDo' : 'complete' };
      }
      return { status: 'continued' };
    });
    if (outcome.ok && outcome.status === 'continued') context.df.continueAsNew(input);
    return outcome;
  },
);
