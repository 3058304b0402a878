// The backup of one tenant: opens a session, works through its stages with one sub-orchestration per
// collection, publishes the point or undoes the session. It decides nothing itself: every step reads
// from the ledger in PostgreSQL where the session stands (DESIGN 8).
import type { OrchestrationContext, Task } from 'durable-functions';
import { abandonBackup } from '../activities/abandon-backup.ts';
import { confirmPublication } from '../activities/confirm-publication.ts';
import { endBackup } from '../activities/end-backup.ts';
import { openBackup } from '../activities/open-backup.ts';
import {
  type BackupInput,
  type BackupStage,
  planBackupStage,
} from '../activities/plan-backup-stage.ts';
import { publishBackup } from '../activities/publish-backup.ts';
import { settleBackup } from '../activities/settle-backup.ts';
import { defineOrchestration, type Step } from '../durable/define-activity.ts';
import type { Outcome, Refusal } from '../durable/outcome.ts';
import { pause } from '../durable/pause.ts';
import type { OperationInput } from '../durable/start-operation.ts';
import { backupCollection } from './backup-collection.ts';
import { insisting, refusal } from './insisting.ts';

/** Goes along into a new history. */
interface Input extends OperationInput {
  /** Stages begun so far: makes the ids of the children unique. */
  readonly stages?: number;
}

export interface Published {
  readonly point: number | null;
  readonly state: 'complete' | 'partial' | 'canceled';
}

const stagesPerHistory = 20;
const busyAttempts = 120;
const busyPauseSeconds = 15;

export const backupTenant = defineOrchestration<Input, Outcome<Published>>(
  'backupTenant',
  function* (context, input) {
    const outcome = yield* caught(() => run(context, input));
    if (outcome === 'continued') return { ok: true, point: null, state: 'canceled' };
    yield* end(context, input, outcome);
    return outcome;
  },
);

type Ended = Outcome<Published> | 'continued';

function* caught(body: () => Step<Ended>): Step<Ended> {
  try {
    return yield* body();
  } catch {
    // the host has logged the error with its stack; its text may hold anything
    return refusal('internalError', 'a step of the backup failed');
  }
}

function* run(context: OrchestrationContext, input: Input): Step<Ended> {
  const opened = yield* openOwn(context, input);
  if (!opened.ok) return opened;
  const { tenantNo, tenantId, operationId } = input;
  const work: BackupInput = { tenantNo, tenantId, operationId, fence: opened.fence };
  if (opened.state === 'committed') return yield* confirm(context, work);
  const first = input.stages ?? 0;
  for (let stages = first; stages < first + stagesPerHistory; stages += 1) {
    const ended = yield* advance(context, work, stages);
    if (ended !== undefined) return ended;
  }
  const next: Input = { tenantNo, tenantId, operationId, stages: first + stagesPerHistory };
  context.df.continueAsNew(next);
  return 'continued';
}

/** The next stage of the session; answers the outcome when it was the last one. */
function* advance(
  context: OrchestrationContext,
  work: BackupInput,
  number: number,
): Step<Outcome<Published> | undefined> {
  const planned = yield* insisting(context, () => planBackupStage(context, work));
  if (!planned.ok) return yield* giveUp(context, work, planned);
  const { stage } = planned;
  if (stage.kind === 'cancel') return yield* undo(context, work, canceled);
  if (stage.kind === 'finish') return yield* publish(context, work);
  const failed = yield* runStage(context, work, stage, number);
  return failed === undefined ? undefined : yield* giveUp(context, work, failed);
}

const canceled = refusal('canceled', 'the operation was canceled');

interface Opened {
  readonly state: 'open' | 'committed';
  readonly fence: BackupInput['fence'];
}

