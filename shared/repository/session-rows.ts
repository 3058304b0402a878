import type { Transaction } from './database.ts';

/** Working tables of a session, the ledger last. */
const working = [
  'session_stream',
  'seen_object',
  'link_source',
  'touched',
  'confirm_object',
  'child_read',
  'link_read',
  'link_seen',
  'link_absent',
  'page',
] as const;

/** Deletes up to `limit` working rows of an ended session; answers how many. */
export async function deleteWorkingRows(
  tx: Transaction,
  sessionId: string,
  limit: number,
): Promise<number> {
  for (const table of working) {
    const deleted = await tx.change(
      `delete from ${table} where ctid = any (array(select ctid from ${table}
         where tenant_no = $1 and session_id = $2 limit $3))`,
      [tx.tenantNo, sessionId, limit],
    );
    if (deleted > 0) return deleted;
  }
  return 0;
}

/** Ended sessions that still have a page in the ledger or a stream. */
export async function sessionsWithWorkingRows(tx: Transaction): Promise<string[]> {
  const rows = await tx.rows<{ id: string }>(
    `select s.id from session s where s.tenant_no = $1 and s.state in ('committed', 'abandoned')
       and (exists (select 1 from page p where p.tenant_no = $1 and p.session_id = s.id)
         or exists (select 1 from session_stream t where t.tenant_no = $1
           and t.session_id = s.id))`,
    [tx.tenantNo],
  );
  return rows.map((row) => row.id);
}

/** What a collection that starts again, or fails, has noted so far. */
export async function forgetCollection(
  tx: Transaction,
  sessionId: string,
  collection: string,
  relationships: readonly string[],
  children: readonly string[],
): Promise<void> {
  for (const table of ['session_stream', 'confirm_object'] as const) {
    await tx.change(
      `delete from ${table} where tenant_no = $1 and session_id = $2 and collection = $3`,
      [tx.tenantNo, sessionId, collection],
    );
  }
  for (const table of ['link_source', 'link_read', 'link_seen', 'link_absent'] as const) {
    await tx.change(
      `delete from ${table} where tenant_no = $1 and session_id = $2
         and relationship = any ($3)`,
      [tx.tenantNo, sessionId, [...relationships]],
    );
  }
  await tx.change(
    `delete from child_read where tenant_no = $1 and session_id = $2 and child = any ($3)`,
    [tx.tenantNo, sessionId, [...children]],
  );
}
