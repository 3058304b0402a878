// Exports logs: one slice after the other until the last part is stored. The parts hold all state, so
// that this orchestration may begin again at any time.
import type { OrchestrationContext } from 'durable-functions';
import { exportLogSlice } from '../activities/export-log-slice.ts';
import { defineOrchestration, type Step } from '../durable/define-activity.ts';
import type { Outcome } from '../durable/outcome.ts';
import type { OperationInput } from '../durable/start-operation.ts';
import { type Ending, ended } from './ended.ts';
import { enterPhase } from './live-point.ts';
import { persevering } from './persevering.ts';

/** After so many slices the history begins anew. */
const slicesPerHistory = 50;

export const exportLogs = defineOrchestration<OperationInput, Outcome<Ending>>(
  'exportLogs',
  function* (context, input) {
    const outcome = yield* ended(context, input, () => runSlices(context, input));
    if (outcome.ok && outcome.status === 'continued') context.df.continueAsNew(input);
    return outcome;
  },
);

function* runSlices(context: OrchestrationContext, input: OperationInput): Step<Ending> {
  const { tenantNo, operationId } = input;
  yield* enterPhase(context, input, 'export');
  for (let slice = 0; slice < slicesPerHistory; slice += 1) {
    const done = yield* persevering(context, () =>
      exportLogSlice(context, { tenantNo, operationId }),
    );
    if (done.state === 'canceled') return { status: 'canceled' };
    if (done.state === 'done') {
      return { status: 'succeeded', result: done.isWhole ? 'complete' : 'partial' };
    }
  }
  return { status: 'continued' };
}
