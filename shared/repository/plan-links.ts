import type { Transaction } from './database.ts';

/** An end of a link as it was found: its address, and its state at the point asked for. */
export interface LinkEndRow {
  readonly key: number;
  readonly objectId: string;
  readonly type: string;
  readonly state: 'live' | 'softDeleted' | null;
  /** First point of the version that is valid there. */
  readonly since: number | null;
}

/** Addresses of objects and their states at a point; `state` is null without a version there. */
export async function linkEndsAt(
  tx: Transaction,
  keys: readonly number[],
  point: number,
): Promise<Map<number, LinkEndRow>> {
  const rows = await tx.rows<LinkEndRow>(
    `select o.key, o.object_id as "objectId", o.type, v.state, v.from_point as since
     from unnest($2::bigint[]) as k (key)
     cross join lateral (select * from object where tenant_no = (select $1::int)
       and key = k.key offset 0) o
     left join lateral (select state, from_point from object_version
       where tenant_no = (select $1::int)
       and object_key = k.key and from_point <= $3 and to_point > $3 offset 0) v on true`,
    [tx.tenantNo, [...keys], point],
  );
  return new Map(rows.map((row) => [row.key, row]));
}

export interface LinkKey {
  readonly relationship: string;
  readonly source: number;
  readonly target: number;
}

/** Those of the links that have a row at the point, dormant ones included: `rel source target`. */
export async function linksAt(
  tx: Transaction,
  links: readonly LinkKey[],
  point: number,
): Promise<Set<string>> {
  const rows = await tx.rows<LinkKey>(
    `select k.relationship, k.source, k.target
     from unnest($2::text[], $3::bigint[], $4::bigint[]) as k (relationship, source, target)
     cross join lateral (select source from link where tenant_no = (select $1::int)
       and relationship = k.relationship and source = k.source and target = k.target
       and from_point <= $5 and to_point > $5 offset 0) l`,
    [
      tx.tenantNo,
      links.map((link) => link.relationship),
      links.map((link) => link.source),
      links.map((link) => link.target),
      point,
    ],
  );
  return new Set(rows.map(linkName));
}

export function linkName({ relationship, source, target }: LinkKey): string {
  return `${relationship} ${source} ${target}`;
}

export interface ChildEndingRow {
  readonly parentKey: number;
  readonly objectId: string;
  /** First point at which the child was not live any more. */
  readonly endedAt: number;
}

/** When the children of the parents were last live. */
export async function childEndings(
  tx: Transaction,
  parents: readonly number[],
  spaces: readonly string[],
): Promise<ChildEndingRow[]> {
  return await tx.rows<ChildEndingRow>(
    `select o.parent_key as "parentKey", o.object_id as "objectId", max(v.to_point) as "endedAt"
     from unnest($2::bigint[]) as p (key)
     cross join unnest($3::text[]) as s (space)
     cross join lateral (select * from object where tenant_no = (select $1::int) and space = s.space
       and parent_key = p.key offset 0) o
     cross join lateral (select to_point from object_version where tenant_no = (select $1::int)
       and object_key = o.key and state = 'live' offset 0) v
     group by o.parent_key, o.object_id`,
    [tx.tenantNo, [...parents], [...spaces]],
  );
}

export interface ReferrerRow {
  readonly relationship: string;
  readonly sourceKey: number;
  readonly sourceId: string;
  readonly sourceType: string;
  readonly targetId: string;
}

/** Live objects whose bodies refer to one of the targets at a point. */
export async function referrersAt(
  tx: Transaction,
  targets: readonly number[],
  point: number,
): Promise<ReferrerRow[]> {
  return await tx.rows<ReferrerRow>(
    `select l.relationship, s.key as "sourceKey", s.object_id as "sourceId",
       s.type as "sourceType", t.object_id as "targetId"
     from unnest($2::bigint[]) as k (key)
     cross join lateral (select relationship, source from link where tenant_no = (select $1::int)
       and target = k.key and kind = 'embedded' and from_point <= $3 and to_point > $3 offset 0) l
     cross join lateral (select * from object where tenant_no = (select $1::int)
       and key = l.source offset 0) s
     cross join lateral (select * from object where tenant_no = (select $1::int)
       and key = k.key offset 0) t
     cross join lateral (select state from object_version where tenant_no = (select $1::int)
       and object_key = l.source and state = 'live' and from_point <= $3 and to_point > $3
       offset 0) v
     order by s.object_id, l.relationship, t.object_id`,
    [tx.tenantNo, [...targets], point],
  );
}

/**
 * Live bodies of the types at a point that contain a text, after a key, in key order. A plain search
 * in the text: no JSON operator touches a body.
 */
export async function bodiesContaining(
  tx: Transaction,
  types: readonly string[],
  text: string,
  point: number,
  after: number,
  top: number,
): Promise<{ key: number; objectId: string; type: string; body: string }[]> {
  return await tx.rows(
    `select o.key, o.object_id as "objectId", o.type, v.body::text as body from object_version v
     join object o on o.tenant_no = (select $1::int) and o.key = v.object_key
     where v.tenant_no = (select $1::int)
       and v.type = any ($2) and v.object_key > $5 and v.state = 'live'
       and v.from_point <= $4 and v.to_point > $4 and position($3 in v.body::text) > 0
     order by v.object_key limit $6`,
    [tx.tenantNo, [...types], text, point, after, top],
  );
}

/** Keys of directory objects by id; ids nobody knows are missing. */
export async function directoryKeys(
  tx: Transaction,
  ids: readonly string[],
): Promise<Map<string, number>> {
  const rows = await tx.rows<{ id: string; key: number }>(
    `select o.object_id as id, o.key from unnest($2::text[]) as i (id)
     cross join lateral (select key, object_id from object where tenant_no = (select $1::int)
       and space = 'directory' and parent_key = 0 and object_id = i.id offset 0) o`,
    [tx.tenantNo, [...ids]],
  );
  return new Map(rows.map((row) => [row.id, row.key]));
}
