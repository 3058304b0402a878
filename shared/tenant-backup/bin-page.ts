import type { GraphPage } from '../graph/graph-request.ts';
import type { JsonObject } from '../json/json-value.ts';
import type { Transaction } from '../repository/database.ts';
import type { Work } from './backup-context.ts';
import { idOf } from './object-ids.ts';
import { type Removed, storeSoftDeleted } from './object-page.ts';

/** Days after which Graph purges what is in the recycle bin. */
const BIN_DAYS = 30;
const DAY_MS = 86_400_000;

/**
 * Stores a page of the recycle bin. An object that our rows call live is left alone: whether the list
 * or the bin was read later is what the delta rounds tell.
 */
export async function storeBinPage(work: Work, tx: Transaction, page: GraphPage): Promise<void> {
  const { type, task, fence } = work;
  const { listedObjects, objectKeys } = work.context.tables;
  const removed = page.items.map((item) => binItem(item, page.startedAt));
  const ids = removed.map((item) => item.objectId);
  const live = await objectKeys.liveIds(tx, type.space, ids);
  await storeSoftDeleted(
    work,
    tx,
    removed.filter((item) => !live.has(item.objectId)),
  );
  const listing = { name: task.collection, listing: task.listing };
  const others = ids.filter((id) => !live.has(id));
  await listedObjects.recordSeenIds(tx, fence, listing, type.space, others);
}

/** When the recycle bin lets it go; counted from `now` when Graph does not say when it came in. */
export function purgeTime(deleted: unknown, now: Date): Date {
  const at = typeof deleted === 'string' ? Date.parse(deleted) : Number.NaN;
  return new Date((Number.isNaN(at) ? now.getTime() : at) + BIN_DAYS * DAY_MS);
}

export function binItem(item: JsonObject, now: Date): Removed {
  return { objectId: idOf(item), purgeAt: purgeTime(item['deletedDateTime'], now) };
}
