// Restores segments of logs to a container, slice by slice. What is written there holds all state.
import { restoreLogSlice } from '../activities/restore-log-slice.ts';
import { defineOrchestration } from '../durable/define-activity.ts';
import type { Outcome } from '../durable/outcome.ts';
import type { OperationInput } from '../durable/start-operation.ts';
import type { Ending } from './ended.ts';
import { inSlices } from './in-slices.ts';
import { enterPhase } from './live-point.ts';
import { persevering } from './persevering.ts';

export const restoreLogs = defineOrchestration<OperationInput, Outcome<Ending>>(
  'restoreLogs',
  function* (context, input) {
    const { tenantNo, operationId } = input;
    return yield* inSlices(context, input, function* () {
      yield* enterPhase(context, input, 'restore');
      const { state, segments, isWhole } = yield* persevering(context, () =>
        restoreLogSlice(context, { tenantNo, operationId }),
      );
      if (state === 'more') return undefined;
      if (segments === 0) return { status: 'succeeded', result: 'nothingToDo' };
      return { status: 'succeeded', result: isWhole ? 'complete' : 'partial' };
    });
  },
);
