import type { Transaction } from './database.ts';
import type { Fence } from './fence.ts';
import { endLinks } from './links.ts';

export interface RelationshipTicks {
  readonly relationship: string;
  /** When the last read of a source ended; 0 when none was made. */
  readonly sources: number;
  /** When the last read of a target ended. */
  readonly targets: number;
}

/** When the links of each relationship were last read in this session. */
export async function readTicks(tx: Transaction, sessionId: string): Promise<RelationshipTicks[]> {
  return await tx.rows<RelationshipTicks>(
    `select relationship, max(case when side = 's' then tick else 0 end) as sources,
       max(case when side = 't' then tick else 0 end) as targets
     from (
       select p.relationship, 's' as side, max(p.tick) as tick from page p
       join session_task t on t.tenant_no = p.tenant_no and t.session_id = p.session_id
         and t.collection = p.collection and t.generation = p.generation
       where p.tenant_no = $1 and p.session_id = $2 and p.relationship is not null
       group by p.relationship
       union all
       select relationship, side, max(tick) from link_read
       where tenant_no = $1 and session_id = $2 and tick > 0 group by relationship, side
     ) reads group by relationship`,
    [tx.tenantNo, sessionId],
  );
}

/**
 * Closes absent links whose live target no round begun after the read has mentioned; drops those
 * that were closed meanwhile or lead to the recycle bin. `settled` are the target types whose
 * rounds began after the last read. Answers how many links were closed.
 */
export async function settleAbsent(
  tx: Transaction,
  fence: Fence,
  relationship: string,
  settled: readonly string[],
): Promise<number> {
  const values = [tx.tenantNo, fence.sessionId, relationship];
  await tx.change(
    `delete from link_absent a where a.tenant_no = $1 and a.session_id = $2
       and a.relationship = $3 and not exists (select 1 from link l where l.tenant_no = $1
         and l.relationship = $3 and l.source = a.source and l.target = a.target
         and l.to_point = 2147483647)`,
    values,
  );
  await tx.client.query('delete from page_link');
  const found = await tx.change(
    `${disturbed} insert into page_link (source, target)
     select a.source, a.target from link_absent a
     join object_version v on v.tenant_no = $1 and v.object_key = a.target
       and v.to_point = 2147483647 and v.state = 'live' and v.type = any ($4)
     where a.tenant_no = $1 and a.session_id = $2 and a.relationship = $3
       and not exists (select 1 from touched t where t.tenant_no = $1 and t.session_id = $2
         and t.object_key = a.target and t.target = 0 and t.tick > a.tick)
       and a.source not in (select source from disturbed)`,
    [...values, [...settled]],
  );
  if (found > 0) {
    const page = { relationship, kind: 'relation', targetSpace: '', point: fence.point } as const;
    await endLinks(tx, page);
    await tx.change(
      `delete from link_absent a using page_link p where a.tenant_no = $1 and a.session_id = $2
         and a.relationship = $3 and a.source = p.source and a.target = p.target`,
      values,
    );
  }
  await tx.change(
    `delete from link_absent a using object_version v where a.tenant_no = $1
       and a.session_id = $2 and a.relationship = $3 and v.tenant_no = $1
       and v.object_key = a.target and v.to_point = 2147483647 and v.state = 'softDeleted'
       and v.type = any ($4)`,
    [...values, [...settled]],
  );
  return found;
}

/**
 * Sources whose links were read in several pages while, as rounds tell since, the source or one of its
 * targets was changing: a row may have moved over the border of two pages and was skipped.
 */
const disturbed = `with disturbed as materialized (
  select r.object_key as source from link_read r
  where r.tenant_no = $1 and r.session_id = $2 and r.relationship = $3 and r.side = 's'
    and r.pages > 1
    and exists (select 1 from link_absent a where a.tenant_no = $1 and a.session_id = $2
      and a.relationship = $3 and a.source = r.object_key)
    and exists (select 1 from touched t where t.tenant_no = $1 and t.session_id = $2
      and t.tick > r.tick and (t.object_key = r.object_key
        or exists (select 1 from link l where l.tenant_no = $1 and l.relationship = $3
          and l.source = r.object_key and l.target = t.object_key))))`;

/** Takes the sources of what is still absent; ends without a version are asked elsewhere. */
export async function takeUnsettled(
  tx: Transaction,
  fence: Fence,
  relationship: string,
): Promise<number[]> {
  const rows = await tx.rows<{ source: number }>(
    `delete from link_absent a where a.tenant_no = $1 and a.session_id = $2
       and a.relationship = $3 and exists (select 1 from object_version v
         where v.tenant_no = $1 and v.object_key = a.target and v.to_point = 2147483647)
     returning a.source`,
    [tx.tenantNo, fence.sessionId, relationship],
  );
  return rows.map((row) => row.source);
}

/** Reads that were given up stay due and are not begun again in this session. */
export async function keepDue(
  tx: Transaction,
  fence: Fence,
  relationship: string,
  sources: readonly number[],
): Promise<void> {
  await tx.change(
    `update link_read r set state = 'kept', due_no = d.no from link_due d
     where r.tenant_no = $1 and r.session_id = $2 and r.relationship = $3 and r.side = 's'
       and r.object_key = any ($4) and d.tenant_no = $1 and d.relationship = $3 and d.side = 's'
       and d.object_key = r.object_key`,
    [tx.tenantNo, fence.sessionId, relationship, [...sources]],
  );
}

export interface UnknownEnd {
  readonly key: number;
  readonly objectId: string;
}

/** Ends of open relations that have no version, after a key. */
export async function unknownEnds(
  tx: Transaction,
  after: number,
  relationships: readonly string[],
  limit: number,
): Promise<UnknownEnd[]> {
  return await tx.rows<UnknownEnd>(
    `select o.key, o.object_id as "objectId" from object o
     where o.tenant_no = $1 and o.key > $2 and o.space = 'directory' and o.parent_key = 0
       and (select v.object_key from object_version v where v.tenant_no = $1
         and v.object_key = o.key and v.to_point = 2147483647) is null
       and (exists (select 1 from link l where l.tenant_no = $1 and l.target = o.key
           and l.relationship = any ($3) and l.kind = 'relation' and l.to_point = 2147483647)
         or exists (select 1 from link l where l.tenant_no = $1
           and l.relationship = any ($3) and l.source = o.key and l.kind = 'relation'
           and l.to_point = 2147483647))
     order by o.key limit $4`,
    [tx.tenantNo, after, [...relationships], limit],
  );
}

/** Open links to ends that were asked and are live, though reads of their sources miss them. */
export async function endAbsentOf(
  tx: Transaction,
  fence: Fence,
  relationship: string,
  targets: readonly number[],
): Promise<number> {
  await tx.client.query('delete from page_link');
  const found = await tx.change(
    `insert into page_link (source, target) select source, target from link_absent
     where tenant_no = $1 and session_id = $2 and relationship = $3 and target = any ($4)`,
    [tx.tenantNo, fence.sessionId, relationship, [...targets]],
  );
  if (found === 0) return 0;
  const page = { relationship, kind: 'relation', targetSpace: '', point: fence.point } as const;
  return await endLinks(tx, page);
}
