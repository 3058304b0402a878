import type { OrchestrationContext } from 'durable-functions';
import { endOperation } from '../activities/end-operation.ts';
import type { Step } from '../durable/define-activity.ts';
import type { Outcome } from '../durable/outcome.ts';
import type { OperationInput } from '../durable/start-operation.ts';
import { persevering, Refused } from './persevering.ts';

export interface Ending {
  /** continued: the work goes on in a new history, and nothing is recorded yet. */
  readonly status: 'succeeded' | 'canceled' | 'continued';
  readonly result?: 'complete' | 'partial' | 'nothingToDo';
}

/**
 * Runs the body of an operation and records how it ended, whatever happens: a refusal with its code,
 * an activity that failed by a bug as `internalError`.
 */
export function* ended(
  context: OrchestrationContext,
  { tenantNo, operationId }: OperationInput,
  body: () => Step<Ending>,
): Step<Outcome<Ending>> {
  const outcome = yield* caught(body);
  if (outcome.ok && outcome.status === 'continued') return outcome;
  yield* persevering(context, () =>
    endOperation(context, { tenantNo, operationId, ...endOf(outcome) }),
  );
  return outcome;
}

function endOf(
  outcome: Outcome<Ending>,
): Omit<Parameters<typeof endOperation>[1], 'tenantNo' | 'operationId'> {
  if (!outcome.ok) {
    const { code, message } = outcome;
    if (code === 'canceled') return { status: 'canceled' };
    return { status: 'failed', error: { code, message } };
  }
  const status = outcome.status === 'canceled' ? 'canceled' : 'succeeded';
  return outcome.result === undefined ? { status } : { status, result: outcome.result };
}

function* caught(body: () => Step<Ending>): Step<Outcome<Ending>> {
  try {
    return { ok: true, ...(yield* body()) };
  } catch (error) {
    if (error instanceof Refused) return error.refusal;
    // the host has logged the error with its stack; its text may hold anything
    const message = 'a step of the operation failed';
    return { ok: false, code: 'internalError', message, retry: 'never' };
  }
}
