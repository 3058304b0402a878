import { BackupError, isBackupError } from '../errors/backup-error.ts';

/** `keyUnavailable` with what the vault said; an error of ours stays as it is. */
export function keyUnavailable(keyId: string, cause: unknown): BackupError {
  if (isBackupError(cause)) return cause;
  const status = numberOf(cause, 'statusCode');
  const inner = innerCodeOf(cause);
  const message = `the key ${keyId} cannot be used: ${reasonOf(status, inner)}`;
  const retryAfter = retryAfterOf(cause);
  return new BackupError('keyUnavailable', message, {
    cause,
    details: {
      keyId,
      ...(status === undefined ? {} : { status }),
      ...(inner === '' ? {} : { inner }),
      ...(retryAfter === undefined ? {} : { retryAfterMs: retryAfter }),
    },
  });
}

/** The vault has the key and refuses the bytes. */
export function isRefusedData(error: unknown): boolean {
  return numberOf(error, 'statusCode') === 400;
}

/** `KeyDisabled`, `ForbiddenByRbac`, ... else the code, `KeyNotFound` or `ENOTFOUND`. */
export function innerCodeOf(error: unknown): string {
  const details = memberOf(memberOf(error, 'details'), 'error');
  // the service writes innererror, the client hands it on as innerError
  for (const name of ['innererror', 'innerError']) {
    const inner = memberOf(memberOf(details, name), 'code');
    if (typeof inner === 'string' && inner !== '') return inner;
  }
  for (const code of [memberOf(details, 'code'), memberOf(error, 'code')]) {
    if (typeof code === 'string' && code !== '') return code;
  }
  return '';
}

function reasonOf(status: number | undefined, inner: string): string {
  if (status === 401) return 'the vault does not accept the sign-in';
  if (status === 403 && inner === 'KeyDisabled') return 'it is disabled';
  if (status === 403 && inner === 'KeyExpired') return 'it has expired';
  if (status === 403 && inner === 'KeyNotYetValid') return 'it is not valid yet';
  if (status === 403) return 'the identity or the network may not use it';
  if (status === 404) return 'it is not in the vault';
  if (status === 429) return 'the vault is asked too often';
  return 'the vault does not answer well';
}

function retryAfterOf(error: unknown): number | undefined {
  const headers = memberOf(memberOf(error, 'response'), 'headers');
  const get = memberOf(headers, 'get');
  if (typeof get !== 'function') return undefined;
  const seconds = Number(get.call(headers, 'retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) ? seconds * 1000 : undefined;
}

function numberOf(value: unknown, name: string): number | undefined {
  const member = memberOf(value, name);
  return typeof member === 'number' ? member : undefined;
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return (value as Record<string, unknown>)[name];
}
