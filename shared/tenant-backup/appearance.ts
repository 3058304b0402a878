import type { Transaction } from '../repository/database.ts';
import type { LinkSide } from '../repository/link-dues.ts';
import type { SessionTask } from '../repository/session-tasks.ts';
import type { Work } from './backup-context.ts';
import { relationsInto, relationsOf } from './type-parts.ts';

/**
 * Objects became live in our rows: their own tracked links and those pointing at them are read,
 * because the other end's delta may be silent about it (counterexamples H3 and H4).
 */
export async function dueForAppeared(
  work: Work,
  tx: Transaction,
  keys: readonly number[],
): Promise<void> {
  if (keys.length === 0) return;
  const { linkDues, childReads } = work.context.tables;
  for (const { link } of relationsOf(work.type)) await linkDues.addDue(tx, link.name, 's', keys);
  for (const { link } of relationsInto(work.context.catalogue, work.type)) {
    await linkDues.addDue(tx, link.name, 't', keys);
  }
  await childReads.requeueParents(tx, work.fence, keys);
  await work.context.failpoint('due.afterInsert', work.task.collection);
}

/**
 * As dueForAppeared for objects that a listing brought. Their own links are read by the same listing;
 * links pointing at them too when the collection at the other end is being listed as well.
 */
export async function dueForListed(
  work: Work,
  tx: Transaction,
  keys: readonly number[],
  tasks: readonly SessionTask[],
): Promise<void> {
  if (keys.length === 0) return;
  for (const { owner, link } of relationsInto(work.context.catalogue, work.type)) {
    const other = tasks.find((task) => task.collection === owner.name);
    const listed = other?.mode === 'full' && !['failing', 'failed'].includes(other.phase);
    if (!listed) await work.context.tables.linkDues.addDue(tx, link.name, 't', keys);
  }
}

/**
 * Objects that a round names although they were live before: what was read of their links may be from
 * a moment in which an end was in the recycle bin (H7), so it is read again.
 */
export async function dueForNamed(
  work: Work,
  tx: Transaction,
  keys: readonly number[],
): Promise<void> {
  if (keys.length === 0) return;
  const { linkDues, linkSettlement } = work.context.tables;
  const ticks = await linkSettlement.readTicks(tx, work.fence.sessionId);
  const stars = await linkDues.starsOf(tx);
  const wanted = (relationship: string, side: LinkSide): boolean => {
    const tick = ticks.find((row) => row.relationship === relationship);
    const read = side === 's' ? (tick?.targets ?? 0) : (tick?.sources ?? 0);
    return read > 0 || stars.some((row) => row.relationship === relationship && row.side === side);
  };
  for (const { link } of relationsOf(work.type)) {
    if (wanted(link.name, 's')) await linkDues.addDue(tx, link.name, 's', keys);
  }
  for (const { link } of relationsInto(work.context.catalogue, work.type)) {
    if (wanted(link.name, 't')) await linkDues.addDue(tx, link.name, 't', keys);
  }
}
