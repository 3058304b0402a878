// What a copy of a tenant reads: the rows that the points after one and up to another begin and end,
// page by page in the order of their keys. Everything is clamped to the last of these points, so that a
// backup that runs meanwhile does not show. `rebuilt-rows.ts` is the other direction.
import type { Transaction } from './database.ts';

/** Points after `after` and up to `through`; object keys above `maxKey` were not copied yet. */
export interface CopyRange {
  readonly after: number;
  readonly through: number;
  readonly maxKey: number;
}

/** Kinds of rows, in the order in which a rebuild needs them. */
export const copySections = [
  'object',
  'versionEnd',
  'version',
  'linkEnd',
  'link',
  'point',
  'collectionState',
  'mark',
  'identity',
  'job',
  'tenant',
] as const;

export type CopySection = (typeof copySections)[number];

export interface CopiedPage {
  /** One JSON text per row, without its kind. */
  readonly rows: readonly (object | string)[];
  /** Key of the last row; where the next page begins. */
  readonly last: readonly string[] | undefined;
}

interface Section {
  /** Of $1 tenant, $2 after, $3 through, $4 largest key; one column for each of `keys` at least. */
  readonly from: string;
  readonly columns: string;
  readonly keys: Readonly<Record<string, string>>;
  /** The row is one JSON text that PostgreSQL has made. */
  readonly asText?: boolean;
}

const name = 'text collate "C"';
const clamped = `case when to_point <= $3 then to_point end as "to"`;

const touchedObjects = `(
  select object_key as key from object_version
    where tenant_no = $1 and from_point > $2 and from_point <= $3
  union select source from link where tenant_no = $1 and from_point > $2 and from_point <= $3
  union select target from link where tenant_no = $1 and from_point > $2 and from_point <= $3
  union select old_key from identity_map where tenant_no = $1
  union select new_key from identity_map where tenant_no = $1
  union select key from object where tenant_no = $1 and key > $4
) t join object o using (key) where o.tenant_no = $1`;

const markColumns = `number, label, hold, acknowledged_at, acknowledged_by, acknowledge_reason,
  expired_at`;
const marked = `(label is not null or hold or acknowledged_at is not null
  or expired_at is not null)`;
const settings = `display_name, cloud, state, configuration, revision, created_at, updated_at`;
const schedule = 'name, kind, cron, time_zone, spread_seconds, sources';

const sections: Readonly<Record<CopySection, Section>> = {
  object: {
    columns: 'key, space, type, object_id as id, parent_key as parent',
    from: touchedObjects,
    keys: { key: 'bigint' },
  },
  versionEnd: {
    columns: 'object_key as key, from_point as "from", to_point as "to", end_reason as "endReason"',
    from: `object_version where tenant_no = $1 and to_point > $2 and to_point <= $3
      and from_point <= $2`,
    keys: { object_key: 'bigint', from_point: 'int' },
  },
  version: {
    columns: `object_key as key, type, state, from_point as "from", ${clamped},
      encode(hash, 'hex') as hash, label, search, body::text as body,
      case when to_point <= $3 then end_reason end as "endReason", purge_at::text as "purgeAt"`,
    from: 'object_version where tenant_no = $1 and from_point > $2 and from_point <= $3',
    keys: { object_key: 'bigint', from_point: 'int' },
  },
  linkEnd: {
    columns: 'relationship, source, target, from_point as "from", to_point as "to"',
    from: `link where tenant_no = $1 and to_point > $2 and to_point <= $3 and from_point <= $2`,
    keys: { relationship: name, source: 'bigint', target: 'bigint', from_point: 'int' },
  },
  link: {
    columns: `relationship, kind, source, target, from_point as "from", ${clamped}`,
    from: 'link where tenant_no = $1 and from_point > $2 and from_point <= $3',
    keys: { relationship: name, source: 'bigint', target: 'bigint', from_point: 'int' },
  },
  point: {
    columns: 'row_to_json(r)::text as text',
    from: 'restore_point r where tenant_no = $1 and number > $2 and number <= $3',
    keys: { number: 'int' },
    asText: true,
  },
  collectionState: {
    columns: 'row_to_json(r)::text as text',
    from: 'collection_state r where tenant_no = $1 and point > $2 and point <= $3',
    keys: { point: 'int', collection: name },
    asText: true,
  },
  mark: {
    columns: 'row_to_json(r)::text as text',
    from: `(select ${markColumns} from restore_point
      where tenant_no = $1 and number <= $3 and ${marked}) r where true`,
    keys: { number: 'int' },
    asText: true,
  },
  identity: {
    columns: 'row_to_json(r)::text as text',
    from: 'identity_map r where tenant_no = $1',
    keys: { old_key: 'bigint' },
    asText: true,
  },
  job: {
    columns: 'row_to_json(r)::text as text',
    from: `(select ${schedule}, next_run_at, last_run_at from job where tenant_no = $1) r
      where true`,
    keys: { name },
    asText: true,
  },
  tenant: {
    columns: 'row_to_json(r)::text as text',
    from: `(select tenant_id, ${settings} from tenant where tenant_no = $1) r where true`,
    keys: { tenant_id: 'uuid' },
    asText: true,
  },
};

