import type { Transaction } from './database.ts';
import type { Fence } from './fence.ts';

/** The round of a collection that a page belongs to. */
export interface Round {
  readonly collection: string;
  readonly listing: number;
  readonly round: number;
  /** Tick taken before its first request left. */
  readonly tick: number;
}

/** What one page of a round says about an object (no target) or about one of its links. */
export interface RoundEntry {
  readonly space: string;
  readonly objectId: string;
  readonly relationship: string;
  readonly targetId: string | null;
  readonly targetSpace: string;
  /** Digest of the entry; another one in the same round is a conflict. */
  readonly entry: Buffer;
}

export interface RoundConflict {
  readonly key: number;
  /** Empty when the object itself is named in two ways. */
  readonly relationship: string;
}

/**
 * Remembers the entries of a page and answers those that this round has said in another way before
 * (DESIGN 6.4). Both ends must have keys.
 */
export async function recordEntries(
  tx: Transaction,
  fence: Fence,
  round: Round,
  entries: readonly RoundEntry[],
): Promise<RoundConflict[]> {
  if (entries.length === 0) return [];
  await tx.client.query(`create temp table if not exists page_entry (key bigint, relationship text
    collate "C", target bigint, entry bytea) on commit delete rows; delete from page_entry`);
  await tx.change(
    `insert into page_entry (key, relationship, target, entry)
     select o.key, i.relationship, coalesce(t.key, 0), i.entry
     from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bytea[])
       as i (space, id, relationship, target_space, target_id, entry)
     cross join lateral (select key from object where tenant_no = (select $1::int)
       and space = i.space
       and parent_key = 0 and object_id = i.id offset 0) o
     left join lateral (select key from object where tenant_no = (select $1::int)
       and space = i.target_space
       and parent_key = 0 and object_id = i.target_id offset 0) t on true`,
    [
      tx.tenantNo,
      entries.map((entry) => entry.space),
      entries.map((entry) => entry.objectId),
      entries.map((entry) => entry.relationship),
      entries.map((entry) => entry.targetSpace),
      entries.map((entry) => entry.targetId),
      entries.map((entry) => entry.entry),
    ],
  );
  const key = [tx.tenantNo, fence.sessionId, round.collection, round.listing, round.round];
  const conflicts = await tx.rows<RoundConflict>(
    `select distinct p.key, p.relationship from page_entry p
     where exists (select 1 from touched t where t.tenant_no = $1 and t.session_id = $2
         and t.collection = $3 and t.listing = $4 and t.round = $5 and t.object_key = p.key
         and t.relationship = p.relationship and t.target = p.target and t.entry <> p.entry)
       or exists (select 1 from page_entry q where q.key = p.key and q.target = p.target
         and q.relationship = p.relationship and q.entry <> p.entry)`,
    key,
  );
  await tx.change(
    `insert into touched (tenant_no, session_id, collection, listing, round, object_key,
       relationship, target, tick, entry)
     select distinct on (key, relationship, target) $1::int, $2::uuid, $3, $4::int, $5::int, key,
       relationship, target, $6::bigint, entry
     from page_entry order by key, relationship, target
     on conflict do nothing`,
    [...key, round.tick],
  );
  return conflicts;
}

/** How many objects the rounds from `round` on have named. */
export async function namedSince(
  tx: Transaction,
  fence: Fence,
  round: Omit<Round, 'tick'>,
): Promise<number> {
  const row = await tx.row<{ named: number }>(
    `select count(distinct object_key) as named from touched where tenant_no = $1
       and session_id = $2 and collection = $3 and listing = $4 and round >= $5`,
    [tx.tenantNo, fence.sessionId, round.collection, round.listing, round.round],
  );
  return row?.named ?? 0;
}

/**
 * Removes from `page_object` the rows that a delta round of this session delivered after the page's
 * request left: a list may be older than the token taken before it (residual limit R2).
 */
export async function dropOlderThanRounds(
  tx: Transaction,
  fence: Fence,
  collection: string,
  startedAt: Date,
): Promise<number> {
  return await tx.change(
    `delete from page_object p using object o, touched t
     where o.tenant_no = $1 and o.space = p.space and o.parent_key = p.parent_key
       and o.object_id = p.object_id and t.tenant_no = $1 and t.session_id = $2
       and t.collection = $3 and t.object_key = o.key and t.at >= $4`,
    [tx.tenantNo, fence.sessionId, collection, startedAt],
  );
}
