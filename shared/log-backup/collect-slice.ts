import { type BackupError, isBackupError } from '../errors/backup-error.ts';
import type { ErrorCode } from '../errors/catalog.ts';
import { type CollectContext, reach } from './collect-context.ts';
import { collectGap, collectWindow, type WindowOutcome } from './collect-window.ts';
import { overlaps } from './intervals.ts';
import { askLicence, edgeOf } from './licence.ts';
import { logSourceEntries } from './log-sources.ts';
import type { LogTime } from './log-time.ts';
import { isTrouble, paceAfter } from './pace.ts';
import { isNearEdge, oldestUnread, type Plan, planWindow } from './plan-window.ts';
import { neededRequestsPerHour } from './quota-outlook.ts';
import { SourceMemory } from './source-memory.ts';
import { type SweepDelays, sweepDelays } from './source-state.ts';

export interface SliceReport {
  /**
   * `caughtUp`: nothing is due. `more`: the slice is over, go on at once. `throttled`: go on after
   * `retryAfterMs`. `refused`: Graph does not give this log; `code` says why, `graphNotLicensed` is
   * the missing licence, a condition to state and not an error.
   */
  readonly outcome: 'caughtUp' | 'more' | 'throttled' | 'refused';
  readonly code?: ErrorCode;
  /** Named by Graph with `graphForbidden`. */
  readonly permission?: string;
  readonly retryAfterMs?: number;
  readonly windows: number;
  readonly gaps: number;
  readonly read: number;
  readonly new: number;
  readonly changed: number;
  readonly requests: number;
  /** Number of the newest manifest, 0 before the first. */
  readonly head: number;
  /** Everything before was read once or is stated as a gap. */
  readonly readThrough?: LogTime;
  /** Narrowest windows that Graph does not answer, tried again later. */
  readonly unanswered: number;
  /** True when the cache could not be reached and the records could not wait. */
  readonly withoutCache: boolean;
  /** What this source needs to keep up with its volume, all sweeps included. */
  readonly neededRequestsPerHour: number;
}

const SLICE_MS = 60_000;
/** More manifests than a slice makes. */
const MAX_ROUNDS = 1000;
const refusals = [
  'graphNotLicensed',
  'graphForbidden',
  'graphBadRequest',
  'graphNotFound',
] as const;

/**
 * Collects what is due of one source until nothing is or the slice is over. May be killed, repeated
 * or run twice at once: the chain lets each record in once. Throws `cacheUnreachable` unless the
 * oldest unread record may be lost within 24 hours, and the errors of stores, keys, chains and Graph
 * that waiting does not mend.
 */
export async function collectSlice(context: CollectContext): Promise<SliceReport> {
  const own = { ...context, graph: context.graph.withOwnCounts() };
  const slice = await Slice.open(own);
  try {
    return await slice.run();
  } catch (error) {
    if (isBackupError(error, ...refusals)) return await slice.refused(error);
    throw error;
  }
}

type Counted = 'windows' | 'gaps' | 'read' | 'new' | 'changed' | 'requests';

