// Verifies Entra access tokens for this API. Nothing of a request is believed without a signature
// of a tenant that was configured; function keys and headers of a front end are worth nothing.
import { decodeJwt, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { BackupError } from '../../shared/errors/backup-error.ts';
import type { Clock } from '../../shared/model/clock.ts';
import { type Caller, type Role, roles } from './caller.ts';

export interface TokenVerifier {
  /** The caller of an Authorization header; `invalidToken`, or `unavailable` without keys. */
  verify(authorization: string | null): Promise<Caller>;
}

export interface TokenVerifierOptions {
  /** Tenants whose tokens are accepted (API_TENANT_IDS). */
  readonly tenantIds: readonly string[];
  /** Accepted values of `aud` (API_AUDIENCE). */
  readonly audience: string;
  /** `https://login.microsoftonline.com`: issuers and keys hang under it. */
  readonly loginUrl: string;
  /** Signing keys of a tenant. */
  readonly keysOf: (tenantId: string) => JWTVerifyGetKey;
  readonly clock: Clock;
}

const MAX_TOKEN = 16 * 1024;
const TOLERANCE_S = 30;
const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const knownRoles: ReadonlySet<string> = new Set(roles);

/**
 * Version 2.0 access tokens, RS256 only; issuer, audience, tenant, expiry and not-before checked.
 * https://learn.microsoft.com/entra/identity-platform/access-tokens#validate-tokens
 */
export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  const login = options.loginUrl.replace(/\/$/, '');
  const keys = new Map(
    options.tenantIds.map((id) => [id.toLowerCase(), options.keysOf(id.toLowerCase())]),
  );
  return {
    verify: async (authorization) => {
      const token = bearerOf(authorization);
      const tenantId = claimedTenant(token);
      const getKey = keys.get(tenantId);
      if (getKey === undefined) throw refused('the tenant of the token may not call this api');
      const payload = await verified(token, getKey, {
        issuer: `${login}/${tenantId}/v2.0`,
        audience: options.audience,
        currentDate: options.clock.now(),
      });
      return callerOf(payload, tenantId);
    },
  };
}

function bearerOf(authorization: string | null): string {
  const token = /^Bearer +([A-Za-z0-9_.-]+)$/i.exec(authorization ?? '')?.[1];
  if (token === undefined) throw refused('no bearer token was sent', 'missing');
  if (token.length > MAX_TOKEN) throw refused('the token is too long');
  return token;
}

/** Which tenant the token claims to be of: only chooses the keys and the issuer it must match. */
function claimedTenant(token: string): string {
  try {
    const { tid } = decodeJwt(token);
    return typeof tid === 'string' ? tid.toLowerCase() : '';
  } catch (error) {
    throw refused('the token is malformed', 'invalid', error);
  }
}

async function verified(
  token: string,
  getKey: JWTVerifyGetKey,
  expected: { issuer: string; audience: string; currentDate: Date },
): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, getKey, {
      ...expected,
      algorithms: ['RS256'],
      clockTolerance: TOLERANCE_S,
      requiredClaims: ['exp', 'nbf', 'tid', 'oid', 'ver'],
    });
    return payload;
  } catch (error) {
    if (error instanceof errors.JWKSTimeout || !(error instanceof errors.JOSEError)) {
      throw keysMissing(error);
    }
    // A generic JOSEError is how a key set that was not answered with 200 and JSON is reported.
    if (error.code === errors.JOSEError.code) throw keysMissing(error);
    throw refused(`the token was refused: ${error.code}`, 'invalid', error);
  }
}

function callerOf(payload: JWTPayload, tenantId: string): Caller {
  const { oid, tid, ver } = payload;
  if (ver !== '2.0') throw refused('the token is not a version 2.0 access token');
  if (typeof tid !== 'string' || tid.toLowerCase() !== tenantId) {
    throw refused('the tenant of the token does not match');
  }
  const objectId = typeof oid === 'string' ? oid.toLowerCase() : '';
  if (!guid.test(objectId)) throw refused('the token has no object id');
  return {
    objectId,
    tenantId,
    groups: strings(payload['groups'])
      .map((id) => id.toLowerCase())
      .filter((id) => guid.test(id)),
    roles: strings(payload['roles']).filter((role): role is Role => knownRoles.has(role)),
  };
}

function strings(value: unknown): string[] {
  if (!Array.isArray(value)) return [];
  return value.filter((item): item is string => typeof item === 'string');
}

function refused(
  message: string,
  token: 'missing' | 'invalid' = 'invalid',
  cause?: unknown,
): BackupError {
  return new BackupError('invalidToken', message, { cause, details: { token } });
}

function keysMissing(cause: unknown): BackupError {
  return new BackupError('unavailable', 'signing keys of the sign-in service cannot be read', {
    cause,
    details: { component: 'signIn', requirement: 'R-P-5' },
  });
}
