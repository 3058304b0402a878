import { BackupError } from '../errors/backup-error.ts';
import { isCertificateError, networkCodeOf, networkErrorOf } from './network-error.ts';

/**
 * What to do about the commonest refusals
 * (https://learn.microsoft.com/entra/identity-platform/reference-error-codes).
 */
const meanings: Readonly<Record<string, string>> = {
  AADSTS7000215: 'the client secret is wrong; put its value, not its id, into the credential',
  AADSTS7000222: 'the client secret has expired; create a new one',
  AADSTS700016: 'the application is unknown in this tenant; give admin consent there first',
  AADSTS7000229: 'the application has no service principal in this tenant; give admin consent',
  AADSTS700027: 'the certificate is not registered with the application, or has expired',
  AADSTS700024: 'the client assertion is not valid now; check the clock of this machine',
  AADSTS700021: 'the client assertion was issued by another application',
  AADSTS70021: 'no federated credential matches the managed identity',
  AADSTS700211: 'no federated credential matches the issuer of the managed identity',
  AADSTS700213: 'no federated credential matches the subject of the managed identity',
  AADSTS500011: 'the graph of this cloud is unknown in the tenant; check GRAPH_URL and CLOUD',
  AADSTS90002: 'the tenant does not exist in this cloud; check the tenant id and LOGIN_URL',
  AADSTS53003: 'a conditional access policy for workload identities blocks the application',
  AADSTS7000112: 'the application is disabled in this tenant',
  AADSTS7000218: 'the application has no credential that sign-in accepts',
};

/**
 * signInFailed with the AADSTS code and what it means. The text of the sign-in service and of the
 * library is not kept: it may quote assertions and names.
 */
export function signInErrorOf(
  failure: unknown,
  transport: { readonly lastFailure: unknown; readonly lastRefusal: string | undefined },
): BackupError {
  const networkFailure = transport.lastFailure;
  const own = networkFailure === undefined ? undefined : networkErrorOf(networkFailure, '');
  if (own?.code === 'publicAddressRefused') return own;
  const code = aadstsCode(failure) ?? transport.lastRefusal;
  if (code !== undefined) {
    const meaning = meanings[code] ?? 'see the code at https://login.microsoftonline.com/error';
    return new BackupError('signInFailed', `sign-in was refused with ${code}: ${meaning}`, {
      details: { aadsts: code },
    });
  }
  return networkFailure === undefined ? unusable(failure) : unreachable(networkFailure);
}

function unreachable(failure: unknown): BackupError {
  const networkCode = networkCodeOf(failure);
  const message = isCertificateError(failure)
    ? 'the certificate of the sign-in service is not trusted; check EXTRA_CA_FILE and the clock'
    : `the sign-in service did not answer (${networkCode}); check LOGIN_URL and the proxy`;
  return new BackupError('signInFailed', message, { details: { networkCode } });
}

function unusable(failure: unknown): BackupError {
  const name = failure instanceof Error ? failure.name : 'unknown';
  return new BackupError('signInFailed', `the credential cannot be used (${name})`, {
    details: { errorName: name },
  });
}

function aadstsCode(failure: unknown): string | undefined {
  let current = failure;
  for (let depth = 0; current instanceof Error && depth < 10; depth++) {
    const code = /AADSTS\d{4,8}/.exec(current.message)?.[0];
    if (code !== undefined) return code;
    current = current.cause;
  }
  return undefined;
}
