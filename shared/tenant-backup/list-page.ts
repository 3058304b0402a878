import type { GraphPage } from '../graph/graph-request.ts';
import type { Transaction } from '../repository/database.ts';
import { dueForListed } from './appearance.ts';
import type { Work } from './backup-context.ts';
import { canonicalId, idOf } from './object-ids.ts';
import { storeObjects } from './object-page.ts';
import { objectRow } from './object-row.ts';

/**
 * Stores a page of the collection. A repeated listing of a delta-tracked collection (`relist`)
 * brings ids only: rows that are not live with us are read directly later, because a list can be
 * older than the rounds before it. Answers one entry per row for the digest of the pass.
 */
export async function storeListPage(
  work: Work,
  tx: Transaction,
  kind: 'list' | 'relist',
  page: GraphPage,
): Promise<readonly Buffer[]> {
  const { context, type, task, fence } = work;
  const { listedObjects, objectKeys, sessionTasks } = context.tables;
  const listing = { name: task.collection, listing: task.listing };
  const quarantined = page.quarantined.flatMap((item) =>
    item.id === undefined ? [] : [canonicalId(item.id)],
  );
  await listedObjects.recordSeenIds(tx, fence, listing, type.space, quarantined);
  await countQuarantined(work, tx, page);
  if (kind === 'relist') {
    const ids = page.items.map(idOf);
    await objectKeys.ensureKeys(tx, type.space, type.name, ids);
    await listedObjects.confirmUnseen(tx, fence, task.collection, type.space, ids);
    await listedObjects.recordSeenIds(tx, fence, listing, type.space, ids);
    return [];
  }
  const rows = page.items.map((item) => objectRow(type, item));
  const applied = await storeObjects(work, tx, rows, type.references, async () => {
    if (task.round > 0) {
      await context.tables.roundEntries.dropOlderThanRounds(
        tx,
        fence,
        task.collection,
        page.startedAt,
      );
    }
  });
  await listedObjects.recordSeen(tx, fence, listing, task.listing > 1 || !task.tracked);
  if (applied.appeared > 0) await dueForAppearedInList(work, tx, sessionTasks);
  return task.tracked
    ? []
    : rows.map((row) => Buffer.concat([Buffer.from(row.objectId), row.hash]));
}

async function dueForAppearedInList(
  work: Work,
  tx: Transaction,
  sessionTasks: Work['context']['tables']['sessionTasks'],
): Promise<void> {
  const tasks = await sessionTasks.tasksOf(tx, work.fence.sessionId);
  const appeared = await work.context.tables.listedObjects.appearedKeys(tx);
  await dueForListed(work, tx, appeared, tasks);
}

/** Items that must not be stored make the point partial; what we have of them stays. */
export async function countQuarantined(
  work: Work,
  tx: Transaction,
  page: GraphPage,
): Promise<void> {
  if (page.quarantined.length === 0) return;
  await work.context.tables.sessionTasks.addQuarantined(tx, work.fence, page.quarantined.length);
}
