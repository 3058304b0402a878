// Compares two points, or a point with the live state: takes the live point first, lists what
// differs by SQL, then looks into the bodies slice by slice.
import { detailDifferences } from '../activities/detail-differences.ts';
import { listDifferences } from '../activities/list-differences.ts';
import { prepareComparison } from '../activities/prepare-comparison.ts';
import { defineOrchestration } from '../durable/define-activity.ts';
import type { Outcome } from '../durable/outcome.ts';
import type { OperationInput } from '../durable/start-operation.ts';
import { type Ending, ended } from './ended.ts';
import { enterPhase, takeLivePoint } from './live-point.ts';
import { persevering } from './persevering.ts';

export const compareStates = defineOrchestration<OperationInput, Outcome<Ending>>(
  'compareStates',
  function* (context, input) {
    return yield* ended(context, input, function* () {
      const { tenantNo, operationId } = input;
      const { needsLivePoint } = yield* persevering(context, () =>
        prepareComparison(context, input),
      );
      const livePoint = needsLivePoint ? yield* takeLivePoint(context, input) : 0;
      yield* enterPhase(context, input, 'compare');
      yield* persevering(context, () =>
        listDifferences(context, { tenantNo, operationId, livePoint }),
      );
      const slice = () => detailDifferences(context, { tenantNo, operationId });
      while ((yield* persevering(context, slice)).state === 'more') {
        yield* enterPhase(context, input, 'compare');
      }
      return { status: 'succeeded', result: 'complete' };
    });
  },
);
