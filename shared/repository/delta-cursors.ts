import type { Transaction } from './database.ts';

/** Where the next incremental read of a collection starts. */
export interface DeltaCursor {
  readonly collection: string;
  /** Encrypted delta link. */
  readonly token: Buffer;
  /** Milliseconds since it was taken and since the last complete listing, by the database. */
  readonly ageMs: number;
  readonly fullAgeMs: number;
  /** Digest of what the first request selected. */
  readonly selection: string;
}

export async function cursorsOf(tx: Transaction): Promise<DeltaCursor[]> {
  return await tx.rows<DeltaCursor>(
    `select collection, token, selection,
       (extract(epoch from clock_timestamp() - taken_at) * 1000)::float8 as "ageMs",
       (extract(epoch from clock_timestamp() - full_at) * 1000)::float8 as "fullAgeMs"
     from delta_cursor where tenant_no = $1`,
    [tx.tenantNo],
  );
}

export interface NewCursor {
  readonly collection: string;
  readonly token: Buffer;
  readonly sessionId: string;
  readonly selection: string;
  /** Whether the session has listed the collection completely. */
  readonly full: boolean;
}

export async function saveCursor(tx: Transaction, cursor: NewCursor): Promise<void> {
  await tx.change(
    `insert into delta_cursor as d (tenant_no, collection, token, session_id, taken_at, full_at,
       selection) values ($1, $2, $3, $4, clock_timestamp(), clock_timestamp(), $5)
     on conflict (tenant_no, collection) do update set token = excluded.token,
       session_id = excluded.session_id, taken_at = excluded.taken_at,
       selection = excluded.selection,
       full_at = case when $6 then excluded.full_at else d.full_at end`,
    [tx.tenantNo, cursor.collection, cursor.token, cursor.sessionId, cursor.selection, cursor.full],
  );
}

export async function deleteCursor(tx: Transaction, collection: string): Promise<void> {
  await tx.change('delete from delta_cursor where tenant_no = $1 and collection = $2', [
    tx.tenantNo,
    collection,
  ]);
}
