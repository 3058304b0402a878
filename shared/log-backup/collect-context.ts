// Collects the logs of one source of one tenant into a chain of manifests (DESIGN 10). Pure rules are
// in plan-window.ts, source-state.ts and intervals.ts; reading in read-window.ts; what is known in
// source-memory.ts. Nothing here knows orchestrations, and nothing decides where copies go.
import type { CacheRepository } from '../cache/cache-repository.ts';
import type { GraphClient } from '../graph/graph-client.ts';
import type { LogRepository } from '../log-repository/log-repository.ts';
import type { Clock } from '../model/clock.ts';
import type { LogSource } from '../model/log-source.ts';

/** Places at which a test ends or delays a run; in this order within a window. */
export const collectSteps = [
  'state.known',
  'window.planned',
  'page.read',
  'window.read',
  'segments.stored',
  'manifest.appended',
  'hours.cached',
  'state.cached',
] as const;
export type CollectStep = (typeof collectSteps)[number];

export interface CollectContext {
  /** GUID in lower case. */
  readonly tenant: string;
  readonly source: LogSource;
  readonly graph: GraphClient;
  /** The primary. */
  readonly repository: LogRepository;
  readonly cache: CacheRepository;
  readonly clock: Clock;
  /** Id of this run, never the same for two. */
  readonly writer: string;
  /** Days that Microsoft keeps records for this tenant: 7 without a premium licence, 30 with one. */
  readonly retentionDays: number;
  /** Length of a slice in milliseconds; 60,000 by default. */
  readonly budgetMs?: number;
  /** Records asked for on a page; 1,000 by default, the most there is. */
  readonly pageRecords?: number;
  readonly signal?: AbortSignal;
  /** For tests; does nothing by default. */
  readonly reach?: (step: CollectStep) => Promise<void> | void;
}

export async function reach(context: CollectContext, step: CollectStep): Promise<void> {
  context.signal?.throwIfAborted();
  await context.reach?.(step);
}
