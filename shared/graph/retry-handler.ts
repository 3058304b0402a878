import type { Context, Middleware } from '@microsoft/microsoft-graph-client';
import { BackupError } from '../errors/backup-error.ts';
import type { Clock } from '../model/clock.ts';
import { callOf } from './call-of.ts';
import type { RenewableCredential } from './credential.ts';
import type { GraphCall } from './graph-call.ts';
import type { QuotaKeeper } from './quota.ts';
import { waitBefore } from './retry-after.ts';
import { judgeAnswer, judgeFailure, type Verdict } from './verdict.ts';

export interface RetryHandlerParts {
  readonly quota: QuotaKeeper;
  readonly credential: RenewableCredential;
  readonly clock: Clock;
  /** 0 <= n < 1. */
  readonly random: () => number;
}

const maximumTries = 10;
const firstWaitMs = 250;
/** Graph throttles conditional access without a Retry-After. */
const firstThrottledWaitMs = 1_000;

/**
 * Takes the place of the Graph client's RetryHandler, which repeats POST after 504, never repeats
 * 500, 502 or a reset connection, and sleeps through an abort. Each try passes the handlers behind
 * this one: token, quota, count, transport.
 */
export class RetryHandler implements Middleware {
  private readonly parts: RetryHandlerParts;
  private next: Middleware | undefined;

  constructor(parts: RetryHandlerParts) {
    this.parts = parts;
  }

  setNext(next: Middleware): void {
    this.next = next;
  }

  async execute(context: Context): Promise<void> {
    const call = callOf(context);
    try {
      await this.repeat(context, call);
    } catch (error) {
      call.failure = error;
      throw error;
    }
  }

  private async repeat(context: Context, call: GraphCall): Promise<void> {
    const { headers, ...options } = context.options ?? {};
    let tokenRenewed = false;
    for (;;) {
      // The Graph client appends a second token to the first one when it meets the same headers.
      context.options = { ...options, headers: { ...(headers as Record<string, string>) } };
      const verdict = await this.tryOnce(context, call);
      if (verdict.kind === 'done') return;
      if (verdict.kind === 'fail') throw verdict.error;
      if (verdict.kind === 'retry') {
        await this.waitAfter(verdict, call);
      } else {
        if (tokenRenewed) throw unauthorized(verdict.error);
        tokenRenewed = true;
        this.parts.credential.renew(tokenOf(context), verdict.claims);
      }
    }
  }

  private async tryOnce(context: Context, call: GraphCall): Promise<Verdict> {
    call.attempt++;
    call.answer = undefined;
    try {
      await this.next?.execute(context);
    } catch (failure) {
      return this.note(call, judgeFailure(call, failure));
    }
    if (call.answer === undefined) throw new BackupError('invalidState', 'a call has no answer');
    return this.note(call, judgeAnswer(call, call.answer, this.parts.clock.now()));
  }

  /** Refused without a trace: throttling. Everything else that is tried again may have happened. */
  private note(call: GraphCall, verdict: Verdict): Verdict {
    if (verdict.kind === 'retry' && !verdict.throttled) call.mayHaveHappened = true;
    return verdict;
  }

  private async waitAfter(
    verdict: Extract<Verdict, { kind: 'retry' }>,
    call: GraphCall,
  ): Promise<void> {
    const { tries = maximumTries } = call.plan.options;
    const limit = verdict.throttled ? maximumTries : tries;
    if (call.attempt >= limit) throw verdict.error;
    const first = verdict.throttled ? firstThrottledWaitMs : firstWaitMs;
    const waitMs = waitBefore(call.attempt, verdict.askedMs, first, this.parts.random);
    if (verdict.throttled) await this.parts.quota.pause(call, verdict.askedMs ?? waitMs);
    await this.parts.quota.wait(call, waitMs, verdict.error);
  }
}

function unauthorized(cause: BackupError): BackupError {
  return new BackupError('graphUnauthorized', 'graph refused a fresh token', {
    cause,
    details: cause.details,
  });
}

function tokenOf(context: Context): string | undefined {
  const headers = context.options?.headers as Record<string, string> | undefined;
  return headers?.['Authorization']?.replace(/^Bearer /, '');
}
