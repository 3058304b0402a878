import type { Transaction } from '../repository/database.ts';
import { type Work, writeTask } from './backup-context.ts';
import { childSpace, relationNames, relationsInto } from './type-parts.ts';

/** Listings in one session after which delta is given up: tokens that expire at once lead nowhere. */
const MAX_LISTINGS = 4;

/** The cursor has expired: the collection is read in full in this session, from a new token. */
export async function restartCollection(work: Work): Promise<void> {
  const again = work.task.listing < MAX_LISTINGS;
  await writeTask(work, (tx) => restartNow(work, tx, again ? 'latest' : 'list', again));
  await work.context.failpoint('restart.afterGeneration', work.task.collection);
}

/** As restartCollection inside a transaction; without delta it is scanned until passes agree. */
export async function restartNow(
  work: Work,
  tx: Transaction,
  phase: 'latest' | 'list',
  tracked: boolean,
): Promise<void> {
  const { tables } = work.context;
  const { collection } = work.task;
  await forget(work, tx, collection);
  await tables.sessionTasks.restartTask(tx, work.fence, collection, phase, tracked);
}

/**
 * A token taken now begins after the links that were read before it: whatever went to the recycle bin
 * and came back in between is told by nobody. Collections whose links lead here are listed again.
 */
export async function restartReaders(work: Work, tx: Transaction): Promise<void> {
  const { tables } = work.context;
  const owners = await readersOf(work, tx);
  const tasks = await tables.sessionTasks.tasksOf(tx, work.fence.sessionId);
  for (const task of tasks.filter((candidate) => owners.has(candidate.collection))) {
    const isFresh = task.mode === 'full' && ['latest', 'list'].includes(task.phase);
    const isUnread = isFresh && !(await hasPages(work, tx, task.collection));
    if (task.mode === 'none' || isUnread) continue;
    await forget(work, tx, task.collection);
    const phase = task.tracked ? 'latest' : 'list';
    await tables.sessionTasks.restartTask(tx, work.fence, task.collection, phase, task.tracked);
  }
}

/** Other collections with links that lead here and that were read, or are to be read, as a whole. */
async function readersOf(work: Work, tx: Transaction): Promise<ReadonlySet<string>> {
  const { catalogue, tables } = work.context;
  const ticks = await tables.linkSettlement.readTicks(tx, work.fence.sessionId);
  const stars = await tables.linkDues.starsOf(tx);
  const readers = relationsInto(catalogue, work.type).filter(({ owner, link }) => {
    const isRead = ticks.some((row) => row.relationship === link.name && row.sources > 0);
    const starred = stars.some((row) => row.relationship === link.name && row.side === 't');
    return owner.name !== work.type.name && (isRead || starred);
  });
  return new Set(readers.map(({ owner }) => owner.name));
}

async function hasPages(work: Work, tx: Transaction, collection: string): Promise<boolean> {
  const { sessionStreams } = work.context.tables;
  const rows = await sessionStreams.streamsOf(tx, work.fence.sessionId, collection);
  return rows.some((row) => row.pages > 0);
}

async function forget(work: Work, tx: Transaction, collection: string): Promise<void> {
  const type = work.context.catalogue.find((candidate) => candidate.name === collection);
  if (type === undefined) return;
  await work.context.tables.sessionRows.forgetCollection(
    tx,
    work.fence.sessionId,
    collection,
    relationNames([type]),
    type.children.map(childSpace),
  );
}
