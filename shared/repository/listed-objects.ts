import type { Transaction } from './database.ts';
import { type Fence, movedOn, type TaskFence } from './fence.ts';

/** A complete listing of a collection, a facet or a child type. */
export interface Listing {
  /** Name of the collection; a facet adds `:<facet>`. */
  readonly name: string;
  readonly listing: number;
}

/**
 * Remembers the objects of `page_key` as seen. Those with a version from N need no row in a first
 * listing, because only versions from before N can be candidates there.
 */
export async function recordSeen(
  tx: Transaction,
  fence: Fence,
  listing: Listing,
  all: boolean,
): Promise<void> {
  await tx.change(
    `insert into seen_object (tenant_no, session_id, collection, listing, object_key)
     select $1, $2, $3, $4, k.key from page_key k
     where $5 or k.same and k.open_from < $6 or k.reopen_from is not null
     order by k.key on conflict do nothing`,
    [tx.tenantNo, fence.sessionId, listing.name, listing.listing, all, fence.point],
  );
}

/** Remembers ids as seen whatever is stored about them (an item that could not be read). */
export async function recordSeenIds(
  tx: Transaction,
  fence: Fence,
  listing: Listing,
  space: string,
  ids: readonly string[],
): Promise<void> {
  if (ids.length === 0) return;
  await tx.change(
    `insert into seen_object (tenant_no, session_id, collection, listing, object_key)
     select $1, $2, $3, $4, o.key from unnest($6::text[]) as i (id)
     cross join lateral (select key from object where tenant_no = (select $1::int) and space = $5
       and parent_key = 0 and object_id = i.id offset 0) o
     order by o.key on conflict do nothing`,
    [tx.tenantNo, fence.sessionId, listing.name, listing.listing, space, [...ids]],
  );
}

/** As recordSeenIds for parts: their id is the id of their parent. */
export async function recordSeenParts(
  tx: Transaction,
  fence: Fence,
  listing: Listing,
  space: string,
  parentIds: readonly string[],
): Promise<void> {
  if (parentIds.length === 0) return;
  await tx.change(
    `insert into seen_object (tenant_no, session_id, collection, listing, object_key)
     select $1, $2, $3, $4, o.key from unnest($6::text[]) as i (id)
     cross join lateral (select key from object where tenant_no = (select $1::int)
       and space = 'directory'
       and parent_key = 0 and object_id = i.id offset 0) p
     cross join lateral (select key from object where tenant_no = (select $1::int) and space = $5
       and parent_key = p.key and object_id = i.id offset 0) o
     order by o.key on conflict do nothing`,
    [tx.tenantNo, fence.sessionId, listing.name, listing.listing, space, [...parentIds]],
  );
}

/** Ids of a repeated listing that our rows do not call live: to be read directly. */
export async function confirmUnseen(
  tx: Transaction,
  fence: Fence,
  collection: string,
  space: string,
  ids: readonly string[],
): Promise<void> {
  await tx.change(
    `insert into confirm_object (tenant_no, session_id, collection, object_key)
     select $1, $2, $3, o.key from unnest($5::text[]) as i (id)
     cross join lateral (select key from object where tenant_no = (select $1::int) and space = $4
       and parent_key = 0 and object_id = i.id offset 0) o
     where (select v.state from object_version v where v.tenant_no = $1
       and v.object_key = o.key and v.to_point = 2147483647) is distinct from 'live'
     on conflict do nothing`,
    [tx.tenantNo, fence.sessionId, collection, space, [...ids]],
  );
}

export async function confirmKeys(
  tx: Transaction,
  fence: Fence,
  collection: string,
  keys: readonly number[],
): Promise<void> {
  if (keys.length === 0) return;
  await tx.change(
    `insert into confirm_object (tenant_no, session_id, collection, object_key)
     select $1, $2, $3, k from unnest($4::bigint[]) as k on conflict do nothing`,
    [tx.tenantNo, fence.sessionId, collection, [...keys]],
  );
}

/** Objects of the type with an open version that the listing did not show become candidates. */
export async function confirmMissing(
  tx: Transaction,
  fence: Fence,
  collection: string,
  type: string,
  listing: Listing,
  all: boolean,
): Promise<number> {
  return await tx.change(
    `insert into confirm_object (tenant_no, session_id, collection, object_key)
     select $1, $2, $3, v.object_key from object_version v
     where v.tenant_no = $1 and v.type = $4 and v.to_point = 2147483647
       and ($7 or v.from_point < $8)
       and (select s.object_key from seen_object s where s.tenant_no = $1 and s.session_id = $2
         and s.collection = $5 and s.listing = $6 and s.object_key = v.object_key) is null
       and not exists (select 1 from touched t where t.tenant_no = $1 and t.session_id = $2
         and t.collection = $3 and t.listing = $6 and t.object_key = v.object_key offset 0)
     on conflict do nothing`,
    [
      tx.tenantNo,
      fence.sessionId,
      collection,
      type,
      listing.name,
      listing.listing,
      all,
      fence.point,
    ],
  );
}

