// Verifies what is stored of a tenant outside the database, slice by slice. Names defects and repairs
// nothing; the row of the verification holds where it stands.
import { verifySlice } from '../activities/verify-slice.ts';
import { defineOrchestration } from '../durable/define-activity.ts';
import type { Outcome } from '../durable/outcome.ts';
import type { OperationInput } from '../durable/start-operation.ts';
import type { Ending } from './ended.ts';
import { inSlices } from './in-slices.ts';
import { enterPhase } from './live-point.ts';
import { persevering } from './persevering.ts';

export const verifyRepositories = defineOrchestration<OperationInput, Outcome<Ending>>(
  'verifyRepositories',
  function* (context, input) {
    const { tenantNo, operationId } = input;
    return yield* inSlices(context, input, function* () {
      yield* enterPhase(context, input, 'verify');
      const { state, findings } = yield* persevering(context, () =>
        verifySlice(context, { tenantNo, operationId }),
      );
      if (state === 'more') return undefined;
      // partial: defects were found and are named
      return { status: 'succeeded', result: findings === 0 ? 'complete' : 'partial' };
    });
  },
);
