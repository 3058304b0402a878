import { type Work, writeTask } from './backup-context.ts';
import { readQueuedLinks } from './link-read-step.ts';
import { relationNames, targetTypes } from './type-parts.ts';

/** First reading of link sets that lists did not show completely. */
export async function followStep(work: Work): Promise<void> {
  if (await readQueuedLinks(work)) return;
  await writeTask(work, (tx) =>
    work.context.tables.sessionTasks.changeTask(tx, work.fence, { phase: 'listed' }),
  );
}

/** Reads again the links that have become due; then waits for the settlement. */
export async function linksStep(work: Work): Promise<void> {
  const { context, type, task, fence } = work;
  const { linkReads, sessionTasks } = context.tables;
  if (await readQueuedLinks(work)) return;
  const queued = await writeTask(work, async (tx) => {
    if (task.mode === 'full') {
      for (const link of type.links) {
        const targets = targetTypes(context.catalogue, link).map((target) => target.name);
        await linkReads.dueForUnread(tx, fence, link.name, type.name);
        await linkReads.dueForLongReads(tx, fence, link.name, targets);
      }
    }
    return await linkReads.queueDue(tx, fence, relationNames([type]));
  });
  if (queued > 0) return;
  await context.failpoint('links.beforeClosingRound', task.collection);
  await writeTask(work, (tx) => sessionTasks.changeTask(tx, fence, { phase: 'settle' }));
}
