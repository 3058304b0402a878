// Answers of POST requests that carry a Repeatability-Request-ID, so that the same request again
// gets the same answer and acts once. The row is written in the transaction of the act.
import type { Transaction } from './database.ts';

export interface StoredAnswer {
  readonly fingerprint: Buffer;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

/**
 * Reserves the id for this transaction. Waits for another transaction with the same id, then answers
 * false: the request was made before.
 */
export async function reserveRequest(
  tx: Transaction,
  principalId: string,
  requestId: string,
  fingerprint: Buffer,
): Promise<boolean> {
  const inserted = await tx.change(
    `insert into repeatable_request (principal_id, request_id, tenant_no, fingerprint)
     values ($1, $2, $3, $4) on conflict do nothing`,
    [principalId, requestId, tx.tenantNo ?? 0, fingerprint],
  );
  return inserted === 1;
}

/** The answer the request got; undefined when it belongs to another tenant. */
export async function findAnswer(
  tx: Transaction,
  principalId: string,
  requestId: string,
): Promise<StoredAnswer | undefined> {
  const row = await tx.row<{
    fingerprint: Buffer;
    status: number;
    headers: string;
    body: string | null;
  }>(
    `select fingerprint, status, headers, body from repeatable_request
     where principal_id = $1 and request_id = $2`,
    [principalId, requestId],
  );
  if (row === undefined) return undefined;
  return { ...row, headers: JSON.parse(row.headers) as Record<string, string> };
}

export async function storeAnswer(
  tx: Transaction,
  principalId: string,
  requestId: string,
  answer: Omit<StoredAnswer, 'fingerprint'>,
): Promise<void> {
  await tx.change(
    `update repeatable_request set status = $3, headers = $4, body = $5
     where principal_id = $1 and request_id = $2`,
    [principalId, requestId, answer.status, JSON.stringify(answer.headers), answer.body],
  );
}

/** Forgets requests made before `limit`; in a registry transaction. */
export async function forgetRequests(tx: Transaction, limit: Date): Promise<number> {
  return await tx.change('delete from repeatable_request where created_at < $1', [limit]);
}
