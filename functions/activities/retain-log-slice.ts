import { isBackupError } from '../../shared/errors/backup-error.ts';
import type { LogSource } from '../../shared/model/log-source.ts';
import { markLogCopy } from '../../shared/repository/log-copies.ts';
import {
  findLogRetention,
  type LogRetentionRun,
  noteLogRetention,
} from '../../shared/repository/log-retentions.ts';
import { hasOldManifest, retainLogs } from '../../shared/retention/log-retention.ts';
import type { LogSideName } from '../../shared/retention/log-retention-context.ts';
import { sliceMs } from '../backup-parts.ts';
import { defineActivity } from '../durable/define-activity.ts';
import { type Outcome, outcomeOf } from '../durable/outcome.ts';
import { chainOf, logRetentionContext } from '../log-upkeep-parts.ts';
import { services } from '../services.ts';

export interface RetainLogInput {
  readonly tenantNo: number;
  readonly tenantId: string;
  readonly source: LogSource;
  readonly side: LogSideName;
  /** The first slice of a run: counts begin anew. */
  readonly isFirst: boolean;
}

export interface RetainLogSlice {
  readonly state: 'done' | 'more';
}

/** Other writers may take the number of a checkpoint. */
const ATTEMPTS = 3;

/** Removes what is older than the retention of one chain in one repository, for a slice of time. */
export const retainLogSlice = defineActivity<RetainLogInput, Outcome<RetainLogSlice>>(
  'retainLogSlice',
  async (input) =>
    await outcomeOf(async () => ({
      state: await noted(input, async (run) => await retain(input, run)),
    })),
);

async function retain(
  { tenantId, source, side }: RetainLogInput,
  run: LogRetentionRun,
): Promise<{ readonly run: LogRetentionRun; readonly state: 'done' | 'more' }> {
  const { clock, logger } = services();
  const context = await logRetentionContext(services(), chainOf(tenantId, source), side);
  if (!(await hasOldManifest(context))) return { run, state: 'done' };
  const deadline = new Date(clock.now().getTime() + sliceMs);
  let result = await retainLogs(context, deadline);
  for (let attempt = 1; result.lost && attempt < ATTEMPTS; attempt += 1) {
    result = await retainLogs(context, deadline);
  }
  const { manifests, containers, bytes, kept, done, lost } = result;
  if (kept !== undefined) {
    logger.warn('logs are kept beyond their retention', {
      collection: source,
      reason: kept.reason,
    });
  }
  return {
    run: {
      ...run,
      manifests: run.manifests + manifests,
      containers: run.containers + containers,
      bytes: run.bytes + bytes,
      ...(kept === undefined ? {} : { kept }),
    },
    // the copy is behind, or others are faster each time: the next run tries again
    state: done || lost ? 'done' : 'more',
  };
}

/** Keeps the row of the run; an error stands there with its code. */
export async function noted<State>(
  { tenantNo, source, side, isFirst }: RetainLogInput,
  work: (run: LogRetentionRun) => Promise<{ readonly run: LogRetentionRun; readonly state: State }>,
): Promise<State> {
  const { clock, database, logger } = services();
  const before = await database.withTenant(tenantNo, (tx) => findLogRetention(tx, source, side));
  const counts = { manifests: 0, containers: 0, bytes: 0, orphansRemoved: 0, orphansRetained: 0 };
  const fresh = { ...counts, source, repository: side, ranAt: clock.now() };
  const run: LogRetentionRun =
    isFirst || before === undefined
      ? { ...fresh, orphansThrough: before?.orphansThrough ?? 0 }
      : before;
  const note = async (now: LogRetentionRun): Promise<void> =>
    await database.withTenant(tenantNo, async (tx) => {
      await noteLogRetention(tx, now);
      // behind a checkpoint, which has a number of its own
      if (now.manifests > run.manifests) await markLogCopy(tx, source);
    });
  try {
    const { run: now, state } = await work(run);
    await note(now);
    return state;
  } catch (error) {
    if (!isBackupError(error)) throw error;
    const { code } = error;
    logger.warn('retention of logs does not go on', { tenantNo, collection: source, code });
    await note({ ...run, failure: code });
    throw error;
  }
}
