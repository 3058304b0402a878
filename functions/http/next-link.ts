// Positions in lists as opaque tokens: encrypted and bound to the list they were made for, so that
// they show nothing, cannot be made up, and cannot be carried to another tenant or filter.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { BackupError } from '../../shared/errors/backup-error.ts';

const LIFETIME_MS = 24 * 3_600_000;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** `list` names the list with all of its filters; `position` is JSON. */
export function sealPosition(key: Buffer, list: string, position: unknown, now: Date): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(Buffer.from(list));
  const text = JSON.stringify({ at: now.getTime(), position });
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url');
}

/** The position of a token; `invalidParameter` for a foreign one, `nextLinkExpired` after a day. */
export function openPosition(key: Buffer, list: string, token: string, now: Date): unknown {
  const { at, position } = unseal(key, list, token);
  if (now.getTime() - at > LIFETIME_MS) {
    throw new BackupError('nextLinkExpired', 'the next link is older than 24 hours');
  }
  return position;
}

function unseal(key: Buffer, list: string, token: string): { at: number; position: unknown } {
  const bytes = Buffer.from(token, 'base64url');
  if (bytes.length <= NONCE_BYTES + TAG_BYTES) throw foreign();
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES));
  decipher.setAAD(Buffer.from(list));
  decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  try {
    const body = decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES));
    const text = Buffer.concat([body, decipher.final()]).toString('utf8');
    return JSON.parse(text) as { at: number; position: unknown };
  } catch (error) {
    throw foreign(error);
  }
}

function foreign(cause?: unknown): BackupError {
  return new BackupError('invalidParameter', 'skipToken does not belong to this list', {
    cause,
    details: { target: 'skipToken' },
  });
}
