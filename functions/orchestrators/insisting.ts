import type { OrchestrationContext } from 'durable-functions';
import type { Step } from '../durable/define-activity.ts';
import type { Outcome, Refusal } from '../durable/outcome.ts';
import { pause } from '../durable/pause.ts';

const attempts = 40;
const firstPauseSeconds = 2;
const longestPauseSeconds = 60;

/**
 * Repeats a step of a session that is refused for a while (an outage), with growing pauses, about
 * half an hour in all unless `most` says otherwise; then, and when the session belongs to somebody
 * else, answers the refusal.
 */
export function* insisting<Value extends object>(
  context: OrchestrationContext,
  step: () => Step<Outcome<Value>>,
  most: number = attempts,
): Step<Outcome<Value>> {
  for (let attempt = 1; ; attempt += 1) {
    const outcome = yield* step();
    const isFinal = outcome.ok || outcome.retry === 'never' || outcome.code === 'fenced';
    if (isFinal || attempt === most) return outcome;
    yield* pause(context, Math.min(longestPauseSeconds, firstPauseSeconds * 2 ** (attempt - 1)));
  }
}

/** A refusal made by an orchestration itself. */
export function refusal(code: string, message: string): Refusal {
  return { ok: false, code, message, retry: 'never' };
}
