/**
 * Application tokens for Microsoft Graph: issued by the token endpoint, checked on every Graph
 * request.
 */
import { randomBytes, randomInt } from 'node:crypto';
import type { CallerCheck, CheckCaller } from '../types.ts';
import type { DecodedToken } from './jwt.ts';
import { decodeToken, isSignedBy, signToken } from './jwt.ts';
import type { AppRegistration, Registrations } from './registrations.ts';
import type { SigningKey } from './signing-key.ts';

/** Application id of Microsoft Graph in every tenant; tokens may carry it as audience. */
export const GRAPH_APP_ID = '00000003-0000-0000-c000-000000000000';

/** Entra gives tokens a random life of 60 to 90 minutes. */
const SHORTEST_LIFE_S = 3600;
const LONGEST_LIFE_S = 5400;
const CACHED_TOKENS = 200;

export interface AccessTokenOptions {
  readonly key: SigningKey;
  readonly registrations: Registrations;
  /** Issuer of a tenant: `{host}/{tenant}/v2.0`. */
  readonly issuer: (tenantId: string) => string;
  readonly isGraphAudience: (audience: string) => boolean;
}

/** Issues a token; `lifetimeSeconds` replaces the random 60 to 90 minutes. */
export function issueAccessToken(
  options: AccessTokenOptions,
  app: AppRegistration,
  request: { audience: string; credential: 'secret' | 'certificate'; now: number },
  lifetimeSeconds?: number,
): { token: string; expiresIn: number } {
  const issued = Math.floor(request.now / 1000);
  const expiresIn = lifetimeSeconds ?? randomInt(SHORTEST_LIFE_S, LONGEST_LIFE_S);
  const claims = {
    aud: request.audience,
    iss: options.issuer(app.tenantId),
    iat: issued,
    nbf: issued,
    exp: issued + expiresIn,
    app_displayname: app.displayName,
    appid: app.appId,
    appidacr: request.credential === 'secret' ? '1' : '2',
    idtyp: 'app',
    oid: app.objectId,
    roles: [...app.permissions],
    sub: app.objectId,
    tid: app.tenantId,
    uti: randomBytes(16).toString('base64url'),
    ver: '2.0',
    /** Not in Entra's tokens: `iat` has seconds only, revocation needs milliseconds. */
    xms_issued_ms: request.now,
  };
  return { token: signToken(claims, options.key.kid, options.key.privateKey), expiresIn };
}

/**
 * Makes the check of the Authorization header for Graph requests. Signatures are verified once per
 * token; life time, tenant and revocations on every call.
 */
export function accessTokenCheck(options: AccessTokenOptions): CheckCaller {
  const verified = new Map<string, DecodedToken>();
  return (authorization, now) => {
    if (!authorization) return refused('Access token is empty.');
    const token = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
    if (!token) return refused('Access token is empty.');
    const known = verified.get(token) ?? verifySignature(token, options);
    if (!known) return refused(decodeToken(token) ? 'Signing key is invalid.' : MALFORMED);
    if (verified.size >= CACHED_TOKENS) verified.clear();
    verified.set(token, known);
    return checkClaims(known, options, now);
  };
}

const MALFORMED = 'CompactToken parsing failed with error code: 80049217';

function verifySignature(token: string, options: AccessTokenOptions): DecodedToken | undefined {
  const decoded = decodeToken(token);
  return decoded && isSignedBy(decoded, options.key.publicKey) ? decoded : undefined;
}

function checkClaims(token: DecodedToken, options: AccessTokenOptions, now: number): CallerCheck {
  const { aud, tid, appid, iss, roles, xms_issued_ms: issued } = token.claims;
  const outOfTime = checkTimes(token, now);
  if (outOfTime) return refused(outOfTime);
  if (typeof aud !== 'string' || !options.isGraphAudience(aud)) {
    return refused('Access token validation failure. Invalid audience.');
  }
  if (typeof tid !== 'string' || typeof appid !== 'string' || iss !== options.issuer(tid)) {
    return refused('Access token validation failure. Invalid issuer.');
  }
  const app = options.registrations.find(tid, appid);
  if (!app?.enabled) {
    return refused('The identity of the calling application could not be established.');
  }
  if (typeof issued === 'number' && issued <= app.validFrom) {
    return outdated(issued);
  }
  const held = Array.isArray(roles) ? (roles as string[]) : [];
  return {
    ok: true,
    caller: {
      tenantId: tid,
      appId: appid,
      roles: app.withdrawn.size === 0 ? held : held.filter((role) => !app.withdrawn.has(role)),
    },
  };
}

function checkTimes({ claims: { exp, nbf } }: DecodedToken, now: number): string | undefined {
  if (typeof exp !== 'number' || exp * 1000 <= now) {
    return 'Lifetime validation failed, the token is expired.';
  }
  if (typeof nbf === 'number' && nbf * 1000 > now + 5_000) {
    return 'Lifetime validation failed, the token is not yet valid.';
  }
  return undefined;
}

/** https://learn.microsoft.com/entra/identity-platform/claims-challenge */
function outdated(issued: number): CallerCheck {
  const notBefore = String(Math.floor(issued / 1000) + 1);
  const claims = JSON.stringify({ access_token: { nbf: { essential: true, value: notBefore } } });
  return {
    ok: false,
    code: 'InvalidAuthenticationToken',
    message:
      'Continuous access evaluation resulted in challenge with result: InteractionRequired and code: TokenCreatedWithOutdatedPolicies',
    challenge: `error="insufficient_claims", claims="${Buffer.from(claims).toString('base64')}"`,
  };
}

function refused(message: string): CallerCheck {
  return { ok: false, code: 'InvalidAuthenticationToken', message };
}
