// Makes a restore plan: takes the live point, lists what differs from the wanted point, and plans in
// slices. The plan then waits for approval; nothing is written to the tenant here.
import { listDifferences } from '../activities/list-differences.ts';
import { planSlice } from '../activities/plan-slice.ts';
import { defineOrchestration } from '../durable/define-activity.ts';
import type { Outcome } from '../durable/outcome.ts';
import type { OperationInput } from '../durable/start-operation.ts';
import { type Ending, ended } from './ended.ts';
import { enterPhase, takeLivePoint } from './live-point.ts';
import { persevering } from './persevering.ts';

export const planRestore = defineOrchestration<OperationInput, Outcome<Ending>>(
  'planRestore',
  function* (context, input) {
    return yield* ended(context, input, function* () {
      const { tenantNo, operationId } = input;
      yield* enterPhase(context, input, 'livePoint');
      const livePoint = yield* takeLivePoint(context, input);
      yield* enterPhase(context, input, 'plan');
      yield* persevering(context, () =>
        listDifferences(context, { tenantNo, operationId, livePoint }),
      );
      const slice = () => planSlice(context, { tenantNo, operationId });
      for (;;) {
        const { state, steps } = yield* persevering(context, slice);
        if (state === 'done') {
          return { status: 'succeeded', result: steps === 0 ? 'nothingToDo' : 'complete' };
        }
        yield* enterPhase(context, input, 'plan');
      }
    });
  },
);