class Slice {
  readonly #context: CollectContext;
  readonly #memory: SourceMemory;
  readonly #delays: SweepDelays;
  readonly #cacheError: BackupError | undefined;
  readonly #deadline: Date;
  readonly #counts: Record<Counted, number> = {
    ...{ windows: 0, gaps: 0, read: 0, new: 0, changed: 0, requests: 0 },
  };

  private constructor(
    context: CollectContext,
    memory: SourceMemory,
    delays: SweepDelays,
    deadline: Date,
    cacheError?: BackupError,
  ) {
    this.#context = context;
    this.#memory = memory;
    this.#delays = delays;
    this.#deadline = deadline;
    this.#cacheError = cacheError;
  }

  static async open(context: CollectContext): Promise<Slice> {
    const deadline = new Date(context.clock.now().getTime() + (context.budgetMs ?? SLICE_MS));
    const delays = sweepDelays(context.retentionDays);
    try {
      const memory = await SourceMemory.open(context, context.cache, delays);
      return new Slice(context, memory, delays, deadline);
    } catch (error) {
      if (!isBackupError(error, 'cacheUnreachable')) throw error;
      const memory = await SourceMemory.open(context, undefined, delays);
      return new Slice(context, memory, delays, deadline, error);
    }
  }

  async run(): Promise<SliceReport> {
    await reach(this.#context, 'state.known');
    await askLicence(this.#context, this.#memory, this.#deadline);
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      if (this.#now() >= this.#deadline.getTime()) return this.#report('more');
      this.#refuseWithoutCache();
      const plan = this.#plan();
      await reach(this.#context, 'window.planned');
      if (plan.kind === 'idle') return this.#report('caughtUp');
      if (plan.kind === 'gap') {
        await this.#gap(plan);
        continue;
      }
      const outcome = await this.#window(plan);
      if (mustWait(outcome)) return this.#report('throttled', outcome.stopped);
    }
    return this.#report('more');
  }

  async refused(error: BackupError): Promise<SliceReport> {
    if (error.code === 'graphNotLicensed' && this.#memory.pace.unlicensedAt === undefined) {
      this.#memory.pace = { ...this.#memory.pace, unlicensedAt: this.#now() };
      await this.#memory.cacheState();
    }
    this.#counts.requests += this.#context.graph.statistics.take().requests;
    return this.#report('refused', error);
  }

  #plan(): Plan {
    const { state, pace } = this.#memory;
    const now = this.#now();
    const aside = pace.aside.filter(({ notBefore }) => notBefore > now);
    const edge = this.#edge();
    return planWindow({ state, now, edge, delays: this.#delays, width: pace.width, aside });
  }

  async #gap(plan: Extract<Plan, { kind: 'gap' }>): Promise<void> {
    const { pace } = this.#memory;
    const unanswered = pace.aside.find((one) => overlaps(one, plan));
    const reason =
      unanswered === undefined
        ? 'not read before Microsoft removed it'
        : `not answered before Microsoft removed it: ${unanswered.code}`;
    const { from, to } = plan;
    this.#memory.pace = { ...pace, aside: pace.aside.filter((one) => !overlaps(one, plan)) };
    if ((await collectGap(this.#context, this.#memory, { from, to, reason })) === 'stored') {
      this.#counts.gaps += 1;
    }
  }

  async #window(plan: Extract<Plan, { kind: 'window' }>): Promise<WindowOutcome> {
    const window = { from: plan.from, to: plan.to, sweep: plan.sweep };
    const outcome = await collectWindow(this.#context, this.#memory, {
      window,
      entry: logSourceEntries[this.#context.source],
      deadline: this.#deadline,
      edge: () => this.#edge(),
    });
    this.#count(outcome);
    this.#memory.pace = paceAfter(this.#memory.pace, window, outcome, this.#now());
    if (outcome.kind === 'failed') await this.#memory.cacheState();
    return outcome;
  }

  #count(outcome: WindowOutcome): void {
    this.#counts.requests += outcome.requests;
    if (outcome.kind !== 'stored') return;
    this.#counts.windows += 1;
    for (const name of ['read', 'new', 'changed'] as const) this.#counts[name] += outcome[name];
  }

  #report(outcome: SliceReport['outcome'], error?: BackupError): SliceReport {
    const { state, pace } = this.#memory;
    const readThrough = oldestUnread(state);
    const { permission, retryAfterMs } = error?.details ?? {};
    return {
      outcome,
      ...(error === undefined || outcome === 'throttled' ? {} : { code: error.code }),
      ...(typeof permission === 'string' ? { permission } : {}),
      ...(typeof retryAfterMs === 'number' ? { retryAfterMs } : {}),
      ...this.#counts,
      head: state.number,
      ...(readThrough === undefined ? {} : { readThrough }),
      unanswered: pace.aside.length,
      withoutCache: this.#cacheError !== undefined,
      neededRequestsPerHour: neededRequestsPerHour(state.traffic),
    };
  }

  /** Without the cache only what cannot wait is read. */
  #refuseWithoutCache(): void {
    if (this.#cacheError === undefined) return;
    if (!isNearEdge(this.#memory.state, this.#edge())) throw this.#cacheError;
  }

  #edge(): LogTime {
    return edgeOf(this.#now(), this.#context.retentionDays, this.#memory.pace);
  }

  #now(): number {
    return this.#context.clock.now().getTime();
  }
}

type Waiting = WindowOutcome & { readonly stopped: BackupError };

/** The slice ends with the quota: going on at once would only wait. */
function mustWait(outcome: WindowOutcome): outcome is Waiting {
  if (outcome.kind === 'lost' || typeof outcome.stopped !== 'object') return false;
  const { code, details } = outcome.stopped;
  return code === 'graphThrottled' && (!isTrouble(outcome.stopped) || 'retryAfterMs' in details);
}
