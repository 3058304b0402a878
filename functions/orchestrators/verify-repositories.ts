// Verifies what is stored of a tenant outside the database, slice by slice. Names defects and repairs
// nothing; the row of the verification holds where it stands.
import { verifySlice } from '../activities/verify-slice.ts';
import { defineOrchestration } from '../durable/define-activity.ts';
import type { Outcome } from '../durable/outcome.ts';
import type { OperationInput } from '../durable/start-operation.ts';
import { type Ending, ended } from './ended.ts';
import { enterPhase } from './live-point.ts';
import { persevering } from './persevering.ts';

/** After so many slices the history begins anew. */
const slicesPerHistory = 50;

export const verifyRepositories = defineOrchestration<OperationInput, Outcome<Ending>>(
  'verifyRepositories',
  function* (context, input) {
    const outcome = yield* ended(context, input, function* () {
      const { tenantNo, operationId } = input;
      for (let slices = 0; slices < slicesPerHistory; slices += 1) {
        yield* enterPhase(context, input, 'verify');
        const { state, findings } = yield* persevering(context, () =>
          verifySlice(context, { tenantNo, operationId }),
        );
        // partial: defects were found and are named
        if (state === 'done') {
          return { status: 'succeeded', result: findings === 0 ? 'complete' : 'partial' };
        }
      }
      return { status: 'continued' };
    });
    if (outcome.ok && outcome.status === 'continued') context.df.continueAsNew(input);
    return outcome;
  },
);
