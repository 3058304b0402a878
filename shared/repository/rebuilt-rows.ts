// What a rebuild writes: a whole tenant in one transaction, so that nobody sees a part of it. Nothing
// here reads a copy or decides what is right; it answers how many rows each batch has met.
import { BackupError } from '../errors/backup-error.ts';
import { type CopyType, type CopyValue, copyRows } from './binary-copy.ts';
import type { Database, Transaction } from './database.ts';

export interface CopiedObject {
  readonly key: number;
  readonly space: string;
  readonly type: string;
  readonly id: string;
  readonly parent: number;
}

export interface CopiedVersion {
  readonly key: number;
  readonly type: string;
  readonly state: string;
  readonly from: number;
  readonly to: number | null;
  /** Hexadecimal. */
  readonly hash: string | null;
  readonly label: string | null;
  readonly search: string | null;
  /** Canonical text. */
  readonly body: string | null;
  readonly endReason: string | null;
  readonly purgeAt: string | null;
}

export interface CopiedVersionEnd {
  readonly key: number;
  readonly from: number;
  readonly to: number;
  readonly endReason: string | null;
}

export interface CopiedLinkEnd {
  readonly relationship: string;
  readonly source: number;
  readonly target: number;
  readonly from: number;
  readonly to: number;
}

export interface CopiedLink extends Omit<CopiedLinkEnd, 'to'> {
  readonly kind: string;
  readonly to: number | null;
}

/**
 * Runs `work` in one transaction of a tenant that this transaction registers; nothing of it is seen
 * before the end. Throws `tenantExists` when the database holds that tenant, also half-way elsewhere.
 */
export async function asNewTenant<T>(
  database: Database,
  tenantId: string,
  work: (tx: Transaction) => Promise<T>,
): Promise<T> {
  return await database.withRegistry(async (registry) => {
    const row = await registry.row<{ no: number }>(
      `insert into tenant (tenant_id, display_name) values ($1, '')
       on conflict (tenant_id) do nothing returning tenant_no as no`,
      [tenantId],
    );
    if (row === undefined) {
      throw new BackupError('tenantExists', `the database holds the tenant ${tenantId}`);
    }
    // a copy is read inside of it, for as long as that takes
    await registry.rows(
      `select set_config('app.tenant_no', $1, true), set_config('statement_timeout', '0', true),
         set_config('idle_in_transaction_session_timeout', '0', true)`,
      [String(row.no)],
    );
    await makeBatches(registry);
    return await work({ ...registry, tenantNo: row.no });
  });
}

const sqlTypes: Readonly<Record<CopyType, string>> = {
  int: 'int',
  bigint: 'bigint',
  bool: 'boolean',
  text: 'text collate "C"',
  bytes: 'bytea',
};

const batches = {
  rebuilt_object: { key: 'bigint', space: 'text', type: 'text', id: 'text', parent: 'bigint' },
  rebuilt_version: {
    ...{ key: 'bigint', type: 'text', state: 'text', from_point: 'int', to_point: 'int' },
    ...{ hash: 'bytes', label: 'text', search: 'text', body: 'text' },
    ...{ end_reason: 'text', purge_at: 'text' },
  },
  rebuilt_version_end: { key: 'bigint', from_point: 'int', to_point: 'int', end_reason: 'text' },
  rebuilt_link: {
    ...{ relationship: 'text', kind: 'text', source: 'bigint', target: 'bigint' },
    ...{ from_point: 'int', to_point: 'int' },
  },
  rebuilt_link_end: {
    ...{ relationship: 'text', source: 'bigint', target: 'bigint' },
    ...{ from_point: 'int', to_point: 'int' },
  },
} as const satisfies Record<string, Record<string, CopyType>>;

async function makeBatches(tx: Transaction): Promise<void> {
  for (const [table, columns] of Object.entries(batches)) {
    const list = Object.entries(columns).map(([name, type]) => `${name} ${sqlTypes[type]}`);
    await tx.change(`create temp table ${table} (${list.join(', ')}) on commit drop`);
  }
}

async function fill(
  tx: Transaction,
  table: keyof typeof batches,
  rows: readonly (readonly CopyValue[])[],
): Promise<void> {
  await tx.change(`truncate ${table}`);
  await copyRows(tx, table, batches[table], rows);
}

/** Enters objects; one that is there takes the type it has here. */
export async function rebuildObjects(
  tx: Transaction,
  rows: readonly CopiedObject[],
): Promise<number> {
  const values = rows.map((row) => [row.key, row.space, row.type, row.id, row.parent]);
  await fill(tx, 'rebuilt_object', values);
  return await tx.change(
    `insert into object (tenant_no, key, space, type, object_id, parent_key)
     select $1, key, space, type, id, parent from rebuilt_object
     on conflict (tenant_no, key) do update set type = excluded.type
       where object.space = excluded.space and object.object_id = excluded.object_id
         and object.parent_key = excluded.parent_key`,
    [tx.tenantNo],
  );
}

export async function rebuildVersions(
  tx: Transaction,
  rows: readonly CopiedVersion[],
): Promise<number> {
  const values = rows.map((row) => [
    ...[row.key, row.type, row.state, row.from, row.to],
    row.hash === null ? null : Buffer.from(row.hash, 'hex'),
    ...[row.label, row.search, row.body, row.endReason, row.purgeAt],
  ]);
  await fill(tx, 'rebuilt_version', values);
  return await tx.change(
    `insert into object_version (tenant_no, object_key, type, state, from_point, to_point, hash,
       label, search, body, end_reason, purge_at)
     select $1, key, type, state, from_point, coalesce(to_point, 2147483647), hash, label, search,
       body::json, end_reason, purge_at::timestamptz from rebuilt_version`,
    [tx.tenantNo],
  );
}

