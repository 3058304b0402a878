import type { Transaction } from '../repository/database.ts';
import type { TaskChange } from '../repository/session-tasks.ts';
import type { Work } from './backup-context.ts';
import { facetSpace } from './type-parts.ts';

/**
 * Moves the collection to direct reads. What a complete listing did not show is only a candidate for
 * deletion: each one is asked (DESIGN 6.6).
 */
export async function enterConfirm(work: Work, tx: Transaction, change: TaskChange): Promise<void> {
  const { context, type, task, fence } = work;
  const { listedObjects, sessionTasks, sessionStreams } = context.tables;
  const { collection, listing } = task;
  if (task.mode === 'full') {
    const all = listing > 1 || !task.tracked;
    const shown = { name: collection, listing };
    await listedObjects.confirmMissing(tx, fence, collection, type.name, shown, all);
  }
  const streams = await sessionStreams.streamsOf(tx, fence.sessionId, collection);
  for (const facet of type.facets) {
    const isRead = streams.some((row) => row.stream === `facet:${facet.name}` && row.done);
    if (!isRead) continue;
    const shown = { name: `${collection}:${facet.name}`, listing };
    const space = facetSpace(facet);
    await listedObjects.confirmMissing(tx, fence, collection, space, shown, true);
    await listedObjects.confirmRevived(tx, fence, collection, space);
    // A late replica shows facets of who has left: their state is the parent's, so the parent is asked.
    await listedObjects.confirmParents(tx, fence, collection, space);
  }
  await sessionTasks.changeTask(tx, fence, { ...change, phase: 'confirm' });
}
