import { BackupError, isBackupError } from '../errors/backup-error.ts';
import { linkContext, type Work, writeTask } from './backup-context.ts';
import { restartNow, restartReaders } from './restart.ts';
import { deltaRequest } from './streams.ts';

/**
 * Takes the token from which rounds will tell what changed while the collection is being listed.
 * Where delta is refused the collection is scanned instead.
 */
export async function latestStep(work: Work): Promise<void> {
  const { context, task, fence } = work;
  const { pageLedger, sessionTasks } = context.tables;
  const answer = await latestLink(work);
  await context.failpoint('latest.afterToken', task.collection);
  await writeTask(work, async (tx) => {
    if (await pageLedger.isStored(tx, fence, 'latest')) return;
    if (answer === undefined) {
      await restartNow(work, tx, 'list', false);
      return;
    }
    const token = context.cipher.seal(answer.deltaLink, linkContext(work, 'delta'));
    await restartReaders(work, tx);
    const { startedAt } = answer;
    await pageLedger.recordPage(tx, fence, { step: 'latest', items: 0, startedAt });
    await sessionTasks.changeTask(tx, fence, { token, phase: 'list' });
  });
}

async function latestLink(work: Work): Promise<{ deltaLink: string; startedAt: Date } | undefined> {
  const { context, type, task } = work;
  try {
    let page = await context.graph.page(deltaRequest(type, task, true), undefined, {
      deadline: work.deadline,
    });
    const { startedAt } = page;
    // Pages without rows may stand before the one with the link.
    for (let pages = 0; page.deltaLink === undefined && pages < 100; pages += 1) {
      if (page.nextLink === undefined) break;
      page = await context.graph.page(deltaRequest(type, task, true), page.nextLink, {
        deadline: work.deadline,
      });
    }
    if (page.deltaLink !== undefined) return { deltaLink: page.deltaLink, startedAt };
  } catch (error) {
    if (isBackupError(error, 'graphBadRequest', 'graphNotFound')) return undefined;
    throw error;
  }
  throw new BackupError('graphBadAnswer', 'delta gave no link to start from');
}
