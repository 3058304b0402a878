import type { OrchestrationContext } from 'durable-functions';
import type { Step } from '../durable/define-activity.ts';
import type { Outcome } from '../durable/outcome.ts';
import type { OperationInput } from '../durable/start-operation.ts';
import { type Ending, ended } from './ended.ts';

/** After so many slices the history begins anew. */
const slicesPerHistory = 50;

/**
 * The body of an operation whose stored rows or parts hold all state: one slice after the other until
 * one answers how the operation ended. It may begin again at any time.
 */
export function* inSlices(
  context: OrchestrationContext,
  input: OperationInput,
  slice: () => Step<Ending | undefined>,
): Step<Outcome<Ending>> {
  const outcome = yield* ended(context, input, () => oneHistory(slice));
  if (outcome.ok && outcome.status === 'continued') context.df.continueAsNew(input);
  return outcome;
}

function* oneHistory(slice: () => Step<Ending | undefined>): Step<Ending> {
  for (let done = 0; done < slicesPerHistory; done += 1) {
    const ending = yield* slice();
    if (ending !== undefined) return ending;
  }
  return { status: 'continued' };
}
