import type { Transaction } from './database.ts';

export interface AppliedPage {
  readonly added: number;
  readonly changed: number;
  readonly unchanged: number;
  /** Objects that are live now and were not before. */
  readonly appeared: number;
}

interface PageCounts extends AppliedPage {
  readonly retyped: number;
  readonly inPlace: number;
  readonly reopened: number;
  readonly closed: number;
  readonly inserted: number;
}

/**
 * Brings the versions of the objects in `page_object`, one row each, to what the page says, for point
 * N (DESIGN 6.2): equal hash and state: nothing; a version from before N is closed at N; one from N is changed
 * in place or, when it equals the version closed at N, deleted and that one reopened. Leaves what it
 * found in `page_key`.
 */
export async function applyVersions(tx: Transaction, point: number): Promise<AppliedPage> {
  await compare(tx, point);
  const counts = await tx.row<PageCounts>(
    `select count(*) filter (where not same and open_from is null) as added,
       count(*) filter (where not same and open_from is not null) as changed,
       count(*) filter (where same) as unchanged,
       count(*) filter (where p.state = 'live' and old_state is distinct from 'live') as appeared,
       count(*) filter (where known_type = 'unknown' and p.type <> 'unknown') as retyped,
       count(*) filter (where not same and open_from = $1) as "inPlace",
       count(*) filter (where not same and reopen_from is not null) as reopened,
       count(*) filter (where not same and open_from < $1) as closed,
       count(*) filter (where not same and reopen_from is null
         and open_from is distinct from $1) as inserted
     from page_key k join page_object p using (ord)`,
    [point],
  );
  if (counts === undefined) return { added: 0, changed: 0, unchanged: 0, appeared: 0 };
  if (counts.retyped > 0) await retype(tx);
  if (counts.inPlace > 0) await changeInPlace(tx, point);
  if (counts.closed > 0) await close(tx, point);
  if (counts.reopened > 0) await reopen(tx);
  if (counts.inserted > 0) await insert(tx, point);
  return counts;
}

async function compare(tx: Transaction, point: number): Promise<void> {
  await tx.change(
    `insert into page_key (ord, key, known_type, open_from, old_state, same, reopen_from)
     select p.ord, o.key, o.type, v.from_point, v.state,
       v.object_key is not null and v.state = p.state and v.hash is not distinct from p.hash,
       case when v.object_key is null or v.from_point = $2 then (
         select r.from_point from object_version r
         where r.tenant_no = (select $1::int) and r.object_key = o.key and r.to_point = $2
           and r.state = p.state and r.hash is not distinct from p.hash) end
     from page_object p
     cross join lateral (select key, type from object where tenant_no = (select $1::int)
       and space = p.space
       and parent_key = p.parent_key and object_id = p.object_id offset 0) o
     left join lateral (select object_key, from_point, state, hash from object_version
       where tenant_no = $1 and object_key = o.key and to_point = 2147483647 offset 0) v on true`,
    [tx.tenantNo, point],
  );
}

/** An id that stood for something unknown takes the type of what turned up. */
async function retype(tx: Transaction): Promise<void> {
  await tx.change(
    `update object o set type = p.type from page_key k join page_object p using (ord)
     where o.tenant_no = $1 and o.key = k.key and o.type = 'unknown'`,
    [tx.tenantNo],
  );
}

async function changeInPlace(tx: Transaction, point: number): Promise<void> {
  await tx.change(
    `delete from object_version v using page_key k
     where v.tenant_no = $1 and v.object_key = k.key and v.from_point = $2 and not k.same
       and k.open_from = $2 and k.reopen_from is not null`,
    [tx.tenantNo, point],
  );
  await tx.change(
    `update object_version v set type = p.type, state = p.state, hash = p.hash, label = p.label,
       search = p.search, body = p.body, purge_at = p.purge_at
     from page_key k join page_object p using (ord)
     where v.tenant_no = $1 and v.object_key = k.key and v.from_point = $2 and not k.same
       and k.open_from = $2 and k.reopen_from is null`,
    [tx.tenantNo, point],
  );
}

async function close(tx: Transaction, point: number): Promise<void> {
  await tx.change(
    `update object_version v set to_point = $2, end_reason =
       case when p.state = v.state then 'changed' when p.state = 'live' then 'restored'
       else 'softDeleted' end
     from page_key k join page_object p using (ord)
     where v.tenant_no = $1 and v.object_key = k.key and v.from_point = k.open_from
       and not k.same and k.open_from < $2`,
    [tx.tenantNo, point],
  );
}

async function reopen(tx: Transaction): Promise<void> {
  await tx.change(
    `update object_version v set to_point = 2147483647, end_reason = null from page_key k
     where v.tenant_no = $1 and v.object_key = k.key and v.from_point = k.reopen_from
       and not k.same`,
    [tx.tenantNo],
  );
}

async function insert(tx: Transaction, point: number): Promise<void> {
  await tx.change(
    `insert into object_version (tenant_no, object_key, type, state, from_point, hash, label,
       search, body, purge_at)
     select $1, k.key, p.type, p.state, $2, p.hash, p.label, p.search, p.body, p.purge_at
     from page_key k join page_object p using (ord)
     where not k.same and k.reopen_from is null and k.open_from is distinct from $2
     order by k.key`,
    [tx.tenantNo, point],
  );
}

/** Ends the open versions of the objects with these keys; answers how many. */
export async function endVersions(
  tx: Transaction,
  point: number,
  keys: readonly number[],
  reason: string,
): Promise<number> {
  if (keys.length === 0) return 0;
  const deleted = await tx.change(
    `delete from object_version where tenant_no = $1 and object_key = any ($3)
       and from_point = $2 and to_point = 2147483647`,
    [tx.tenantNo, point, [...keys]],
  );
  const closed = await tx.change(
    `update object_version set to_point = $2, end_reason = $4 where tenant_no = $1
       and object_key = any ($3) and to_point = 2147483647`,
    [tx.tenantNo, point, [...keys], reason],
  );
  return deleted + closed;
}

export interface StoredBody {
  readonly objectId: string;
  readonly body: string | null;
}

/** Last bodies of objects of one space, of the open version, live or softDeleted. */
export async function openBodies(
  tx: Transaction,
  space: string,
  ids: readonly string[],
): Promise<StoredBody[]> {
  return await tx.rows<StoredBody>(
    `select o.object_id as "objectId", v.body::text as body
     from unnest($3::text[]) as i (id)
     cross join lateral (select key, object_id from object where tenant_no = (select $1::int)
       and space = $2
       and parent_key = 0 and object_id = i.id offset 0) o
     cross join lateral (select body from object_version where tenant_no = $1
       and object_key = o.key and to_point = 2147483647 offset 0) v`,
    [tx.tenantNo, space, [...ids]],
  );
}