export async function endRebuiltVersions(
  tx: Transaction,
  rows: readonly CopiedVersionEnd[],
): Promise<number> {
  const values = rows.map((row) => [row.key, row.from, row.to, row.endReason]);
  await fill(tx, 'rebuilt_version_end', values);
  return await tx.change(
    `update object_version v set to_point = e.to_point, end_reason = e.end_reason
     from rebuilt_version_end e where v.tenant_no = $1 and v.object_key = e.key
       and v.from_point = e.from_point and v.to_point = 2147483647`,
    [tx.tenantNo],
  );
}

export async function rebuildLinks(tx: Transaction, rows: readonly CopiedLink[]): Promise<number> {
  const values = rows.map((row) => [
    ...[row.relationship, row.kind, row.source, row.target, row.from, row.to],
  ]);
  await fill(tx, 'rebuilt_link', values);
  return await tx.change(
    `insert into link (tenant_no, relationship, kind, source, target, from_point, to_point)
     select $1, relationship, kind, source, target, from_point, coalesce(to_point, 2147483647)
     from rebuilt_link`,
    [tx.tenantNo],
  );
}

export async function endRebuiltLinks(
  tx: Transaction,
  rows: readonly CopiedLinkEnd[],
): Promise<number> {
  const values = rows.map((row) => [row.relationship, row.source, row.target, row.from, row.to]);
  await fill(tx, 'rebuilt_link_end', values);
  return await tx.change(
    `update link l set to_point = e.to_point from rebuilt_link_end e
     where l.tenant_no = $1 and l.relationship = e.relationship and l.source = e.source
       and l.target = e.target and l.from_point = e.from_point and l.to_point = 2147483647`,
    [tx.tenantNo],
  );
}

const plainTables = {
  point: {
    table: 'restore_point',
    columns: `number, session_id, window_start, window_end, state, suspicious, acknowledged_at,
      acknowledged_by, acknowledge_reason, reasons, label, hold, counts, digests, expired_at,
      created_at`,
  },
  collectionState: {
    table: 'collection_state',
    columns: `point, collection, state, window_start, window_end, as_of, unsettled, reason,
      catalogue_revision, captured, statistics`,
  },
  identity: {
    table: 'identity_map',
    columns: 'old_key, new_key, restore_id, source, created_at',
  },
  job: {
    table: 'job',
    columns: 'name, kind, cron, time_zone, spread_seconds, sources, next_run_at, last_run_at',
  },
} as const;

/** Enters rows that PostgreSQL had written as JSON. */
export async function rebuildPlainRows(
  tx: Transaction,
  kind: keyof typeof plainTables,
  rows: readonly object[],
): Promise<number> {
  const { table, columns } = plainTables[kind];
  return await tx.change(
    `insert into ${table} (tenant_no, ${columns})
     select $1, ${columns} from json_populate_recordset(null::${table}, $2::json)`,
    [tx.tenantNo, JSON.stringify(rows)],
  );
}

/** Forgets labels, holds and so on, and the identity map: all of them follow. */
export async function forgetRebuiltState(tx: Transaction): Promise<void> {
  await tx.change(
    `update restore_point set label = null, hold = false, acknowledged_at = null,
       acknowledged_by = null, acknowledge_reason = null, expired_at = null where tenant_no = $1`,
    [tx.tenantNo],
  );
  await tx.change('delete from identity_map where tenant_no = $1', [tx.tenantNo]);
}

export async function forgetRebuiltJobs(tx: Transaction): Promise<void> {
  await tx.change('delete from job where tenant_no = $1', [tx.tenantNo]);
}

/** Labels, holds, acknowledgements and expiry of points that are there. */
export async function markRebuiltPoints(tx: Transaction, rows: readonly object[]): Promise<number> {
  return await tx.change(
    `update restore_point p set label = m.label, hold = m.hold,
       acknowledged_at = m.acknowledged_at, acknowledged_by = m.acknowledged_by,
       acknowledge_reason = m.acknowledge_reason, expired_at = m.expired_at
     from json_populate_recordset(null::restore_point, $2::json) m
     where p.tenant_no = $1 and p.number = m.number`,
    [tx.tenantNo, JSON.stringify(rows)],
  );
}

/** The settings of the tenant; 0 when they are those of another one. */
export async function rebuildTenantRow(tx: Transaction, row: object): Promise<number> {
  return await tx.change(
    `update tenant t set display_name = r.display_name, cloud = r.cloud, state = r.state,
       configuration = r.configuration, revision = r.revision, created_at = r.created_at,
       updated_at = r.updated_at
     from json_populate_record(null::tenant, $2::json) r
     where t.tenant_no = $1 and t.tenant_id = r.tenant_id`,
    [tx.tenantNo, JSON.stringify(row)],
  );
}

/** Publishes the points up to `head`, and keeps new keys behind those that were copied. */
export async function finishRebuild(tx: Transaction, head: number, maxKey: number): Promise<void> {
  await tx.change('update tenant set head_point = $2 where tenant_no = $1', [tx.tenantNo, head]);
  await tx.rows(
    `select setval('object_key', $1::bigint) where $1::bigint > (select last_value from object_key)`,
    [maxKey],
  );
}

/** Digests that the head claims for its types, as they were computed when it was published. */
export async function claimedDigests(
  tx: Transaction,
  point: number,
): Promise<ReadonlyMap<string, string> | undefined> {
  const row = await tx.row<{ digests: string }>(
    'select digests from restore_point where tenant_no = $1 and number = $2',
    [tx.tenantNo, point],
  );
  if (row === undefined) return undefined;
  return new Map(Object.entries(JSON.parse(row.digests) as Record<string, string>));
}
