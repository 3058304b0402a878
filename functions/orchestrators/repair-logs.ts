// Repairs one log repository from the other, because somebody has asked for it, slice by slice. The row
// of the repair holds where it stands.
import { repairLogSlice } from '../activities/repair-log-slice.ts';
import { defineOrchestration } from '../durable/define-activity.ts';
import type { Outcome } from '../durable/outcome.ts';
import type { OperationInput } from '../durable/start-operation.ts';
import type { Ending } from './ended.ts';
import { inSlices } from './in-slices.ts';
import { enterPhase } from './live-point.ts';
import { persevering } from './persevering.ts';

export const repairLogs = defineOrchestration<OperationInput, Outcome<Ending>>(
  'repairLogs',
  function* (context, input) {
    const { tenantNo, operationId } = input;
    return yield* inSlices(context, input, function* () {
      yield* enterPhase(context, input, 'repair');
      const { state, repaired, unrepaired } = yield* persevering(context, () =>
        repairLogSlice(context, { tenantNo, operationId }),
      );
      if (state === 'more') return undefined;
      // partial: what stays as it is, is named
      if (unrepaired > 0) return { status: 'succeeded', result: 'partial' };
      return { status: 'succeeded', result: repaired === 0 ? 'nothingToDo' : 'complete' };
    });
  },
);
