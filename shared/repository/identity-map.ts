import { BackupError } from '../errors/backup-error.ts';
import type { Transaction } from './database.ts';

export interface IdentityRow {
  readonly oldKey: number;
  readonly newKey: number;
  readonly oldId: string;
  readonly newId: string;
  readonly type: string;
  readonly source: 'restore' | 'manual';
  readonly restoreId: string | null;
  readonly createdAt: Date;
}

const select = `
select m.old_key as "oldKey", m.new_key as "newKey", a.object_id as "oldId", b.object_id as "newId",
  b.type, m.source, m.restore_id as "restoreId", m.created_at as "createdAt"
from identity_map m
join object a on a.tenant_no = $1 and a.key = m.old_key
join object b on b.tenant_no = $1 and b.key = m.new_key
where m.tenant_no = $1`;

/** Rows after `after` (an old key), in key order. */
export async function listIdentities(
  tx: Transaction,
  top: number,
  after = 0,
): Promise<IdentityRow[]> {
  return await tx.rows<IdentityRow>(`${select} and m.old_key > $2 order by m.old_key limit $3`, [
    tx.tenantNo,
    after,
    top,
  ]);
}

/** Old object id -> new object id of the whole tenant, one step each. */
export async function readIdentityMap(tx: Transaction): Promise<Map<string, string>> {
  const rows = await tx.rows<{ oldId: string; newId: string }>(
    `select a.object_id as "oldId", b.object_id as "newId" from identity_map m
     join object a on a.tenant_no = $1 and a.key = m.old_key
     join object b on b.tenant_no = $1 and b.key = m.new_key
     where m.tenant_no = $1`,
    [tx.tenantNo],
  );
  return new Map(rows.map((row) => [row.oldId, row.newId]));
}

/** For each key the keys that follow it in the map, nearest first; keys without one are missing. */
export async function successorsOf(
  tx: Transaction,
  keys: readonly number[],
): Promise<Map<number, number[]>> {
  const rows = await tx.rows<{ key: number; next: number }>(
    `with recursive chain (key, next, depth) as (
       select old_key, new_key, 1 from identity_map
       where tenant_no = $1 and old_key = any ($2::bigint[])
       union all
       select c.key, m.new_key, c.depth + 1 from chain c
       join identity_map m on m.tenant_no = $1 and m.old_key = c.next
       where c.depth < 64
     ) select key, next from chain order by key, depth`,
    [tx.tenantNo, [...keys]],
  );
  const successors = new Map<number, number[]>();
  for (const { key, next } of rows) successors.set(key, [...(successors.get(key) ?? []), next]);
  return successors;
}

/** Enters that an object lives under a new key now; the same entry again is nothing. */
export async function mapIdentity(
  tx: Transaction,
  entry: {
    readonly oldKey: number;
    readonly newKey: number;
    readonly source: 'restore' | 'manual';
    readonly restoreId?: string;
  },
): Promise<void> {
  await tx.change(
    `insert into identity_map (tenant_no, old_key, new_key, restore_id, source)
     values ($1, $2, $3, $4, $5) on conflict do nothing`,
    [tx.tenantNo, entry.oldKey, entry.newKey, entry.restoreId ?? null, entry.source],
  );
  const row = await tx.row<{ new_key: number }>(
    'select new_key from identity_map where tenant_no = $1 and old_key = $2',
    [tx.tenantNo, entry.oldKey],
  );
  if (row?.new_key !== entry.newKey) {
    throw new BackupError('invalidState', `object ${entry.oldKey} is mapped to another object`);
  }
}

/** Keys that were mapped to others: each names an object that was created again. */
export async function mappedKeys(tx: Transaction): Promise<number[]> {
  const rows = await tx.rows<{ key: number }>(
    'select old_key as key from identity_map where tenant_no = $1 order by old_key',
    [tx.tenantNo],
  );
  return rows.map(({ key }) => key);
}

/** True when somebody has mapped an object by hand since the plan was asked for. */
export async function isMappedSince(tx: Transaction, planId: string): Promise<boolean> {
  const row = await tx.row(
    `select 1 from identity_map m join restore_plan p on p.tenant_no = $1 and p.id = $2
     where m.tenant_no = $1 and m.source = 'manual' and m.created_at > p.created_at limit 1`,
    [tx.tenantNo, planId],
  );
  return row !== undefined;
}