/** Parts in the recycle bin whose parent is live again are asked too. */
export async function confirmRevived(
  tx: Transaction,
  fence: Fence,
  collection: string,
  type: string,
): Promise<void> {
  await tx.change(
    `insert into confirm_object (tenant_no, session_id, collection, object_key)
     select $1, $2, $3, v.object_key from object_version v
     join object o on o.tenant_no = $1 and o.key = v.object_key
     join object_version p on p.tenant_no = $1 and p.object_key = o.parent_key
       and p.to_point = 2147483647 and p.state = 'live'
     where v.tenant_no = $1 and v.type = $4 and v.to_point = 2147483647
       and v.state = 'softDeleted'
     on conflict do nothing`,
    [tx.tenantNo, fence.sessionId, collection, type],
  );
}

/** Parents that our rows do not call live although a part of them stands are asked. */
export async function confirmParents(
  tx: Transaction,
  fence: Fence,
  collection: string,
  type: string,
): Promise<void> {
  await tx.change(
    `insert into confirm_object (tenant_no, session_id, collection, object_key)
     select $1, $2, $3, o.parent_key from object_version v
     cross join lateral (select parent_key from object where tenant_no = $1
       and key = v.object_key offset 0) o
     where v.tenant_no = $1 and v.type = $4 and v.to_point = 2147483647 and v.state = 'live'
       and (select p.state from object_version p where p.tenant_no = $1
         and p.object_key = o.parent_key and p.to_point = 2147483647) is distinct from 'live'
     on conflict do nothing`,
    [tx.tenantNo, fence.sessionId, collection, type],
  );
}

export interface ConfirmObject {
  readonly key: number;
  readonly objectId: string;
  readonly type: string;
  readonly parentKey: number;
  readonly parentId: string | null;
}

/** The next objects to be read directly. */
export async function objectsToConfirm(
  tx: Transaction,
  fence: Fence,
  collection: string,
  limit: number,
): Promise<ConfirmObject[]> {
  return await tx.rows<ConfirmObject>(
    `select o.key, o.object_id as "objectId", o.type, o.parent_key as "parentKey",
       p.object_id as "parentId"
     from confirm_object c
     cross join lateral (select key, object_id, type, parent_key from object
       where tenant_no = $1 and key = c.object_key offset 0) o
     left join lateral (select object_id from object where tenant_no = $1 and key = o.parent_key
       offset 0) p on true
     where c.tenant_no = $1 and c.session_id = $2 and c.collection = $3
     order by o.type, o.key limit $4`,
    [tx.tenantNo, fence.sessionId, collection, limit],
  );
}

/** Removes answered questions; `fenced` when a twin has answered some of them before. */
export async function takeConfirmed(
  tx: Transaction,
  fence: TaskFence,
  collection: string,
  keys: readonly number[],
): Promise<void> {
  const removed = await tx.change(
    `delete from confirm_object where tenant_no = $1 and session_id = $2 and collection = $3
       and object_key = any ($4)`,
    [tx.tenantNo, fence.sessionId, collection, [...keys]],
  );
  if (removed !== keys.length) throw movedOn('the questions were answered', fence);
}

/** Remembers objects by key as seen. */
export async function recordSeenKeys(
  tx: Transaction,
  fence: Fence,
  listing: Listing,
  keys: readonly number[],
): Promise<void> {
  await tx.change(
    `insert into seen_object (tenant_no, session_id, collection, listing, object_key)
     select $1, $2, $3, $4, k from unnest($5::bigint[]) as k on conflict do nothing`,
    [tx.tenantNo, fence.sessionId, listing.name, listing.listing, [...keys]],
  );
}

/** Keys in `page_key` that are live now and were not before. */
export async function appearedKeys(tx: Transaction): Promise<number[]> {
  const rows = await tx.rows<{ key: number }>(
    `select k.key from page_key k join page_object p using (ord)
     where p.state = 'live' and k.old_state is distinct from 'live' order by k.key`,
  );
  return rows.map((row) => row.key);
}

/** Keys in `page_key` that were live before and still are. */
export async function stillLiveKeys(tx: Transaction): Promise<number[]> {
  const rows = await tx.rows<{ key: number }>(
    `select k.key from page_key k join page_object p using (ord)
     where p.state = 'live' and k.old_state = 'live' order by k.key`,
  );
  return rows.map((row) => row.key);
}