/** The session of this operation; earlier ones in its way are waited for or undone. */
function* openOwn(context: OrchestrationContext, input: Input): Step<Outcome<Opened>> {
  const { tenantNo, tenantId, operationId } = input;
  for (let attempt = 1; attempt <= busyAttempts; attempt += 1) {
    const opened = yield* insisting(context, () =>
      openBackup(context, { tenantNo, tenantId, operationId }),
    );
    if (!opened.ok) return opened;
    if (opened.state === 'abandoned') return canceled;
    if (opened.state === 'busy') {
      yield* pause(context, busyPauseSeconds);
      continue;
    }
    const { state, fence } = opened;
    if (state !== 'abandon') return { ok: true, state, fence };
    const work = { tenantNo, tenantId, operationId, fence };
    const undone = yield* abandon(context, work, 'undone before another session', false);
    if (!undone.ok) return undone;
  }
  return refusal('tenantBusy', 'another backup of the tenant did not end in time');
}

/** One stage; answers the refusal that ends the session, if any. */
function* runStage(
  context: OrchestrationContext,
  work: BackupInput,
  stage: BackupStage,
  number: number,
): Step<Refusal | undefined> {
  if (stage.kind === 'finish') return undefined;
  if (stage.kind === 'settle') {
    const settled = yield* insisting(context, () => settleBackup(context, work));
    return settled.ok ? undefined : settled;
  }
  const tasks = stage.collections.map((collection): Task => {
    const child = `backup:${work.tenantId}:${work.fence.epoch}:${number}:${collection}`;
    const input = { ...work, collection, stage: stage.name };
    return context.df.callSubOrchestrator(backupCollection.name, input, child);
  });
  const answers = (yield context.df.Task.all(tasks)) as Outcome<object>[];
  return answers.find((answer): answer is Refusal => !answer.ok);
}

function* publish(context: OrchestrationContext, work: BackupInput): Step<Outcome<Published>> {
  for (;;) {
    const published = yield* insisting(context, () => publishBackup(context, work));
    if (!published.ok) return yield* giveUp(context, work, published);
    if (published.state === 'more') continue;
    return { ok: true, point: published.point, state: published.result };
  }
}

function* confirm(context: OrchestrationContext, work: BackupInput): Step<Outcome<Published>> {
  const confirmed = yield* insisting(context, () => confirmPublication(context, work));
  if (!confirmed.ok) return confirmed;
  return { ok: true, point: confirmed.point, state: confirmed.result };
}

/** After a refusal: fenced sessions belong to somebody else; others are undone. */
function* giveUp(
  context: OrchestrationContext,
  work: BackupInput,
  why: Refusal,
): Step<Outcome<Published>> {
  if (why.code === 'fenced') return why;
  return yield* undo(context, work, why);
}

function* undo(
  context: OrchestrationContext,
  work: BackupInput,
  why: Refusal,
): Step<Outcome<Published>> {
  const undone = yield* abandon(context, work, why.code, true);
  if (!undone.ok) return why;
  return undone.state === 'committed' ? yield* confirm(context, work) : why;
}

function* abandon(
  context: OrchestrationContext,
  work: BackupInput,
  reason: string,
  release: boolean,
): Step<Outcome<{ state: 'abandoned' | 'committed' }>> {
  for (;;) {
    const answer = yield* insisting(context, () =>
      abandonBackup(context, { ...work, reason, release }),
    );
    if (!answer.ok) return answer;
    if (answer.state !== 'more') return { ok: true, state: answer.state };
  }
}

/** Records how the operation ended, after the working rows are gone. */
function* end(
  context: OrchestrationContext,
  { tenantNo, operationId }: Input,
  outcome: Outcome<Published>,
): Step<void> {
  const error = outcome.ok ? undefined : { code: outcome.code, message: outcome.message };
  const status = outcome.ok ? 'succeeded' : outcome.code === 'canceled' ? 'canceled' : 'failed';
  for (;;) {
    const ended = yield* insisting(context, () =>
      endBackup(context, {
        tenantNo,
        operationId,
        status,
        ...(status === 'failed' && error !== undefined ? { error } : {}),
      }),
    );
    if (!ended.ok || ended.done) return;
  }
}
