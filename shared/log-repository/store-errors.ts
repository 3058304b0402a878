import { BackupError } from '../errors/backup-error.ts';

export function unavailable(description: string, cause: unknown): BackupError {
  const message = `the log repository ${description} does not answer well`;
  return new BackupError('logStoreUnavailable', message, { cause, details: detailsOf(cause) });
}

export function refused(description: string, cause: unknown): BackupError {
  const message = `the log repository ${description} refuses access`;
  return new BackupError('logStoreRefused', message, { cause, details: detailsOf(cause) });
}

export function missingStore(description: string, cause: unknown): BackupError {
  const message = `the log repository ${description} is not there`;
  return new BackupError('logStoreMissing', message, { cause, details: detailsOf(cause) });
}

export function readBackFailed(name: string, sent: number, found: number | undefined): BackupError {
  const message = `${name} was stored, and other bytes are read back`;
  return new BackupError('logReadBackFailed', message, { details: { name, sent, found } });
}

/** Code of a node error or of the service, in upper or camel case; empty when there is none. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const details = 'details' in error ? error.details : undefined;
  if (typeof details === 'object' && details !== null && 'errorCode' in details) {
    if (typeof details.errorCode === 'string') return details.errorCode;
  }
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}

function detailsOf(cause: unknown): { readonly inner?: string } {
  const inner = codeOf(cause);
  return inner === '' ? {} : { inner };
}
