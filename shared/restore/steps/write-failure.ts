import { type BackupError, isBackupError } from '../../errors/backup-error.ts';
import { isFresh, isYoung } from './live-object.ts';
import type { ApplyContext, StepResult, StepTask } from './step-context.ts';

/** What becomes of a step whose write was refused or lost. */
export type FailedWrite =
  /** Looked at again after a pause: the handler finds out whether it happened. */
  | { readonly kind: 'again'; readonly afterMs: number }
  | { readonly kind: 'end'; readonly outcome: 'conflict' | 'failed'; readonly result: StepResult };

/**
 * Errors that say something about this write. Others (no sign-in, no repository, our mistakes) stop
 * the slice: undefined.
 */
export function judgeFailure(
  context: ApplyContext,
  task: StepTask,
  error: unknown,
): FailedWrite | undefined {
  const { pauseMs } = context.limits;
  if (isBackupError(error, 'graphAnswerLost', 'graphUnavailable', 'graphBadAnswer')) {
    return { kind: 'again', afterMs: pauseMs };
  }
  if (isBackupError(error, 'graphThrottled')) {
    return { kind: 'again', afterMs: Number(error.details['retryAfterMs'] ?? pauseMs) };
  }
  if (isBackupError(error, 'graphNotFound')) {
    // an id that was just made, here or at the other end of a link
    // then the step leaves out what does not exist
    const span = 2 * context.limits.freshMs;
    const mayNarrow = task.step.kind === 'addLinks' && isYoung(context, task.row.startedAt, span);
    if (mayNarrow || isFresh(context, task)) return { kind: 'again', afterMs: pauseMs };
    return end('conflict', error);
  }
  if (isBackupError(error, 'graphConflict')) return judgeConflict(context, task, error);
  if (isBackupError(error, 'graphBadRequest', 'graphForbidden', 'graphNotLicensed')) {
    return end('failed', error);
  }
  return undefined;
}

/**
 * A link that exists already is left out the next time. A taken value may be our own object, made by
 * a write whose answer was lost: then the search finds it.
 */
function judgeConflict(context: ApplyContext, task: StepTask, error: BackupError): FailedWrite {
  const again = { kind: 'again', afterMs: context.limits.pauseMs } as const;
  const { reason } = error.details;
  if (reason === 'linkExists' && task.row.attempt < 5) return again;
  const mayBeOurs = task.step.kind === 'create' && task.row.attempt > 0 && task.row.attempt < 5;
  if (reason === 'valueTaken' && mayBeOurs) return again;
  return end('conflict', error);
}

function end(outcome: 'conflict' | 'failed', error: BackupError): FailedWrite {
  const { innerCode, reason, target, permission, status } = error.details;
  const parts = [error.code, status, innerCode, reason, target, permission];
  const cause = parts.filter((part) => part !== undefined && part !== null).join(' ');
  return { kind: 'end', outcome, result: { cause } };
}
