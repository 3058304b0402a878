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

/** Names the sources of a page by their ids; ids without a key are left out. */
export async function nameSources(
  tx: Transaction,
  space: string,
  ids: readonly string[],
): Promise<void> {
  await tx.change(
    `insert into page_source (ref, key) select i.id, o.key from unnest($3::text[]) as i (id)
     join object o on o.tenant_no = $1 and o.space = $2 and o.parent_key = 0
       and o.object_id = i.id`,
    [tx.tenantNo, space, [...ids]],
  );
}

/** Names as sources the rows of `page_object` whose version changed, by their number. */
export async function nameChangedObjects(tx: Transaction): Promise<number> {
  return await tx.change(
    `insert into page_source (ref, key) select ord::text, key from page_key where not same`,
  );
}

/** Brings edges into `page_link` as pairs of keys. */
export async function copyLinks(
  tx: Transaction,
  page: LinkPage,
  edges: readonly Edge[],
): Promise<void> {
  await tx.client.query('delete from page_edge; delete from page_link');
  await copyRows(tx, 'page_edge', { ref: 'text', target_id: 'text' }, edges);
  await tx.change(
    `insert into object (tenant_no, space, type, object_id)
     select distinct $1::int, $2, 'unknown', e.target_id from page_edge e
     where not exists (select 1 from object o where o.tenant_no = $1 and o.space = $2
       and o.parent_key = 0 and o.object_id = e.target_id)
     order by 4 on conflict do nothing`,
    [tx.tenantNo, page.targetSpace],
  );
  await tx.change(
    `insert into page_link (source, target) select distinct s.key, o.key from page_edge e
     join page_source s on s.ref = e.ref
     join object o on o.tenant_no = $1 and o.space = $2 and o.parent_key = 0
       and o.object_id = e.target_id`,
    [tx.tenantNo, page.targetSpace],
  );
}

/** Opens the links in `page_link`: reopens those closed at N, inserts missing ones; rows changed. */
export async function openLinks(tx: Transaction, page: LinkPage): Promise<number> {
  const values = [tx.tenantNo, page.relationship, page.point];
  // Sources without any link, as in a first backup: nothing to compare with.
  const known = await tx.row(
    `select 1 from page_source s join link l on l.tenant_no = $1 and l.relationship = $2
       and l.source = s.key limit 1`,
    values.slice(0, 2),
  );
  if (known === undefined) return await insertLinks(tx, page, '');
  const reopened = await tx.change(
    `update link l set to_point = 2147483647 from page_link p
     where l.tenant_no = $1 and l.relationship = $2 and l.source = p.source
       and l.target = p.target and l.to_point = $3`,
    values,
  );
  return (
    reopened +
    (await insertLinks(
      tx,
      page,
      `where not exists (select 1 from link l where l.tenant_no = $1 and l.relationship = $2
         and l.source = p.source and l.target = p.target and l.to_point = 2147483647)`,
    ))
  );
}

async function insertLinks(tx: Transaction, page: LinkPage, missing: string): Promise<number> {
  return await tx.change(
    `insert into link (tenant_no, relationship, kind, source, target, from_point)
     select $1, $2, $4, p.source, p.target, $3 from page_link p ${missing}
     order by p.source, p.target on conflict do nothing`,
    [tx.tenantNo, page.relationship, page.point, page.kind],
  );
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
     join link l on l.tenant_no = $1 and l.relationship = $2 and l.source = s.key
       and l.to_point = 2147483647
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
