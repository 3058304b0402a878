import { bigintArray } from './binary-array.ts';
import type { Transaction } from './database.ts';
import type { Fence } from './fence.ts';
import type { LinkSide } from './link-dues.ts';

/** A read of the links of one object that is to be made. */
export interface LinkRead {
  readonly relationship: string;
  readonly side: LinkSide;
  readonly key: number;
  readonly objectId: string;
  readonly type: string;
  readonly dueNo: number;
  readonly link: Buffer | null;
  readonly pages: number;
  readonly expected: readonly string[];
  /** Whether our rows say that the object is live. */
  readonly live: boolean;
}

/** The next reads of a relationship, in the order of their keys. */
export async function pendingReads(
  tx: Transaction,
  fence: Fence,
  relationship: string,
  limit: number,
): Promise<LinkRead[]> {
  return await tx.rows<LinkRead>(
    `select r.relationship, r.side, r.object_key as key, o.object_id as "objectId", o.type,
       r.due_no as "dueNo", r.link, r.pages, r.expected, coalesce(v.state = 'live', false) as live
     from link_read r
     cross join lateral (select object_id, type from object where tenant_no = $1
       and key = r.object_key offset 0) o
     left join lateral (select state from object_version where tenant_no = $1
       and object_key = r.object_key and to_point = 2147483647 offset 0) v on true
     where r.tenant_no = $1 and r.session_id = $2 and r.relationship = $3 and r.state = 'pending'
     order by r.side, r.object_key limit $4`,
    [tx.tenantNo, fence.sessionId, relationship, limit],
  );
}

/** Queues a follow-up of each source that an `$expand` did not show completely. */
export async function queueFollowUps(
  tx: Transaction,
  fence: Fence,
  relationship: string,
  reads: readonly { key: number; expected: readonly string[] }[],
): Promise<void> {
  if (reads.length === 0) return;
  await tx.change(
    `insert into link_read (tenant_no, session_id, relationship, side, object_key, expected)
     select $1, $2, $3, 's', i.key,
       coalesce((select array_agg(e) from json_array_elements_text(i.expected) as e), '{}')
     from unnest($4::bigint[], $5::json[]) as i (key, expected)
     on conflict do nothing`,
    [
      tx.tenantNo,
      fence.sessionId,
      relationship,
      bigintArray(reads.map((read) => read.key)),
      reads.map((read) => JSON.stringify(read.expected)),
    ],
    'queue-follow-ups',
  );
}

/** Queues a read of every live object of a type that has no read yet. */
export async function queueAllSources(
  tx: Transaction,
  fence: Fence,
  relationship: string,
  type: string,
): Promise<void> {
  await tx.change(
    `insert into link_read (tenant_no, session_id, relationship, side, object_key)
     select $1, $2, $3, 's', v.object_key from object_version v
     where v.tenant_no = $1 and v.type = $4 and v.to_point = 2147483647 and v.state = 'live'
     on conflict do nothing`,
    [tx.tenantNo, fence.sessionId, relationship, type],
  );
}

/** Queues what is due and was not read in this session since it became due. */
export async function queueDue(
  tx: Transaction,
  fence: Fence,
  relationships: readonly string[],
): Promise<number> {
  return await tx.change(
    `insert into link_read as r (tenant_no, session_id, relationship, side, object_key, due_no)
     select $1, $2, d.relationship, d.side, d.object_key, d.no from link_due d
     where d.tenant_no = $1 and d.relationship = any ($3) and d.object_key <> 0
       and not exists (select 1 from link_read x where x.tenant_no = $1 and x.session_id = $2
         and x.relationship = d.relationship and x.side = d.side
         and x.object_key = d.object_key and x.due_no = d.no)
     on conflict (tenant_no, session_id, relationship, side, object_key) do update
       set due_no = excluded.due_no, state = 'pending', link = null, pages = 0, expected = '{}'`,
    [tx.tenantNo, fence.sessionId, [...relationships]],
  );
}

