// Applies an approved plan: one slice after the other until every step has an outcome. The rows of
// the steps hold all state, so that this orchestration may begin again at any time.
import type { OrchestrationContext } from 'durable-functions';
import { applyPlanSlice } from '../activities/apply-slice.ts';
import { defineOrchestration, type Step } from '../durable/define-activity.ts';
import type { Outcome } from '../durable/outcome.ts';
import { pause } from '../durable/pause.ts';
import type { OperationInput } from '../durable/start-operation.ts';
import { type Ending, ended } from './ended.ts';
import { persevering } from './persevering.ts';

/** After so many slices the history begins anew. */
const slicesPerHistory = 50;

export const applyRestore = defineOrchestration<OperationInput, Outcome<Ending>>(
  'applyRestore',
  function* (context, input) {
    const outcome = yield* ended(context, input, () => runSlices(context, input));
    if (outcome.ok && outcome.status === 'continued') context.df.continueAsNew(input);
    return outcome;
  },
);

function* runSlices(
  context: OrchestrationContext,
  { tenantNo, operationId }: OperationInput,
): Step<Ending> {
  for (let slice = 0; slice < slicesPerHistory; slice += 1) {
    const answer = yield* persevering(context, () =>
      applyPlanSlice(context, { tenantNo, operationId }),
    );
    if (answer.state === 'finished') return { status: answer.status, result: answer.result };
    if (answer.state === 'wait') yield* pause(context, Math.ceil(answer.afterMs / 1_000));
  }
  return { status: 'continued' };
}
