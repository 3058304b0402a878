// Repeatable POST requests: the same Repeatability-Request-ID of the same caller within 7 days acts once
// and gets the same answer. The answer is stored in the transaction of the act.
// https://docs.oasis-open.org/odata/repeatable-requests/v1.0/repeatable-requests-v1.0.html
import { createHash } from 'node:crypto';
import { BackupError } from '../../shared/errors/backup-error.ts';
import type { Transaction } from '../../shared/repository/database.ts';
import {
  findAnswer,
  reserveRequest,
  storeAnswer,
} from '../../shared/repository/repeatable-requests.ts';
import { invalid } from './request-input.ts';
import { type Reply, TextBody } from './route-definition.ts';

export const repeatabilityDays = 7;
const FUTURE_MS = 5 * 60_000;
const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const idHeader = 'Repeatability-Request-ID';
const timeHeader = 'Repeatability-First-Sent';

export interface Repeatability {
  readonly id: string;
  readonly principalId: string;
  readonly fingerprint: Buffer;
}

/** Reads the two headers, which come together or not at all; undefined when they are missing. */
export function repeatabilityOf(
  headers: Headers,
  now: Date,
  what: { readonly principalId: string; readonly request: string },
): Repeatability | undefined {
  const id = headers.get(idHeader);
  const sent = headers.get(timeHeader);
  if (id === null && sent === null) return undefined;
  if (id === null) throw invalid(`is missing, ${timeHeader} needs it`, idHeader);
  if (sent === null) throw invalid(`is missing, ${idHeader} needs it`, timeHeader);
  if (!guid.test(id)) throw invalid('is not a GUID', idHeader);
  checkSent(sent, now);
  return {
    id: id.toLowerCase(),
    principalId: what.principalId,
    fingerprint: createHash('sha256').update(what.request).digest(),
  };
}

/** An HTTP date (RFC 9110) or RFC 3339 in UTC, not older than 7 days. */
function checkSent(sent: string, now: Date): void {
  const known =
    /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/.test(sent) ||
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(sent);
  const at = known ? Date.parse(sent) : Number.NaN;
  if (Number.isNaN(at)) throw invalid('is not an HTTP date', timeHeader);
  const age = now.getTime() - at;
  if (age > repeatabilityDays * 86_400_000) throw invalid('is older than 7 days', timeHeader);
  if (age < -FUTURE_MS) throw invalid('lies in the future', timeHeader);
}

/** Runs `act` once per request id; a repetition gets the stored answer. */
export async function once(
  tx: Transaction,
  repeatability: Repeatability | undefined,
  act: () => Promise<Reply>,
): Promise<Reply> {
  if (repeatability === undefined) return await act();
  const { id, principalId, fingerprint } = repeatability;
  if (!(await reserveRequest(tx, principalId, id, fingerprint))) {
    return await storedReply(tx, repeatability);
  }
  const reply = await act();
  const headers = { ...reply.headers, 'repeatability-result': 'accepted' };
  await storeAnswer(tx, principalId, id, {
    status: reply.status,
    headers,
    body: bodyText(reply) ?? null,
  });
  return { ...reply, headers };
}

async function storedReply(tx: Transaction, { id, principalId, fingerprint }: Repeatability) {
  const answer = await findAnswer(tx, principalId, id);
  if (answer === undefined || !answer.fingerprint.equals(fingerprint)) {
    throw new BackupError('invalidParameter', `${idHeader} was used for another request`, {
      details: { target: idHeader },
    });
  }
  return {
    status: answer.status,
    headers: answer.headers,
    ...(answer.body === null ? {} : { body: new TextBody(answer.body) }),
  };
}

/** The text of a body as it is sent; undefined when there is none. */
export function bodyText(reply: Reply): string | undefined {
  if (reply.body === undefined) return undefined;
  return reply.body instanceof TextBody ? reply.body.text : JSON.stringify(reply.body);
}
