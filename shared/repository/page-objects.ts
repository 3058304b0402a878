import { copyRows } from './binary-copy.ts';
import type { Transaction } from './database.ts';

/** One object as a page brings it. */
export interface ObjectRow {
  readonly space: string;
  /** 0 for all but children and facets. */
  readonly parentKey: number;
  readonly objectId: string;
  readonly type: string;
  readonly hash: Buffer;
  readonly label: string | null;
  readonly search: string | null;
  /** Canonical text. */
  readonly body: string;
}

const columns = {
  ord: 'int',
  space: 'text',
  parent_key: 'bigint',
  object_id: 'text',
  type: 'text',
  state: 'text',
  hash: 'bytes',
  label: 'text',
  search: 'text',
  body: 'text',
} as const;

/** Temporary tables of this connection; empty at the end of each transaction. */
const tables = `
  create temp table if not exists page_object (ord int, space text collate "C", parent_key bigint,
    object_id text collate "C", type text collate "C", state text collate "C", hash bytea,
    label text, search text, body json, purge_at timestamptz) on commit delete rows;
  create temp table if not exists page_key (ord int, key bigint, known_type text, open_from int,
    old_state text, same boolean, reopen_from int) on commit delete rows;
  create temp table if not exists page_gone (object_id text collate "C", purge_at timestamptz)
    on commit delete rows;
  create temp table if not exists page_link (source bigint, target bigint) on commit delete rows`;

/** Makes the temporary tables and empties those an earlier page of this transaction has used. */
export async function openPage(tx: Transaction): Promise<void> {
  await tx.client.query(`set local client_min_messages = warning; ${tables};
    delete from page_object; delete from page_key; delete from page_gone;
    delete from page_link`);
}

/** Brings the rows of a page, live and one for each object, into `page_object` and finds or makes their keys. */
export async function copyObjects(tx: Transaction, rows: readonly ObjectRow[]): Promise<void> {
  await copyRows(
    tx,
    'page_object',
    columns,
    rows.map((row, ord) => [
      ord,
      row.space,
      row.parentKey,
      row.objectId,
      row.type,
      'live',
      row.hash,
      row.label,
      row.search,
      row.body,
    ]),
  );
  await insertKeys(tx);
}

/** Keys are for ever: only missing ones are inserted, in order, so that pages cannot deadlock. */
async function insertKeys(tx: Transaction): Promise<void> {
  await tx.change(
    `insert into object (tenant_no, space, type, object_id, parent_key)
     select $1, p.space, p.type, p.object_id, p.parent_key from page_object p
     where (select o.key from object o where o.tenant_no = (select $1::int) and o.space = p.space
       and o.parent_key = p.parent_key and o.object_id = p.object_id) is null
     order by p.space, p.parent_key, p.object_id
     on conflict do nothing`,
    [tx.tenantNo],
  );
}

/**
 * Fills `page_object` with what the ids in `page_gone` are now, as softDeleted: the last known body,
 * or none. Ids nobody knows get a key of `type`.
 */
export async function copySoftDeleted(tx: Transaction, space: string, type: string): Promise<void> {
  await tx.change(
    `insert into page_object (ord, space, parent_key, object_id, type, state, hash, label, search,
       body, purge_at)
     select row_number() over (order by g.object_id), $2, 0, g.object_id, $3, 'softDeleted', v.hash,
       v.label, v.search, v.body, g.purge_at
     from page_gone g
     left join lateral (select key from object where tenant_no = (select $1::int) and space = $2
       and parent_key = 0 and object_id = g.object_id offset 0) o on true
     left join lateral (select hash, label, search, body from object_version
       where tenant_no = $1 and object_key = o.key and to_point = 2147483647 offset 0) v on true`,
    [tx.tenantNo, space, type],
  );
  await insertKeys(tx);
}

/** Fills `page_object` with the children and facets of the ids in `page_gone`, as softDeleted. */
export async function copyPartsSoftDeleted(
  tx: Transaction,
  space: string,
  partSpaces: readonly string[],
): Promise<void> {
  await tx.change(
    `insert into page_object (ord, space, parent_key, object_id, type, state, hash, label, search,
       body, purge_at)
     select row_number() over (order by c.key), c.space, c.parent_key, c.object_id, c.type,
       'softDeleted', v.hash, v.label, v.search, v.body, g.purge_at
     from page_gone g
     cross join lateral (select key from object where tenant_no = (select $1::int) and space = $2
       and parent_key = 0 and object_id = g.object_id offset 0) o
     cross join lateral (select key, space, parent_key, object_id, type from object
       where tenant_no = (select $1::int) and space = any ($3) and parent_key = o.key offset 0) c
     cross join lateral (select hash, label, search, body from object_version
       where tenant_no = $1 and object_key = c.key and to_point = 2147483647 offset 0) v`,
    [tx.tenantNo, space, [...partSpaces]],
  );
}

export interface GoneRow {
  readonly objectId: string;
  readonly purgeAt: Date | null;
}

export async function copyGone(tx: Transaction, rows: readonly GoneRow[]): Promise<void> {
  await tx.change(
    `insert into page_gone select distinct on (id) id, purge_at
     from unnest($1::text[], $2::timestamptz[]) as g (id, purge_at)`,
    [rows.map((row) => row.objectId), rows.map((row) => row.purgeAt)],
  );
}
