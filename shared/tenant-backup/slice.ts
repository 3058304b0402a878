import { BackupError, isBackupError } from '../errors/backup-error.ts';
import type { Fence } from '../repository/fence.ts';
import type { SessionTask } from '../repository/session-tasks.ts';
import {
  type BackupContext,
  isOver,
  read,
  type Tally,
  taskFence,
  type Work,
} from './backup-context.ts';
import { childStep } from './child-step.ts';
import { confirmStep } from './confirm-step.ts';
import { failCollection, failingStep } from './fail-step.ts';
import { keepAlive } from './heartbeat.ts';
import { latestStep } from './latest-step.ts';
import { followStep, linksStep } from './links-step.ts';
import { listStep } from './list-step.ts';
import { isInStage, type StageName } from './stage.ts';
import { emptyTally, saveStatistics } from './statistics.ts';
import { sweepStep } from './sweep-step.ts';

export interface SliceResult {
  /** continue: the stage has more to do for this collection; done: it waits for the others. */
  readonly state: 'continue' | 'done';
  /** Not before this many milliseconds, when Graph or the database asked for patience. */
  readonly retryAfterMs?: number;
  readonly phase: string;
  /** Rows read so far in this session. */
  readonly rows: number;
}

const steps: Partial<Record<SessionTask['phase'], (work: Work) => Promise<void>>> = {
  latest: latestStep,
  list: listStep,
  follow: followStep,
  listed: sweepStep,
  sweep: sweepStep,
  confirm: confirmStep,
  children: childStep,
  links: linksStep,
  failing: failingStep,
};

/** Errors after which the same step may succeed. */
const transient = ['graphUnavailable', 'graphBadAnswer', 'signInFailed', 'graphUnauthorized'];
const BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 60_000;

/**
 * Works on one collection until the stage has nothing more for it or `deadline` is reached. All
 * progress is in the database: a slice may be repeated, run twice or be killed. Throws `fenced`
 * when the session belongs to somebody else or has ended.
 */
export async function runSlice(
  context: BackupContext,
  fence: Fence,
  collection: string,
  stage: StageName,
  deadline: Date,
): Promise<SliceResult> {
  const tally = emptyTally();
  const alive = await keepAlive(context, fence);
  try {
    return await workUntil(context, fence, collection, stage, deadline, tally);
  } finally {
    await alive.stop();
    await saveStatistics(context, fence, collection, tally);
  }
}

async function workUntil(
  context: BackupContext,
  fence: Fence,
  collection: string,
  stage: StageName,
  deadline: Date,
  tally: Tally,
): Promise<SliceResult> {
  for (;;) {
    const work = await nextWork(context, fence, collection, deadline, tally);
    const { task } = work;
    const result = { phase: task.phase, rows: tally.added + tally.changed + tally.unchanged };
    const step = steps[task.phase];
    if (step === undefined || !isInStage(stage, task.phase)) return { ...result, state: 'done' };
    const retryAfterMs = await attempt(work, step);
    if (retryAfterMs !== undefined) return { ...result, state: 'continue', retryAfterMs };
    if (isOver(work)) return { ...result, state: 'continue' };
  }
}

async function nextWork(
  context: BackupContext,
  fence: Fence,
  collection: string,
  deadline: Date,
  tally: Tally,
): Promise<Work> {
  const task = await read(context, (tx) =>
    context.tables.sessionTasks.taskOf(tx, fence.sessionId, collection),
  );
  const type = context.catalogue.find((candidate) => candidate.name === collection);
  if (task === undefined || type === undefined) {
    throw new BackupError('invalidState', `the session has no collection ${collection}`);
  }
  return { context, type, task, fence: taskFence(fence, task), deadline, tally };
}

/** One step; answers how long to wait when it could not be done now. */
async function attempt(
  work: Work,
  step: (work: Work) => Promise<void>,
): Promise<number | undefined> {
  const { task } = work;
  try {
    await step(work);
  } catch (error) {
    return await afterError(work, error);
  }
  if (task.failures > 0) await saveFailures(work, 0);
  return undefined;
}

/** The count of a collection that began anew under another generation stays as it is. */
async function saveFailures({ context, fence }: Work, failures: number): Promise<void> {
  const { database, tables, tenant } = context;
  await database.withTenant(tenant.tenantNo, async (tx) => {
    await tables.fence.holdSession(tx, fence);
    await tables.sessionTasks.setFailures(tx, fence, failures);
  });
}

async function afterError(work: Work, error: unknown): Promise<number | undefined> {
  if (hasMovedOn(error)) return undefined;
  if (isBackupError(error, 'fenced')) throw error;
  if (isBackupError(error, 'repositoryUnavailable', 'repositoryConflict')) return 1_000;
  if (work.task.phase === 'failing') throw error;
  try {
    return await countFailure(work, error);
  } catch (late) {
    if (hasMovedOn(late)) return undefined;
    throw late;
  }
}

/** A twin has done the step; this worker reads where the collection stands and goes on. */
function hasMovedOn(error: unknown): boolean {
  return isBackupError(error, 'fenced') && error.details['scope'] === 'task';
}

/** A failure that may pass is repeated a few times; then, or when it is final, the collection fails. */
async function countFailure(work: Work, error: unknown): Promise<number | undefined> {
  const failures = work.task.failures + 1;
  if (failures >= failuresAllowed(work, error)) {
    const cause = isBackupError(error)
      ? error
      : new BackupError('internalError', 'a step of the backup failed', { cause: error });
    await failCollection(work, cause);
    return undefined;
  }
  await saveFailures(work, failures);
  if (isBackupError(error, 'graphThrottled')) return Number(error.details['retryAfterMs'] ?? 1_000);
  return Math.min(BACKOFF_MS * 2 ** failures, MAX_BACKOFF_MS);
}

function failuresAllowed(work: Work, error: unknown): number {
  const { maxFailures, maxThrottled } = work.context.limits;
  if (isBackupError(error, 'graphThrottled')) return maxThrottled;
  return isBackupError(error) && !transient.includes(error.code) ? 1 : maxFailures;
}
