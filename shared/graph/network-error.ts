import { BackupError } from '../errors/backup-error.ts';

/** Codes of failures before a request was written to a connection. */
const beforeSending: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_PRX_TLS',
]);

/** The server's certificate is not trusted, or not for this name. */
const certificateCodes: ReadonlySet<string> = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_SIGNATURE_FAILURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/** True when the request surely reached nobody, so that even a POST may be sent again. */
export function neverSent(failure: unknown): boolean {
  return chain(failure).some(
    (error) => beforeSending.has(codeOf(error)) || certificateCodes.has(codeOf(error)),
  );
}

/** True when the chain of causes shows a certificate that is not trusted. */
export function isCertificateError(failure: unknown): boolean {
  return chain(failure).some((error) => certificateCodes.has(codeOf(error)));
}

/**
 * graphUnavailable with the network's own code; a BackupError found among the causes (the refusal
 * of a public address) is returned as it is. Messages of the network are not kept: they hold
 * addresses.
 */
export function networkErrorOf(failure: unknown, clientRequestId: string): BackupError {
  const own = chain(failure).find((error) => error instanceof BackupError);
  if (own instanceof BackupError) return own;
  const details = { networkCode: networkCodeOf(failure), clientRequestId };
  if (isCertificateError(failure)) {
    return new BackupError(
      'graphUnavailable',
      'the certificate of graph or of the proxy is not trusted; check EXTRA_CA_FILE and the clock',
      { cause: failure, details },
    );
  }
  return new BackupError('graphUnavailable', `no answer from graph (${details.networkCode})`, {
    cause: failure,
    details,
  });
}

/** The most specific code in the chain of causes, such as ECONNRESET; else the error's name. */
export function networkCodeOf(failure: unknown): string {
  const errors = chain(failure);
  const code = errors.map(codeOf).findLast((text) => text !== '');
  return code ?? errors[0]?.name ?? 'unknown';
}

function chain(failure: unknown): Error[] {
  const errors: Error[] = [];
  let current = failure;
  while (current instanceof Error && errors.length < 10) {
    errors.push(current);
    current = current instanceof AggregateError ? current.errors[0] : current.cause;
  }
  return errors;
}

function codeOf(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === 'string' ? code : '';
}
