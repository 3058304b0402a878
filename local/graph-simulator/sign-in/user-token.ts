/**
 * Tokens of people for the product's own API: version 2.0 access tokens as Entra issues them to an
 * app with app roles, and flawed ones that a correct API refuses.
 * https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Claims } from './jwt.ts';
import { signToken, signTokenWithSecret, unsignedToken } from './jwt.ts';
import type { SigningKey } from './signing-key.ts';
import { createSigningKey } from './signing-key.ts';

/** What is wrong with a token on purpose; everything else about it is right. */
export const tokenFlaws = [
  'expired',
  'notYetValid',
  'withoutExpiry',
  'wrongAudience',
  'wrongIssuer',
  'wrongTenant',
  'versionOne',
  'withoutObjectId',
  'algNone',
  'hs256',
  'foreignKey',
  'foreignKeyUnknownKid',
  'brokenSignature',
  'changedClaims',
] as const;
export type TokenFlaw = (typeof tokenFlaws)[number];

export interface UserTokenRequest {
  readonly tenantId: string;
  /** User principal name or any other name; decides the object id. */
  readonly user: string;
  readonly audience: string;
  readonly roles?: readonly string[];
  readonly groups?: readonly string[];
  /** Delegated scopes in `scp`; one is normal for a user token. */
  readonly scopes?: readonly string[];
  readonly lifetimeSeconds?: number;
  readonly flaw?: TokenFlaw;
}

export interface UserTokenIssuer {
  readonly key: SigningKey;
  readonly issuer: (tenantId: string) => string;
}

const OTHER_TENANT = '0e9d1c2b-3a4f-4567-89ab-cdef01234567';

/** Issues a token for `request` at `now` (epoch milliseconds). */
export function issueUserToken(
  issuer: UserTokenIssuer,
  request: UserTokenRequest,
  now: number,
): string {
  const claims = flawedClaims(goodClaims(issuer, request, now), request.flaw, issuer, now);
  return signFlawed(claims, request.flaw, issuer.key);
}

/** Object id of a user name: the same name always gets the same id, whatever its case. */
export function objectIdOf(user: string): string {
  const hash = createHash('sha256').update(`user ${user.toLowerCase()}`).digest();
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x50;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  const hex = hash.toString('hex');
  const part = (from: number, to: number) => hex.slice(from, to);
  return [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join('-');
}

function goodClaims(issuer: UserTokenIssuer, request: UserTokenRequest, now: number): Claims {
  const issued = Math.floor(now / 1000);
  const oid = objectIdOf(request.user);
  return {
    aud: request.audience,
    iss: issuer.issuer(request.tenantId),
    iat: issued,
    nbf: issued,
    exp: issued + (request.lifetimeSeconds ?? 3600),
    azp: '9d4a1c5e-0f6b-4c1e-8a57-2b1f3c4d5e6f',
    azpacr: '0',
    name: request.user,
    oid,
    preferred_username: request.user,
    scp: (request.scopes ?? ['access_as_user']).join(' '),
    sub: createHash('sha256').update(`${oid} ${request.audience}`).digest('base64url'),
    tid: request.tenantId,
    uti: randomBytes(16).toString('base64url'),
    ver: '2.0',
    ...(request.roles && request.roles.length > 0 ? { roles: [...request.roles] } : {}),
    ...(request.groups && request.groups.length > 0 ? { groups: [...request.groups] } : {}),
  };
}

function flawedClaims(
  claims: Claims,
  flaw: TokenFlaw | undefined,
  issuer: UserTokenIssuer,
  now: number,
): Claims {
  const seconds = Math.floor(now / 1000);
  const changes: Partial<Record<TokenFlaw, Claims>> = {
    expired: { iat: seconds - 7200, nbf: seconds - 7200, exp: seconds - 3600 },
    notYetValid: { nbf: seconds + 3600, exp: seconds + 7200 },
    withoutExpiry: { exp: undefined },
    wrongAudience: { aud: GRAPH_AUDIENCE },
    wrongIssuer: { iss: 'https://login.contoso.example/00000000-0000-0000-0000-000000000000/v2.0' },
    wrongTenant: { tid: OTHER_TENANT, iss: issuer.issuer(OTHER_TENANT) },
    versionOne: { ver: '1.0', iss: `https://sts.windows.net/${String(claims['tid'])}/` },
    withoutObjectId: { oid: undefined },
  };
  return { ...claims, ...(flaw ? changes[flaw] : undefined) };
}

const GRAPH_AUDIENCE = 'https://graph.microsoft.com';

function signFlawed(claims: Claims, flaw: TokenFlaw | undefined, key: SigningKey): string {
  const signed = () => signToken(claims, key.kid, key.privateKey);
  const makers: Partial<Record<TokenFlaw, () => string>> = {
    algNone: () => unsignedToken(claims),
    hs256: () => {
      const secret = key.publicKey.export({ type: 'spki', format: 'pem' }).toString();
      return signTokenWithSecret(claims, key.kid, secret);
    },
    foreignKey: () => signToken(claims, key.kid, createSigningKey().privateKey),
    foreignKeyUnknownKid: () => {
      const foreign = createSigningKey();
      return signToken(claims, foreign.kid, foreign.privateKey);
    },
    brokenSignature: () => breakSignature(signed()),
    changedClaims: () => changeClaims(signed(), claims),
  };
  const make = flaw ? makers[flaw] : undefined;
  return make ? make() : signed();
}

function breakSignature(token: string): string {
  const [header, payload, signature = ''] = token.split('.');
  const bytes = Buffer.from(signature, 'base64url');
  bytes[10] = (bytes[10] ?? 0) ^ 0xff;
  return `${header}.${payload}.${bytes.toString('base64url')}`;
}

/** The forger adds a role to a token that was signed without it. */
function changeClaims(token: string, claims: Claims): string {
  const [header, , signature] = token.split('.');
  const changed = JSON.stringify({ ...claims, roles: ['Backup.Admin'] });
  return `${header}.${Buffer.from(changed).toString('base64url')}.${signature}`;
}
