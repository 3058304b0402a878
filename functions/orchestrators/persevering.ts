import type { OrchestrationContext } from 'durable-functions';
import type { Step } from '../durable/define-activity.ts';
import type { Outcome, Refusal } from '../durable/outcome.ts';
import { pause } from '../durable/pause.ts';

const attempts = 40;
const firstPauseSeconds = 2;
const longestPauseSeconds = 60;

/** A step was refused for good: ends the body of an operation (ended.ts). */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(`${refusal.code}: ${refusal.message}`);
    this.refusal = refusal;
  }
}

/**
 * Repeats a step that is refused for a while (an outage, a takeover), with growing pauses; about
 * half an hour in all. Throws Refused when it stays refused.
 */
export function* persevering<Value extends object>(
  context: OrchestrationContext,
  step: () => Step<Outcome<Value>>,
): Step<Value> {
  for (let attempt = 1; ; attempt += 1) {
    const outcome = yield* step();
    if (outcome.ok) return outcome;
    if (outcome.retry === 'never' || attempt === attempts) throw new Refused(outcome);
    yield* pause(context, Math.min(longestPauseSeconds, firstPauseSeconds * 2 ** (attempt - 1)));
  }
}

/** Ends the operation with this code; `canceled` is no failure. */
export function refuse(code: string, message: string): never {
  throw new Refused({ ok: false, code, message, retry: 'never' });
}
