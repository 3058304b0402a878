import type { Transaction } from './database.ts';
import type { Fence } from './fence.ts';

/** One listing under way. */
export interface SessionStream {
  readonly stream: string;
  readonly link: Buffer | null;
  /** Pages read so far, and how many of them belong to earlier passes. */
  readonly pages: number;
  readonly firstPage: number;
  readonly done: boolean;
  readonly digest: Buffer | null;
  readonly previousDigest: Buffer | null;
}

export async function streamsOf(
  tx: Transaction,
  sessionId: string,
  collection: string,
): Promise<SessionStream[]> {
  return await tx.rows<SessionStream>(
    `select stream, link, pages, first_page as "firstPage", done, digest, previous_digest as "previousDigest"
     from session_stream where tenant_no = $1 and session_id = $2 and collection = $3
     order by stream`,
    [tx.tenantNo, sessionId, collection],
  );
}

/** Makes the streams that are not there yet. */
export async function ensureStreams(
  tx: Transaction,
  fence: Fence,
  collection: string,
  streams: readonly string[],
): Promise<void> {
  await tx.change(
    `insert into session_stream (tenant_no, session_id, collection, stream)
     select $1, $2, $3, s from unnest($4::text[]) as s on conflict do nothing`,
    [tx.tenantNo, fence.sessionId, collection, [...streams]],
  );
}

/** One stream with its row locked until the end of the transaction. */
export async function lockStream(
  tx: Transaction,
  fence: Fence,
  collection: string,
  stream: string,
): Promise<SessionStream | undefined> {
  return await tx.row<SessionStream>(
    `select stream, link, pages, first_page as "firstPage", done, digest,
       previous_digest as "previousDigest" from session_stream
     where tenant_no = $1 and session_id = $2 and collection = $3 and stream = $4 for update`,
    [tx.tenantNo, fence.sessionId, collection, stream],
    'lock-stream',
  );
}

export async function moveStream(
  tx: Transaction,
  fence: Fence,
  collection: string,
  stream: Omit<SessionStream, 'previousDigest' | 'firstPage'>,
): Promise<void> {
  await tx.change(
    `update session_stream set link = $5, pages = $6, done = $7, digest = $8
     where tenant_no = $1 and session_id = $2 and collection = $3 and stream = $4`,
    [
      tx.tenantNo,
      fence.sessionId,
      collection,
      stream.stream,
      stream.link,
      stream.pages,
      stream.done,
      stream.digest,
    ],
    'move-stream',
  );
}

/**
 * Begins the pass again because its page token has expired; answers how often that has happened to it.
 * Pages of earlier tries stay stored.
 */
export async function expireStream(
  tx: Transaction,
  fence: Fence,
  collection: string,
  stream: string,
): Promise<number> {
  const row = await tx.row<{ expiries: number }>(
    `update session_stream set link = null, first_page = pages, done = false, digest = null,
       previous_digest = null, expiries = expiries + 1
     where tenant_no = $1 and session_id = $2 and collection = $3 and stream = $4
     returning expiries`,
    [tx.tenantNo, fence.sessionId, collection, stream],
  );
  return row?.expiries ?? 0;
}

/** Begins the stream again from its first page, remembering what the pass before has shown. */
export async function restartStream(
  tx: Transaction,
  fence: Fence,
  collection: string,
  stream: string,
  previousDigest: Buffer | null,
): Promise<void> {
  await tx.change(
    `update session_stream set link = null, first_page = pages, done = false, digest = null,
       previous_digest = $5, expiries = 0
     where tenant_no = $1 and session_id = $2 and collection = $3 and stream = $4`,
    [tx.tenantNo, fence.sessionId, collection, stream, previousDigest],
  );
}
