// Works on one collection for one stage of a session, slice by slice. It catches everything: its
// parent reads from the ledger how the collection stands, never from this answer.
import { backupSlice, type SliceInput } from '../activities/backup-slice.ts';
import { defineOrchestration } from '../durable/define-activity.ts';
import type { Outcome } from '../durable/outcome.ts';
import { pause } from '../durable/pause.ts';
import { insisting, refusal } from './insisting.ts';

/** Slices in one history; then the orchestration begins a new one. */
const slicesPerHistory = 50;

interface Answer {
  readonly canceled: boolean;
}

export const backupCollection = defineOrchestration<SliceInput, Outcome<Answer>>(
  'backupCollection',
  function* (context, input) {
    try {
      for (let slice = 1; slice <= slicesPerHistory; slice += 1) {
        const result = yield* insisting(context, () => backupSlice(context, input));
        if (!result.ok) return result;
        if (result.canceled || result.state === 'done') {
          return { ok: true, canceled: result.canceled };
        }
        if (result.retryAfterMs !== undefined) {
          yield* pause(context, Math.min(300, result.retryAfterMs / 1_000));
        }
      }
      context.df.continueAsNew(input);
      return { ok: true, canceled: false };
    } catch {
      // the host has logged the error with its stack; its text may hold anything
      return refusal('internalError', `a slice of ${input.collection} failed`);
    }
  },
);
