// Runs one step: recorded `started`, looked up when repeated, written, recorded `written`, read back,
// recorded with its outcome. Whatever instant the process dies at, the row tells the next one what may
// have happened. Nothing is written to Graph before the row says so.
import { currentIdOf } from '../../compare/rewrite-ids.ts';
import { BackupError } from '../../errors/backup-error.ts';
import type { Transaction } from '../../repository/database.ts';
import type { OpenStepState, StepMove } from '../../repository/restore-steps.ts';
import type { StepKind, StepRequest } from '../plan-step.ts';
import { createChild } from './create-child.ts';
import { createObject } from './create-object.ts';
import { isYoung, keepPrestate } from './live-object.ts';
import { patchObject } from './patch-object.ts';
import {
  type ApplyContext,
  type Preparation,
  type StepHandler,
  type StepResult,
  type StepTask,
  writeRows,
} from './step-context.ts';
import { undeleteObject } from './undelete-object.ts';
import { judgeFailure } from './write-failure.ts';
import { addLinks, setLink } from './write-links.ts';

const handlers: Readonly<Record<StepKind, StepHandler>> = {
  undelete: undeleteObject,
  create: createObject,
  patch: patchObject,
  addLinks,
  setLink,
  createChild,
};

/** Brings the step as far as it goes now. Answers what was written, for the read-back after it. */
export async function writeStep(context: ApplyContext, task: StepTask): Promise<StepTask> {
  const { state } = task.row;
  if (state !== 'planned' && state !== 'started') return task;
  const { kind, needs, objectId } = task.step;
  const unmet = needs
    .filter((id) => !context.created.has(id))
    // a target that was not created takes the other links of its step with it nowhere
    .filter((id) => kind !== 'addLinks' || id === objectId);
  if (unmet.length > 0) {
    const cause = 'needsObjectThatWasNotCreated';
    return await move(context, task, { from: state, to: 'pending', result: { cause } });
  }
  const handler = handlers[kind];
  const preparation = await handler.prepare(context, task);
  if (preparation.kind === 'write') return await write(context, task, state, preparation);
  if (preparation.kind === 'written') {
    return await recordWritten(context, task, state, preparation.id);
  }
  if (preparation.kind === 'end' && !mayBeStale(context, task, preparation)) {
    const { outcome, result } = preparation;
    return await move(context, task, { from: state, to: outcome, result });
  }
  const { pauseMs, lagMs } = context.limits;
  const isFirstSkip = preparation.kind === 'end' && preparation.outcome === 'skipped';
  const dueInMs = isFirstSkip && task.row.startedAt === null ? lagMs : pauseMs;
  return await move(context, task, { from: state, to: state, dueInMs });
}

/**
 * A conflict, or nothing left to do, may be the view of an old replica when it is seen for the first
 * time: it is looked at again.
 */
function mayBeStale(
  context: ApplyContext,
  { row }: StepTask,
  { outcome, result }: Extract<Preparation, { kind: 'end' }>,
): boolean {
  const isDecided = outcome !== 'conflict' && outcome !== 'skipped';
  if (isDecided || result.cause === 'protectedObject') return false;
  return isYoung(context, row.startedAt, context.limits.lagMs);
}

async function write(
  context: ApplyContext,
  task: StepTask,
  state: 'planned' | 'started',
  preparation: Extract<Preparation, { kind: 'write' }>,
): Promise<StepTask> {
  if (task.step.kind !== 'create' && task.step.kind !== 'undelete') {
    await keepPrestate(context, task);
  }
  const { inverse } = preparation;
  await context.failpoint('step.beforeStarted');
  const started = await move(context, task, { from: state, to: 'started', inverse });
  await context.failpoint('step.afterStarted');
  delete task.unit.targets;
  const sent = await send(context, started, preparation.request);
  if (!('row' in sent)) {
    await context.failpoint('step.afterWrite');
    if (task.step.kind === 'addLinks') await context.failpoint('links.afterWrite');
    return await recordWritten(context, started, 'started', sent.id);
  }
  return sent;
}