/** Up to `limit` rows of a section behind the row `place`, in key order. */
export async function copiedPage(
  tx: Transaction,
  section: CopySection,
  range: CopyRange,
  place: readonly string[] | undefined,
  limit: number,
): Promise<CopiedPage> {
  const { columns, keys, asText = false } = sections[section];
  // a full copy takes all objects, also those that nothing refers to yet
  const isAll = section === 'object' && range.after === 0;
  const from = isAll ? 'object where tenant_no = $1' : sections[section].from;
  const names = Object.keys(keys).join(', ');
  const place6 = Object.values(keys).map((type, index) => `$${index + 6}::${type}`);
  const behind = place === undefined ? '' : `and (${names}) > (${place6.join(', ')})`;
  const key = Object.keys(keys).map((each) => `${each}::text`);
  const rows = await tx.rows<{ place: string[]; text: string }>(
    `select ${columns}, array[${key.join(', ')}] as place from ${from} ${behind}
       and $2::int <= $3::int and $4::bigint >= 0
     order by ${names} limit $5`,
    [tx.tenantNo, range.after, range.through, range.maxKey, limit, ...(place ?? [])],
  );
  return {
    rows: rows.map(({ place: _, ...row }) => (asText ? row.text : row)),
    last: rows.at(-1)?.place,
  };
}

export interface CopySource {
  readonly headPoint: number;
  /** Session that published the point; null when there is no such point. */
  readonly session: string | null;
  readonly maxKey: number;
}

/** Head of the tenant, largest object key, and who published the point `number`, or the head. */
export async function copySource(tx: Transaction, number?: number): Promise<CopySource> {
  const row = await tx.row<CopySource>(
    `select t.head_point as "headPoint",
       (select session_id from restore_point p where p.tenant_no = $1
         and p.number = coalesce($2::int, t.head_point) and p.number <= t.head_point) as session,
       (select coalesce(max(key), 0) from object where tenant_no = $1) as "maxKey"
     from tenant t where t.tenant_no = $1`,
    [tx.tenantNo, number ?? null],
  );
  return row ?? { headPoint: 0, session: null, maxKey: 0 };
}

/**
 * True when a point from `from` to before `to` has expired: rows that ended after it may have been
 * purged, so that changes alone do not tell the truth.
 */
export async function hasExpired(tx: Transaction, from: number, to: number): Promise<boolean> {
  const row = await tx.row<{ found: boolean }>(
    `select exists (select from restore_point where tenant_no = $1 and number >= $2 and number < $3
       and expired_at is not null) as found`,
    [tx.tenantNo, from, to],
  );
  return row?.found ?? false;
}

/** SHA-256 of what changes without a point: marks, identity map, settings, schedules. */
export async function stateDigest(tx: Transaction): Promise<string> {
  const texts = [
    `select string_agg(row_to_json(m)::text, ',' order by number) from
       (select ${markColumns} from restore_point where tenant_no = $1 and ${marked}) m`,
    `select string_agg(row_to_json(i)::text, ',' order by old_key) from identity_map i
       where tenant_no = $1`,
    `select string_agg(row_to_json(j)::text, ',' order by name) from
       (select ${schedule} from job where tenant_no = $1) j`,
    `select string_agg(row_to_json(t)::text, ',') from
       (select ${settings} from tenant where tenant_no = $1) t`,
  ].map((text) => `coalesce((${text}), '-')`);
  const row = await tx.row<{ digest: string }>(
    `select encode(sha256(convert_to(concat_ws(E'\\n', ${texts.join(', ')}), 'UTF8')), 'hex')
       as digest`,
    [tx.tenantNo],
  );
  return row?.digest ?? '';
}
