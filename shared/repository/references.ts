// Shows ids with their names: as they were at a point, else as the newest version that knew them.
import type { Reference } from '../model/reference.ts';
import type { Transaction } from './database.ts';
import { successorsOf } from './identity-map.ts';

interface Row {
  readonly key: number;
  readonly space: string;
  readonly type: string;
  readonly object_id: string;
  readonly parent_id: string | null;
  /** At the point; null when no version is valid there. */
  readonly state: 'live' | 'softDeleted' | null;
  /** Any version up to the head. */
  readonly known: boolean;
  readonly label: string | null;
  readonly body: string | null;
}

// The version at the point wins when it has a name; otherwise the newest one up to the head that has.
const select = `
select o.key, o.space, coalesce(at_point.type, newest.type, o.type) as type, o.object_id,
  p.object_id as parent_id, at_point.state,
  (at_point.state is not null or newest.type is not null or exists (
    select from object_version v where v.tenant_no = (select $1::int) and v.object_key = o.key
      and v.from_point <= t.head_point)) as known,
  coalesce(at_point.label, newest.label) as label,
  case when coalesce(at_point.type, newest.type) = any ($4)
    then coalesce(case when at_point.label is not null then at_point.body end, newest.body,
      at_point.body)::text end as body
from unnest($2::bigint[]) as k (key)
-- offset 0: one look into the index per key, where a join would read all objects of the tenant
cross join lateral (select * from object where tenant_no = (select $1::int)
  and key = k.key offset 0) o
join tenant t on t.tenant_no = (select $1::int)
left join lateral (select object_id from object where tenant_no = (select $1::int)
  and key = o.parent_key
  offset 0) p on true
left join lateral (select type, state, label, body from object_version
  where tenant_no = (select $1::int)
  and object_key = o.key and from_point <= $3 and to_point > $3 offset 0) at_point on true
left join lateral (
  select v.type, v.label, v.body from object_version v
  where at_point.label is null and v.tenant_no = (select $1::int) and v.object_key = o.key
    and v.from_point <= t.head_point and v.label is not null
  order by v.from_point desc limit 1
) newest on true`;

/** Types whose bodies carry a second name that people know them by. */
const named = ['user', 'servicePrincipal', 'application'];

/** What is known of an id of a space without any backup; undefined when nothing is. */
export type KnownBefore = (
  space: string,
  id: string,
) => Pick<Reference, 'type' | 'displayName' | 'state'> | undefined;

/**
 * References for keys at a point (not above the head); keys that do not exist are left out. What no
 * version names is named by `knownBefore`.
 */
export async function resolveReferences(
  tx: Transaction,
  keys: readonly number[],
  point: number,
  knownBefore?: KnownBefore,
): Promise<Map<number, Reference>> {
  const wanted = [...new Set(keys)];
  if (wanted.length === 0) return new Map();
  const rows = await tx.rows<Row>(select, [tx.tenantNo, wanted, point, named]);
  const currentIds = await currentIdsOf(tx, wanted);
  const references = rows.map((row): [number, Reference] => {
    const known = row.known ? undefined : knownBefore?.(row.space, row.object_id);
    return [row.key, { ...referenceOf(row, currentIds.get(row.key)), ...known }];
  });
  return new Map(references);
}

/** Ids under which objects live now, where the identity map leads elsewhere. */
async function currentIdsOf(
  tx: Transaction,
  keys: readonly number[],
): Promise<ReadonlyMap<number, string>> {
  const successors = await successorsOf(tx, keys);
  const last = new Map<number, number>();
  for (const [key, chain] of successors) {
    const end = chain.at(-1);
    if (end !== undefined) last.set(key, end);
  }
  if (last.size === 0) return new Map();
  const rows = await tx.rows<{ key: number; object_id: string }>(
    'select key, object_id from object where tenant_no = $1 and key = any ($2::bigint[])',
    [tx.tenantNo, [...new Set(last.values())]],
  );
  const ids = new Map(rows.map((row) => [row.key, row.object_id]));
  return new Map([...last].map(([key, end]) => [key, ids.get(end) ?? '']));
}

function referenceOf(row: Row, currentId: string | undefined): Reference {
  const body = row.body === null ? {} : (JSON.parse(row.body) as Readonly<Record<string, unknown>>);
  const text = (name: string): string | undefined => {
    const value = body[name];
    return typeof value === 'string' ? value : undefined;
  };
  const userPrincipalName = text('userPrincipalName');
  const appId = text('appId');
  return {
    id: row.parent_id === null ? row.object_id : `${row.parent_id}~${row.object_id}`,
    type: row.type,
    displayName: row.label,
    ...(userPrincipalName === undefined ? {} : { userPrincipalName }),
    ...(appId === undefined ? {} : { appId }),
    state: stateOf(row),
    ...(currentId === undefined ? {} : { currentId }),
  };
}

function stateOf(row: Row): Reference['state'] {
  if (row.state === 'live') return 'live';
  if (row.state === 'softDeleted') return 'recycleBin';
  return row.known ? 'gone' : 'unknown';
}