/** Locks the reads that are still pending with the page and due number they were begun with. */
export async function claimReads(
  tx: Transaction,
  fence: Fence,
  reads: readonly LinkRead[],
): Promise<Set<number>> {
  const [first] = reads;
  if (first === undefined) return new Set();
  const rows = await tx.rows<{ key: number }>(
    `select r.object_key as key from unnest($5::bigint[], $6::int[], $7::bigint[]) as i (key, pages, no)
     join link_read r on r.tenant_no = $1 and r.session_id = $2 and r.relationship = $3
       and r.side = $4 and r.object_key = i.key and r.pages = i.pages and r.due_no = i.no
     where r.state = 'pending' order by r.object_key for update of r`,
    [
      tx.tenantNo,
      fence.sessionId,
      first.relationship,
      first.side,
      reads.map((read) => read.key),
      reads.map((read) => read.pages),
      reads.map((read) => read.dueNo),
    ],
  );
  return new Set(rows.map((row) => row.key));
}

/** Ends reads: done, or kept due because the object was not found. Their tick is taken now. */
export async function finishReads(
  tx: Transaction,
  fence: Fence,
  reads: readonly LinkRead[],
  state: 'done' | 'kept',
): Promise<void> {
  const [first] = reads;
  if (first === undefined) return;
  await tx.change(
    `update link_read set state = $6, link = null, expected = '{}', pages = pages + 1,
       tick = nextval('session_tick')
     where tenant_no = $1 and session_id = $2 and relationship = $3 and side = $4
       and object_key = any ($5)`,
    [
      tx.tenantNo,
      fence.sessionId,
      first.relationship,
      first.side,
      reads.map((read) => read.key),
      state,
    ],
  );
}

/** Remembers where a read of several pages goes on. */
export async function continueRead(
  tx: Transaction,
  fence: Fence,
  read: LinkRead,
  link: Buffer | null,
  expected: readonly string[],
): Promise<void> {
  await tx.change(
    `update link_read set link = $6, pages = case when $6::bytea is null then 0 else pages + 1 end,
       expected = $7
     where tenant_no = $1 and session_id = $2 and relationship = $3 and side = $4
       and object_key = $5`,
    [tx.tenantNo, fence.sessionId, read.relationship, read.side, read.key, link, [...expected]],
  );
}

/** The links of these sources were read completely. */
export async function recordSources(
  tx: Transaction,
  fence: Fence,
  relationship: string,
  sources: readonly number[],
): Promise<void> {
  if (sources.length === 0) return;
  await tx.change(
    `insert into link_source (tenant_no, session_id, relationship, source)
     select $1, $2, $3, s.key from unnest($4::bigint[]) as s (key) order by s.key
     on conflict do nothing`,
    [tx.tenantNo, fence.sessionId, relationship, bigintArray(sources)],
    'record-sources',
  );
}

/** Live objects of the type whose links nothing has read in this session become due. */
export async function dueForUnread(
  tx: Transaction,
  fence: Fence,
  relationship: string,
  type: string,
): Promise<void> {
  await tx.change(
    `insert into link_due (tenant_no, relationship, side, object_key)
     select $1, $3, 's', v.object_key from object_version v
     where v.tenant_no = $1 and v.type = $4 and v.to_point = 2147483647 and v.state = 'live'
       and (select l.source from link_source l where l.tenant_no = $1 and l.session_id = $2
         and l.relationship = $3 and l.source = v.object_key) is null
       and (select r.object_key from link_read r where r.tenant_no = $1 and r.session_id = $2
         and r.relationship = $3 and r.side = 's' and r.object_key = v.object_key) is null
     on conflict do nothing`,
    [tx.tenantNo, fence.sessionId, relationship, type],
  );
}

/**
 * A listing of several pages can have missed a link that moved: when rounds have named the source or
 * any target since, it is read again.
 */
export async function dueForLongReads(
  tx: Transaction,
  fence: Fence,
  relationship: string,
  targetCollections: readonly string[],
): Promise<void> {
  await tx.change(
    `insert into link_due (tenant_no, relationship, side, object_key)
     select $1, $3, 's', r.object_key from link_read r
     where r.tenant_no = $1 and r.session_id = $2 and r.relationship = $3 and r.side = 's'
       and r.due_no = 0 and r.pages > 1 and r.state = 'done'
       and exists (select 1 from touched t where t.tenant_no = $1 and t.session_id = $2
         and (t.collection = any ($4) or t.object_key = r.object_key))
     on conflict (tenant_no, relationship, side, object_key)
       do update set no = nextval('link_due_no')`,
    [tx.tenantNo, fence.sessionId, relationship, [...targetCollections]],
  );
}
