import { copyRows } from './binary-copy.ts';
import type { Transaction } from './database.ts';

export type LinkKind = 'relation' | 'embedded';

/** A link as a page shows it: the source by a reference into `page_source`. */
export type Edge = readonly [sourceRef: string, targetId: string];

export interface LinkPage {
  readonly relationship: string;
  readonly kind: LinkKind;
  /** Space of the targets; ids without a row get one of type unknown. */
  readonly targetSpace: string;
  readonly point: number;
}

// The temporary tables lead: `lateral ... offset 0` and scalar sub-selects look each row up by its
// key, whatever the planner knows about the tenant. A join may turn into a loop over whole tables
// while these are new or the tenant is one of many.

/** Names the sources of a page by their ids; ids without a key are left out. */
export async function nameSources(
  tx: Transaction,
  space: string,
  ids: readonly string[],
): Promise<void> {
  await tx.change(
    `insert into page_source (ref, key) select i.id, o.key from unnest($3::text[]) as i (id)
     cross join lateral (select key from object where tenant_no = $1 and space = $2
       and parent_key = 0 and object_id = i.id offset 0) o`,
    [tx.tenantNo, space, [...ids]],
  );
}

/** Names as sources the rows of `page_object` whose version changed, by their number. */
export async function nameChangedObjects(tx: Transaction): Promise<number> {
  return await tx.change(
    `insert into page_source (ref, key) select ord::text, key from page_key where not same`,
  );
}

/** Brings edges into `page_link` as pairs of keys; targets without a key get one. */
export async function copyLinks(
  tx: Transaction,
  page: LinkPage,
  edges: readonly Edge[],
): Promise<void> {
  await tx.client.query('delete from page_edge; delete from page_link');
  await copyRows(tx, 'page_edge', { ref: 'text', target_id: 'text' }, edges);
  await pairKeys(tx, page);
  const unknown = await tx.change('delete from page_link where target is null');
  if (unknown === 0) return;
  await tx.change(
    `insert into object (tenant_no, space, type, object_id)
     select $1, $2, 'unknown', e.target_id from (select distinct target_id from page_edge) e
     where (select o.key from object o where o.tenant_no = $1 and o.space = $2
       and o.parent_key = 0 and o.object_id = e.target_id) is null
     order by e.target_id on conflict do nothing`,
    [tx.tenantNo, page.targetSpace],
  );
  await tx.client.query('delete from page_link');
  await pairKeys(tx, page);
}

/** Mostly all targets are known by now: those that are not give a pair without one. */
async function pairKeys(tx: Transaction, page: LinkPage): Promise<void> {
  await tx.change(
    `insert into page_link (source, target) select distinct s.key, o.key from page_edge e
     join page_source s on s.ref = e.ref
     left join lateral (select key from object where tenant_no = $1 and space = $2
       and parent_key = 0 and object_id = e.target_id offset 0) o on true`,
    [tx.tenantNo, page.targetSpace],
  );
}

/** Opens the links in `page_link`: reopens those closed at N, inserts missing ones; rows changed. */
export async function openLinks(tx: Transaction, page: LinkPage): Promise<number> {
  const values = [tx.tenantNo, page.relationship, page.point];
  const counts = await tx.row<{ inserted: number; closed: number }>(
    `with missing as materialized (
       select p.source, p.target, l.closed from page_link p cross join lateral (
         select bool_or(to_point = 2147483647) as open, bool_or(to_point = $3) as closed from link
         where tenant_no = $1 and relationship = $2 and source = p.source and target = p.target) l
       where l.open is not true),
     inserted as (
       insert into link (tenant_no, relationship, kind, source, target, from_point)
       select $1, $2, $4, source, target, $3 from missing where closed is not true
       order by source, target on conflict do nothing returning 1)
     select (select count(*) from inserted) as inserted,
       (select count(*) from missing where closed) as closed`,
    [...values, page.kind],
  );
  const { inserted, closed } = counts ?? { inserted: 0, closed: 0 };
  if (closed === 0) return inserted;
  const reopened = await tx.change(
    `update link l set to_point = 2147483647 from page_link p
     where l.tenant_no = $1 and l.relationship = $2 and l.source = p.source
       and l.target = p.target and l.to_point = $3`,
    values,
  );
  return inserted + reopened;
}

/** Ends the links in `page_link` (a delta round says that they were removed); rows changed. */
export async function endLinks(tx: Transaction, page: LinkPage): Promise<number> {
  const values = [tx.tenantNo, page.relationship, page.point];
  const deleted = await tx.change(
    `delete from link l using page_link p where l.tenant_no = $1 and l.relationship = $2
       and l.source = p.source and l.target = p.target and l.from_point = $3
       and l.to_point = 2147483647`,
    values,
  );
  const closed = await tx.change(
    `update link l set to_point = $3 from page_link p where l.tenant_no = $1
       and l.relationship = $2 and l.source = p.source and l.target = p.target
       and l.to_point = 2147483647`,
    values,
  );
  return deleted + closed;
}

/** Ends the links of the sources that `page_link` does not hold: for sets whose body is evidence. */
export async function endOthers(tx: Transaction, page: LinkPage): Promise<number> {
  await tx.change(
    `create temp table if not exists page_kept (source bigint, target bigint)
       on commit delete rows`,
  );
  await tx.client.query('delete from page_kept');
  await tx.change('insert into page_kept select source, target from page_link');
  await tx.client.query('delete from page_link');
  await tx.change(
    `insert into page_link (source, target) select l.source, l.target from page_source s
     cross join lateral (select source, target from link where tenant_no = $1
       and relationship = $2 and source = s.key and to_point = 2147483647 offset 0) l
     where not exists (select 1 from page_kept k where k.source = l.source
       and k.target = l.target)`,
    [tx.tenantNo, page.relationship],
  );
  return await endLinks(tx, page);
}

/**
 * Ends what a purge of these objects ends: relations at both ends, and the references in their own
 * bodies. References to them stay in the bodies that hold them. `relationships` are all there are:
 * the key of a link begins with it.
 */
export async function endLinksOfGone(
  tx: Transaction,
  point: number,
  keys: readonly number[],
  relationships: readonly string[],
): Promise<number> {
  if (keys.length === 0) return 0;
  await tx.client.query('delete from page_link');
  let ended = 0;
  for (const relationship of relationships) {
    await tx.client.query('delete from page_link');
    const found = await tx.change(
      `insert into page_link (source, target)
       select source, target from link where tenant_no = $1 and relationship = $2
         and source = any ($3) and to_point = 2147483647
       union
       select source, target from link where tenant_no = $1 and relationship = $2
         and target = any ($3) and kind = 'relation' and to_point = 2147483647`,
      [tx.tenantNo, relationship, [...keys]],
    );
    if (found > 0) {
      ended += await endLinks(tx, { relationship, kind: 'relation', targetSpace: '', point });
    }
  }
  return ended;
}

/** Whether the source has open links from before point N. */
export async function hasOlderLinks(
  tx: Transaction,
  relationship: string,
  source: number,
  point: number,
): Promise<boolean> {
  const row = await tx.row(
    `select 1 from link where tenant_no = $1 and relationship = $2 and source = $3
       and to_point = 2147483647 and from_point < $4 limit 1`,
    [tx.tenantNo, relationship, source, point],
  );
  return row !== undefined;
}
