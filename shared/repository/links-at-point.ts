// Links as they were at a point, seen from one object. A link is dormant when its source is not live or
// its target lies in the recycle bin at that point; that is computed, never stored.
import type { Transaction } from './database.ts';

export interface LinkAtPoint {
  readonly relationship: string;
  readonly kind: 'relation' | 'embedded';
  /** Key of the object at the other end. */
  readonly other: number;
  readonly dormant: boolean;
  readonly fromPoint: number;
}

export interface LinkFilter {
  /** outgoing: the object is the source; incoming: it is the target. */
  readonly direction: 'outgoing' | 'incoming';
  /** Names of the relationships looked at: they lead the index of sources. */
  readonly relationships: readonly string[];
  readonly dormant: 'exclude' | 'include' | 'only';
  readonly after?: { readonly relationship: string; readonly other: number } | undefined;
  readonly top: number;
}

const ends = {
  outgoing: { mine: 'source', other: 'target' },
  incoming: { mine: 'target', other: 'source' },
} as const;

/**
 * Links of the object at a point, ordered by relationship and the key of the other end. The position
 * is no comparison of rows: beside the list of relationships PostgreSQL 17 looks one up in the
 * primary key wrongly, and then answers links of other sources too.
 */
export async function listLinksAt(
  tx: Transaction,
  key: number,
  point: number,
  filter: LinkFilter,
): Promise<LinkAtPoint[]> {
  const { mine, other } = ends[filter.direction];
  return await tx.rows<LinkAtPoint>(
    `select * from (
       select l.relationship, l.kind, l.${other} as other, l.from_point as "fromPoint",
         (s.state is distinct from 'live' or coalesce(t.state = 'softDeleted', false)) as dormant
       from link l
       left join object_version s on s.tenant_no = $1 and s.object_key = l.source
         and s.from_point <= $3 and s.to_point > $3
       left join object_version t on t.tenant_no = $1 and t.object_key = l.target
         and t.from_point <= $3 and t.to_point > $3
       where l.tenant_no = $1 and l.${mine} = $2 and l.from_point <= $3 and l.to_point > $3
         and l.relationship = any ($4::text[])
         and l.relationship >= $5 and (l.relationship > $5 or l.${other} > $6::bigint)
     ) found
     where $7 = 'include' or dormant = ($7 = 'only')
     order by relationship, other limit $8`,
    [
      tx.tenantNo,
      key,
      point,
      [...filter.relationships],
      filter.after?.relationship ?? '',
      filter.after?.other ?? 0,
      filter.dormant,
      filter.top,
    ],
  );
}
