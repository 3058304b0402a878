// Restores segments of logs to a container: one slice after the other. What is written there holds all
// state, so that this orchestration may begin again at any time.
import type { OrchestrationContext } from 'durable-functions';
import { restoreLogSlice } from '../activities/restore-log-slice.ts';
import { defineOrchestration, type Step } from '../durable/define-activity.ts';
import type { Outcome } from '../durable/outcome.ts';
import type { OperationInput } from '../durable/start-operation.ts';
import { type Ending, ended } from './ended.ts';
import { enterPhase } from './live-point.ts';
import { persevering } from './persevering.ts';

/** After so many slices the history begins anew. */
const slicesPerHistory = 50;

export const restoreLogs = defineOrchestration<OperationInput, Outcome<Ending>>(
  'restoreLogs',
  function* (context, input) {
    const outcome = yield* ended(context, input, () => runSlices(context, input));
    if (outcome.ok && outcome.status === 'continued') context.df.continueAsNew(input);
    return outcome;
  },
);

function* runSlices(context: OrchestrationContext, input: OperationInput): Step<Ending> {
  const { tenantNo, operationId } = input;
  yield* enterPhase(context, input, 'restore');
  for (let slice = 0; slice < slicesPerHistory; slice += 1) {
    const done = yield* persevering(context, () =>
      restoreLogSlice(context, { tenantNo, operationId }),
    );
    if (done.state === 'canceled') return { status: 'canceled' };
    if (done.state === 'done') {
      const result = done.segments === 0 ? 'nothingToDo' : undefined;
      return { status: 'succeeded', result: result ?? (done.isWhole ? 'complete' : 'partial') };
    }
  }
  return { status: 'continued' };
}
