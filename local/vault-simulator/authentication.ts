/**
 * Who asks. Without a good token the vault answers with a challenge that names the authority and the
 * resource; a token has to be for that resource, from that authority and in time.
 * https://learn.microsoft.com/azure/key-vault/general/authentication-requests-and-responses
 */
import { errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { VaultError } from './vault-request.ts';

export interface VaultAuthority {
  /** As the challenge names it: `https://login.microsoftonline.com/<tenant>`. */
  readonly url: string;
  /** `iss` of its tokens. */
  readonly issuer: string;
  /** Its public keys: `createLocalJWKSet` or `createRemoteJWKSet` of `jose`. */
  readonly keys: JWTVerifyGetKey;
}

/** Audience of tokens for every vault of the global cloud. */
export const VAULT_RESOURCE = 'https://vault.azure.net';

/** Object and application id of the caller; throws VaultError 401. */
export async function authenticate(
  authorization: string | undefined,
  authority: VaultAuthority,
  now: Date,
): Promise<readonly string[]> {
  const token = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
  if (token === undefined) {
    throw challenge(authority, 'AKV10000: Request is missing a Bearer or PoP token.');
  }
  const claims = await verify(token, authority, now);
  return [claims['oid'], claims['appid']].filter((id) => typeof id === 'string');
}

async function verify(token: string, authority: VaultAuthority, now: Date): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, authority.keys, {
      issuer: authority.issuer,
      audience: [VAULT_RESOURCE, `${VAULT_RESOURCE}/`],
      algorithms: ['RS256'],
      currentDate: now,
      clockTolerance: 5,
      requiredClaims: ['exp', 'oid'],
    });
    return payload;
  } catch (error) {
    throw challenge(authority, reasonOf(error), 'invalid_token');
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'AKV10001: Error validating token: it is expired.';
  if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'aud') {
    return `AKV10022: Invalid audience. Expected ${VAULT_RESOURCE}.`;
  }
  if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'iss') {
    return 'AKV10032: Invalid issuer.';
  }
  if (error instanceof errors.JOSEError) return `Error validating token: ${error.code}.`;
  throw error;
}

function challenge(authority: VaultAuthority, message: string, error?: string): VaultError {
  const parts = [
    `authorization="${authority.url}"`,
    `resource="${VAULT_RESOURCE}"`,
    ...(error === undefined ? [] : [`error="${error}"`]),
  ];
  return new VaultError(401, 'Unauthorized', message, {
    headers: { 'www-authenticate': `Bearer ${parts.join(', ')}` },
  });
}
