// Applies an approved plan: one slice after the other until every step has an outcome. The rows of
// the steps hold all state.
import { applyPlanSlice } from '../activities/apply-slice.ts';
import { defineOrchestration } from '../durable/define-activity.ts';
import type { Outcome } from '../durable/outcome.ts';
import { pause } from '../durable/pause.ts';
import type { OperationInput } from '../durable/start-operation.ts';
import type { Ending } from './ended.ts';
import { inSlices } from './in-slices.ts';
import { persevering } from './persevering.ts';

export const applyRestore = defineOrchestration<OperationInput, Outcome<Ending>>(
  'applyRestore',
  function* (context, input) {
    const { tenantNo, operationId } = input;
    return yield* inSlices(context, input, function* () {
      const answer = yield* persevering(context, () =>
        applyPlanSlice(context, { tenantNo, operationId }),
      );
      if (answer.state === 'finished') return { status: answer.status, result: answer.result };
      if (answer.state === 'wait') yield* pause(context, Math.ceil(answer.afterMs / 1_000));
      return undefined;
    });
  },
);
