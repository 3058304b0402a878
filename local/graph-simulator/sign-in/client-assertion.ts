/**
 * Checks signed client assertions (RFC 7523) the way Entra documents them.
 * https://learn.microsoft.com/entra/identity-platform/certificate-credentials
 */

import type { JWTPayload, ProtectedHeaderParameters } from 'jose';
import { compactVerify, decodeJwt, decodeProtectedHeader, importX509 } from 'jose';
import { badAssertion, malformedAssertion, SignInError } from './errors.ts';
import type { AppRegistration, RegisteredCertificate } from './registrations.ts';

/** MSAL rounds `nbf` up to the next second, so a strict comparison refuses fresh assertions. */
const TOLERANCE_MS = 5_000;

export interface AssertionRules {
  /** Values `aud` may have: the token endpoint and the issuer of the tenant. */
  readonly audiences: readonly string[];
  readonly now: number;
}

/** Remembers the `jti` of accepted assertions until they end, so that each works once. */
export class AssertionReplays {
  readonly #used = new Map<string, number>();

  /** True when this id was not used before; remembers it until `endsAt` (epoch milliseconds). */
  claim(id: string, endsAt: number, now: number): boolean {
    for (const [used, ends] of this.#used) {
      if (ends + TOLERANCE_MS < now) this.#used.delete(used);
    }
    if (this.#used.has(id)) return false;
    this.#used.set(id, endsAt);
    return true;
  }
}

/** Throws a SignInError unless `assertion` is signed by a certificate of `app` and fits the rules. */
export async function verifyAssertion(
  assertion: string,
  app: AppRegistration,
  rules: AssertionRules,
  replays: AssertionReplays,
): Promise<void> {
  const { header, claims } = decode(assertion);
  const certificate = findCertificate(header, app);
  await checkSignature(assertion, header.alg, certificate);
  if (rules.now > certificate.notAfter.getTime() || rules.now < certificate.notBefore.getTime()) {
    throw badAssertion(
      `The key used is expired., Thumbprint of key used by client: '${certificate.x5t}'`,
    );
  }
  checkClaims(claims, app.appId, rules);
  if (!replays.claim(`${app.appId} ${claims.jti}`, (claims.exp ?? 0) * 1000, rules.now)) {
    throw malformedAssertion('The jti claim was used before.');
  }
}

function decode(assertion: string): { header: ProtectedHeaderParameters; claims: JWTPayload } {
  try {
    return { header: decodeProtectedHeader(assertion), claims: decodeJwt(assertion) };
  } catch {
    throw malformedAssertion('The token is not a compact JWT.');
  }
}

function findCertificate(
  header: ProtectedHeaderParameters,
  app: AppRegistration,
): RegisteredCertificate {
  if (header.alg !== 'PS256' && header.alg !== 'RS256') {
    throw malformedAssertion(`'${String(header.alg)}' is not a supported signature algorithm.`);
  }
  const sha256 = header['x5t#S256'];
  const certificate = app.certificates.find((known) =>
    typeof sha256 === 'string' ? known.x5tS256 === sha256 : known.x5t === header.x5t,
  );
  if (certificate) return certificate;
  const shown = typeof sha256 === 'string' ? sha256 : header.x5t;
  throw badAssertion(
    `The key was not found., Thumbprint of key used by client: '${shown ?? ''}', Please visit the Azure Portal, Graph Explorer or directly use MS Graph to see configured keys for app Id '${app.appId}'`,
  );
}

async function checkSignature(
  assertion: string,
  alg: string | undefined,
  certificate: RegisteredCertificate,
): Promise<void> {
  const key = await importX509(certificate.pem, alg ?? 'PS256');
  try {
    await compactVerify(assertion, key, { algorithms: ['PS256', 'RS256'] });
  } catch {
    throw badAssertion(
      `The key was not able to validate the signature., Thumbprint of key used by client: '${certificate.x5t}'`,
    );
  }
}

function checkClaims(claims: JWTPayload, clientId: string, rules: AssertionRules): void {
  if (typeof claims.jti !== 'string' || typeof claims.exp !== 'number') {
    throw malformedAssertion('The claims jti and exp are required.');
  }
  if (!sameId(claims.iss, clientId) || !sameId(claims.sub, clientId)) {
    throw new SignInError(
      700021,
      'invalid_client',
      401,
      "Client assertion application identifier doesn't match 'client_id' parameter.",
    );
  }
  const audiences = Array.isArray(claims.aud) ? claims.aud : [claims.aud ?? ''];
  if (!audiences.some((audience) => rules.audiences.includes(audience.toLowerCase()))) {
    throw new SignInError(
      700023,
      'invalid_client',
      401,
      'Client assertion audience claim does not match Realm issuer.',
    );
  }
  const starts = (claims.nbf ?? claims.iat ?? 0) * 1000;
  if (starts > rules.now + TOLERANCE_MS || claims.exp * 1000 <= rules.now - TOLERANCE_MS) {
    throw new SignInError(
      700024,
      'invalid_client',
      401,
      `Client assertion is not within its valid time range. Current time: ${new Date(rules.now).toISOString()}, assertion valid from ${new Date(starts).toISOString()}, expiry time of assertion ${new Date(claims.exp * 1000).toISOString()}.`,
    );
  }
}

function sameId(claim: string | undefined, clientId: string): boolean {
  return claim?.toLowerCase() === clientId;
}
