import type { Transaction } from './database.ts';
import type { Fence } from './fence.ts';

export interface ChildParent {
  readonly key: number;
  readonly objectId: string;
}

/** Queues every live parent that was not read in this session. */
export async function queueParents(
  tx: Transaction,
  fence: Fence,
  child: string,
  parentType: string,
): Promise<void> {
  await tx.change(
    `insert into child_read (tenant_no, session_id, child, parent)
     select $1, $2, $3, v.object_key from object_version v
     where v.tenant_no = $1 and v.type = $4 and v.to_point = 2147483647 and v.state = 'live'
     on conflict do nothing`,
    [tx.tenantNo, fence.sessionId, child, parentType],
  );
}

/** Parents that are live again are read again. */
export async function requeueParents(
  tx: Transaction,
  fence: Fence,
  keys: readonly number[],
): Promise<void> {
  await tx.change(
    `update child_read set done = false where tenant_no = $1 and session_id = $2
       and parent = any ($3)`,
    [tx.tenantNo, fence.sessionId, [...keys]],
  );
}

export async function parentsToRead(
  tx: Transaction,
  fence: Fence,
  child: string,
  limit: number,
): Promise<ChildParent[]> {
  return await tx.rows<ChildParent>(
    `select o.key, o.object_id as "objectId" from child_read c
     cross join lateral (select key, object_id from object where tenant_no = $1
       and key = c.parent offset 0) o
     where c.tenant_no = $1 and c.session_id = $2 and c.child = $3 and not c.done
     order by c.parent limit $4`,
    [tx.tenantNo, fence.sessionId, child, limit],
  );
}

/** Marks parents as read; false when a twin was faster with any of them. */
export async function parentsRead(
  tx: Transaction,
  fence: Fence,
  child: string,
  parents: readonly number[],
): Promise<boolean> {
  const changed = await tx.change(
    `update child_read set done = true where tenant_no = $1 and session_id = $2 and child = $3
       and parent = any ($4) and not done`,
    [tx.tenantNo, fence.sessionId, child, [...parents]],
  );
  return changed === parents.length;
}

/** Open children of the parents that `page_key` does not hold become candidates. */
export async function confirmMissingChildren(
  tx: Transaction,
  fence: Fence,
  collection: string,
  child: string,
  parents: readonly number[],
): Promise<void> {
  await tx.change(
    `insert into confirm_object (tenant_no, session_id, collection, object_key)
     select $1, $2, $3, o.key from object o
     join object_version v on v.tenant_no = $1 and v.object_key = o.key
       and v.to_point = 2147483647
     where o.tenant_no = $1 and o.space = $4 and o.parent_key = any ($5)
       and not exists (select 1 from page_key k where k.key = o.key)
     on conflict do nothing`,
    [tx.tenantNo, fence.sessionId, collection, child, [...parents]],
  );
}
