// Collects one log of one tenant, slice by slice. It catches everything: its parent reads from the
// rows of the logs how this one stands, never from this answer. No lease guards it: two workers of one
// log cannot both append the next manifest of its chain, and the loser starts again from the new head.
import { collectLogSlice, type LogRun } from '../activities/collect-log-slice.ts';
import { defineOrchestration } from '../durable/define-activity.ts';
import type { Outcome } from '../durable/outcome.ts';
import { pause } from '../durable/pause.ts';
import { insisting, refusal } from './insisting.ts';

/** Slices in one history; then the orchestration begins a new one. */
const slicesPerHistory = 50;
/** About three minutes of an outage: the schedule comes again soon, and others need not wait. */
const attempts = 8;
const longestPauseSeconds = 300;

export const collectLogSource = defineOrchestration<LogRun, Outcome<object>>(
  'collectLogSource',
  function* (context, input) {
    try {
      for (let slice = 1; slice <= slicesPerHistory; slice += 1) {
        const answer = yield* insisting(context, () => collectLogSlice(context, input), attempts);
        if (!answer.ok) return answer;
        if (answer.state === 'done' || answer.state === 'canceled') return { ok: true };
        if (answer.state === 'wait') {
          const seconds = Math.ceil((answer.retryAfterMs ?? 0) / 1_000);
          yield* pause(context, Math.min(longestPauseSeconds, Math.max(1, seconds)));
        }
      }
      context.df.continueAsNew(input);
      return { ok: true };
    } catch {
      // the host has logged the error with its stack; its text may hold anything
      return refusal('internalError', `a slice of ${input.source} failed`);
    }
  },
);
