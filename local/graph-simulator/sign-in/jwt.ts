/**
 * Compact JWTs, made and read synchronously: the Graph side checks a token on every request. Tokens
 * of our own authority only; client assertions, which come from outside, are read with `jose`.
 */

import type { KeyObject } from 'node:crypto';
import { createHmac, sign, verify } from 'node:crypto';

export type Claims = { readonly [name: string]: unknown };

export interface DecodedToken {
  readonly header: Claims;
  readonly claims: Claims;
  readonly signingInput: string;
  readonly signature: Buffer;
}

/** Signs `claims` as RS256. */
export function signToken(claims: Claims, kid: string, privateKey: KeyObject): string {
  const input = signingInput({ typ: 'JWT', alg: 'RS256', kid, x5t: kid }, claims);
  return `${input}.${sign('sha256', Buffer.from(input), privateKey).toString('base64url')}`;
}

/** An HMAC token, as a forger makes it from the public key (algorithm confusion). */
export function signTokenWithSecret(claims: Claims, kid: string, secret: string): string {
  const input = signingInput({ typ: 'JWT', alg: 'HS256', kid }, claims);
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}

/** A token with `alg: none` and an empty signature. */
export function unsignedToken(claims: Claims): string {
  return `${signingInput({ typ: 'JWT', alg: 'none' }, claims)}.`;
}

/** The parts of a compact token, not verified; `undefined` when it is not one. */
export function decodeToken(token: string): DecodedToken | undefined {
  const [header, payload, signature, ...rest] = token.split('.');
  if (!header || !payload || signature === undefined || rest.length > 0) return undefined;
  const parsedHeader = parsePart(header);
  const claims = parsePart(payload);
  if (!parsedHeader || !claims) return undefined;
  return {
    header: parsedHeader,
    claims,
    signingInput: `${header}.${payload}`,
    signature: Buffer.from(signature, 'base64url'),
  };
}

/** True when the token is RS256 and signed by this key. */
export function isSignedBy(token: DecodedToken, publicKey: KeyObject): boolean {
  return (
    token.header['alg'] === 'RS256' &&
    verify('sha256', Buffer.from(token.signingInput), publicKey, token.signature)
  );
}

function signingInput(header: Claims, claims: Claims): string {
  return `${encodePart(header)}.${encodePart(claims)}`;
}

function encodePart(part: Claims): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}

function parsePart(part: string): Claims | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Claims)
      : undefined;
  } catch {
    return undefined;
  }
}
