// Exports logs: one slice after the other until the last part is stored. The parts hold all state.
import { exportLogSlice } from '../activities/export-log-slice.ts';
import { defineOrchestration } from '../durable/define-activity.ts';
import type { Outcome } from '../durable/outcome.ts';
import type { OperationInput } from '../durable/start-operation.ts';
import type { Ending } from './ended.ts';
import { inSlices } from './in-slices.ts';
import { enterPhase } from './live-point.ts';
import { persevering } from './persevering.ts';

export const exportLogs = defineOrchestration<OperationInput, Outcome<Ending>>(
  'exportLogs',
  function* (context, input) {
    const { tenantNo, operationId } = input;
    return yield* inSlices(context, input, function* () {
      yield* enterPhase(context, input, 'export');
      const { state, isWhole } = yield* persevering(context, () =>
        exportLogSlice(context, { tenantNo, operationId }),
      );
      if (state === 'more') return undefined;
      if (state === 'canceled') return { status: 'canceled' };
      return { status: 'succeeded', result: isWhole ? 'complete' : 'partial' };
    });
  },
);
