import { BackupError, isBackupError } from '../errors/backup-error.ts';
import type { GraphAnswer } from './graph-answer.ts';
import type { GraphCall } from './graph-call.ts';
import { graphErrorOf } from './graph-error.ts';
import { networkErrorOf, neverSent } from './network-error.ts';
import { retryAfterMs } from './retry-after.ts';

/** What becomes of a call after one try. */
export type Verdict =
  | { readonly kind: 'done' }
  | { readonly kind: 'fail'; readonly error: unknown }
  | { readonly kind: 'renewToken'; readonly error: BackupError; readonly claims?: string }
  | {
      readonly kind: 'retry';
      readonly error: BackupError;
      /** What Graph asked for. */
      readonly askedMs: number | undefined;
      readonly throttled: boolean;
    };

/** Judges an answer that arrived whole. */
export function judgeAnswer(call: GraphCall, answer: GraphAnswer, now: Date): Verdict {
  const { status } = answer;
  if (status >= 200 && status < 300) return judgeSuccess(call, answer);
  if (status === 404 && foundGoneAlready(call, answer)) return judgeSuccess(call, answer);
  if (status >= 300 && status < 400) return { kind: 'fail', error: redirected(call, status) };
  const error = graphErrorOf(answer, {
    path: call.plan.request.path,
    clientRequestId: call.clientRequestId,
  });
  if (status === 401) return { kind: 'renewToken', error, ...claimsOf(answer) };
  const askedMs = retryAfterMs(answer.headers['retry-after'], now);
  if (status === 429) return retry(throttled(error), askedMs, true);
  if (status === 503) return retry(unavailable(error), askedMs);
  if (status >= 500 || status === 408) return judgeLost(call, unavailable(error), askedMs);
  // A 4xx that Graph did not write: only reading may be repeated without harm.
  if (error.code === 'graphBadAnswer') return judgeLost(call, error, askedMs);
  return { kind: 'fail', error };
}

/** Judges a try that brought no whole answer. */
export function judgeFailure(call: GraphCall, failure: unknown): Verdict {
  if (call.plan.options.signal?.aborted === true) return { kind: 'fail', error: failure };
  if (isBackupError(failure, 'graphBadAnswer')) return judgeBadAnswer(call, failure);
  if (failure instanceof BackupError) return { kind: 'fail', error: failure };
  const error = networkErrorOf(failure, call.clientRequestId);
  if (error.code !== 'graphUnavailable') return { kind: 'fail', error };
  return neverSent(failure) ? retry(error, undefined) : judgeLost(call, error, undefined);
}

function judgeSuccess(call: GraphCall, answer: GraphAnswer): Verdict {
  try {
    call.accept(answer);
    return { kind: 'done' };
  } catch (error) {
    if (isBackupError(error, 'graphBadAnswer')) return judgeBadAnswer(call, error);
    if (error instanceof BackupError) return { kind: 'fail', error };
    throw error;
  }
}

function judgeBadAnswer(call: GraphCall, error: BackupError): Verdict {
  // It would be as large the next time.
  if (error.details['defect'] === 'tooLarge' && call.plan.kind === 'read') {
    return { kind: 'fail', error };
  }
  return judgeLost(call, error, undefined);
}

/** The request may have had its effect: what can be repeated is, the rest is for the caller. */
function judgeLost(call: GraphCall, error: BackupError, askedMs: number | undefined): Verdict {
  if (call.plan.kind !== 'once') return retry(error, askedMs);
  const lost = new BackupError('graphAnswerLost', 'the answer to a write was lost', {
    cause: error,
    details: error.details,
  });
  return { kind: 'fail', error: lost };
}

function retry(error: BackupError, askedMs: number | undefined, isThrottled = false): Verdict {
  return { kind: 'retry', error, askedMs, throttled: isThrottled };
}

/** A repeated DELETE whose first answer was lost finds nothing: it has happened. */
function foundGoneAlready(call: GraphCall, answer: GraphAnswer): boolean {
  if (call.plan.method !== 'DELETE' || !call.mayHaveHappened) return false;
  const { path } = call.plan.request;
  const error = graphErrorOf(answer, { path, clientRequestId: call.clientRequestId });
  return error.code === 'graphNotFound';
}

function redirected(call: GraphCall, status: number): BackupError {
  return new BackupError(
    'graphLinkRefused',
    `graph answered ${status}; redirects are not followed`,
    {
      details: { status, clientRequestId: call.clientRequestId },
    },
  );
}

function throttled(error: BackupError): BackupError {
  return new BackupError('graphThrottled', 'graph throttles this application', {
    details: error.details,
  });
}

function unavailable(error: BackupError): BackupError {
  const status = error.details['status'];
  return new BackupError('graphUnavailable', `graph answered ${String(status)}`, {
    details: error.details,
  });
}

/**
 * The claims of a continuous access evaluation challenge, decoded
 * (https://learn.microsoft.com/entra/identity-platform/claims-challenge).
 */
function claimsOf(answer: GraphAnswer): { claims?: string } {
  const header = answer.headers['www-authenticate'] ?? '';
  const encoded = /\bclaims="([A-Za-z0-9+/=_-]+)"/.exec(header)?.[1];
  return encoded === undefined ? {} : { claims: Buffer.from(encoded, 'base64').toString('utf8') };
}

/** An item of a batch that got no answer at all. */
export function judgeMissing(): Verdict {
  const error = new BackupError('graphBadAnswer', 'the batch left an item unanswered', {
    details: { defect: 'missing' },
  });
  return retry(error, undefined);
}
