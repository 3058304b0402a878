import { BackupError, type ErrorDetails } from '../errors/backup-error.ts';

export function unavailable(description: string, error: unknown): BackupError {
  const message = `the log repository ${description} does not answer well`;
  return new BackupError('logStoreUnavailable', message, reasonOf(error));
}

export function refused(description: string, error: unknown): BackupError {
  const message = `the log repository ${description} refuses access`;
  return new BackupError('logStoreRefused', message, reasonOf(error));
}

export function missingStore(description: string, error: unknown): BackupError {
  const message = `the log repository ${description} is not there`;
  return new BackupError('logStoreMissing', message, reasonOf(error));
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

/**
 * Errors of the client hold the whole request, with its signature: only code and status go on as the
 * cause. Errors of the file system stay as they are.
 */
function reasonOf(error: unknown): { readonly cause: unknown; readonly details: ErrorDetails } {
  const inner = codeOf(error);
  const details = inner === '' ? {} : { inner };
  if (!(error instanceof Error) || !('request' in error)) return { cause: error, details };
  const status = 'statusCode' in error ? String(error.statusCode) : 'no answer';
  return { cause: new Error(`${error.name} ${inner} (${status})`), details };
}