/** The id of what was made, or the task moved on because the write was refused or lost. */
async function send(
  context: ApplyContext,
  task: StepTask,
  request: StepRequest,
): Promise<{ readonly id?: string } | StepTask> {
  try {
    const reply = await context.graph.write(request);
    const id = reply.body?.['id'];
    return typeof id === 'string' ? { id: id.toLowerCase() } : {};
  } catch (error) {
    const failed = judgeFailure(context, task, error);
    if (failed === undefined) throw error;
    if (failed.kind === 'end') {
      const { outcome, result } = failed;
      return await move(context, task, { from: 'started', to: outcome, result });
    }
    return await move(context, task, { from: 'started', to: 'started', dueInMs: failed.afterMs });
  }
}

/** The write happened: the new id enters the identity map in the same transaction. */
async function recordWritten(
  context: ApplyContext,
  task: StepTask,
  from: OpenStepState,
  id: string | undefined,
): Promise<StepTask> {
  const result: StepResult = id === undefined ? {} : { id };
  const isCreation = task.step.kind === 'create';
  if (isCreation && id === undefined) {
    throw new BackupError('graphBadAnswer', 'a creation was answered without an id');
  }
  const moved = await move(context, task, { from, to: 'written', result }, async (tx) => {
    if (isCreation && id !== undefined) await mapCreated(context, task, id, tx);
  });
  if (isCreation && id !== undefined) {
    context.identity.set(currentIdOf(context.identity, task.step.objectId), id);
    context.created.add(task.step.objectId);
  }
  await context.failpoint('step.afterWritten');
  return moved;
}

async function mapCreated(
  context: ApplyContext,
  { step, type }: StepTask,
  id: string,
  tx: Transaction,
): Promise<void> {
  const { objectKeys, identityMap } = context.repository;
  await objectKeys.ensureKeys(tx, type.space, type.name, [id]);
  const [created] = await objectKeys.keysOf(tx, type.space, [id]);
  if (created === undefined) throw new BackupError('invalidState', 'a new object has no key');
  // an object that was created again before is mapped on from its last incarnation
  const chain = (await identityMap.successorsOf(tx, [step.objectKey])).get(step.objectKey) ?? [];
  if (chain.includes(created.key)) return;
  await identityMap.mapIdentity(tx, {
    oldKey: chain.at(-1) ?? step.objectKey,
    newKey: created.key,
    source: 'restore',
    restoreId: context.restoreId,
  });
}

/** Reads back what was written; a step that does not show in time ends with what is known. */
export async function confirmStep(context: ApplyContext, task: StepTask): Promise<void> {
  if (task.row.state !== 'written') return;
  const known = task.row.result === null ? {} : (JSON.parse(task.row.result) as StepResult);
  const found = await handlers[task.step.kind].confirm(context, task, known.id);
  const result = { ...known, ...found.result };
  if (found.kind === 'done') {
    await context.failpoint('step.beforeDone');
    await move(context, task, { from: 'written', to: found.outcome ?? 'done', result });
    return;
  }
  const since = task.row.writtenAt?.getTime() ?? context.clock.now().getTime();
  if (context.clock.now().getTime() - since < context.limits.visibleMs) {
    const dueInMs = context.limits.pauseMs;
    await move(context, task, { from: 'written', to: 'written', dueInMs });
    return;
  }
  const outcome = result.cause === 'readBackDiffers' ? 'done' : 'failed';
  await move(context, task, { from: 'written', to: outcome, result });
}

/** Moves the row and answers the task as it is then. */
async function move(
  context: ApplyContext,
  task: StepTask,
  change: Omit<StepMove, 'no' | 'result'> & { readonly result?: StepResult },
  more: (tx: Transaction) => Promise<void> = async () => undefined,
): Promise<StepTask> {
  const { restoreSteps } = context.repository;
  const { no } = task.row;
  await writeRows(context, async (tx) => {
    await restoreSteps.moveStep(tx, context.restoreId, { ...change, no });
    await more(tx);
  });
  const now = context.clock.now();
  const { row } = task;
  return {
    ...task,
    row: {
      ...row,
      state: change.to,
      attempt: row.attempt + (change.to === 'started' && change.inverse !== undefined ? 1 : 0),
      startedAt: row.startedAt ?? now,
      writtenAt: change.to === 'written' ? (row.writtenAt ?? now) : row.writtenAt,
      result: change.result === undefined ? row.result : JSON.stringify(change.result),
      inverse: change.inverse === undefined ? row.inverse : JSON.stringify(change.inverse),
    },
  };
}
