import type { BackupError } from '../errors/backup-error.ts';
import { type Work, writeTask } from './backup-context.ts';
import { childSpace, linkNames, relationNames, versionTypes } from './type-parts.ts';

/** State of the collection on the point, by the error that ended its reading. */
export function outcomeOf(error: BackupError): string {
  if (error.code === 'graphForbidden') return 'forbidden';
  if (error.code === 'graphNotLicensed') return 'not-licensed';
  return 'carried-failed';
}

/** Gives a collection up: a new generation refuses its late pages; then its rows are undone. */
export async function failCollection(work: Work, error: BackupError): Promise<void> {
  const { context, task, fence } = work;
  await writeTask(work, (tx) =>
    context.tables.sessionTasks.changeTask(tx, fence, {
      phase: 'failing',
      generation: task.generation + 1,
      outcome: outcomeOf(error),
      reason: `${error.code}: ${error.message}`,
    }),
  );
  await context.failpoint('fail.afterGeneration', task.collection);
}

/** Undoes one chunk of what the collection wrote for N; then it is failed. */
export async function failingStep(work: Work): Promise<void> {
  const { context, type, task, fence } = work;
  const { sessionRevert, sessionTasks, sessionRows } = context.tables;
  const scope = { types: versionTypes(type), relationships: linkNames([type]) };
  const left = await writeTask(work, async (tx) => {
    const { revertChunk } = context.limits;
    const versions = await sessionRevert.revertVersions(tx, fence.point, scope, revertChunk);
    if (versions > 0) return versions;
    return await sessionRevert.revertLinks(tx, fence.point, scope, revertChunk);
  });
  if (left > 0) {
    await context.failpoint('revert.betweenChunks', task.collection);
    return;
  }
  await context.failpoint('revert.beforeFailed', task.collection);
  await writeTask(work, async (tx) => {
    await sessionRows.forgetCollection(
      tx,
      fence.sessionId,
      task.collection,
      relationNames([type]),
      type.children.map(childSpace),
    );
    await sessionTasks.changeTask(tx, fence, { phase: 'failed' });
  });
}
