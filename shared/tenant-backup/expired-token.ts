import { BackupError } from '../errors/backup-error.ts';

/** Times a listing or a delta round begins again because its page token has expired. */
export const MAX_EXPIRIES = 3;

/** Ends the collection for this session: a token that never holds would be asked for without end. */
export function expiredTooOften(what: string, cause: unknown): BackupError {
  const message = `the page token of ${what} expired ${MAX_EXPIRIES + 1} times`;
  return new BackupError('graphPageTokenExpired', message, { cause });
}
