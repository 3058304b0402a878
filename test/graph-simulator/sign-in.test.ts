import {
  ClientAssertionCredential,
  ClientCertificateCredential,
  ClientSecretCredential,
} from '@azure/identity';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeToken } from '../../local/graph-simulator/sign-in/jwt.ts';
import { createSignIn } from '../../local/graph-simulator/sign-in/sign-in.ts';
import { objectIdOf, tokenFlaws } from '../../local/graph-simulator/sign-in/user-token.ts';
import type { Authority } from './support/authority.ts';
import {
  CERT_APP,
  makeAssertion,
  OTHER_TENANT,
  READER,
  requestToken,
  secretForm,
  startAuthority,
  TENANT,
} from './support/authority.ts';

const AUDIENCE = 'api://entra-backup';

let authority: Authority;

beforeAll(async () => {
  authority = await startAuthority();
});
afterAll(() => authority.stop());

const identityOptions = () => ({
  authorityHost: authority.origin,
  disableInstanceDiscovery: true,
  retryOptions: { maxRetries: 0 },
});
const scope = () => `${authority.origin}/.default`;

describe('the unmodified credentials of @azure/identity', () => {
  test('a client secret gets a token that the Graph side accepts with the granted roles', async () => {
    const credential = new ClientSecretCredential(
      TENANT,
      READER,
      'a good secret',
      identityOptions(),
    );
    const token = await credential.getToken(scope());
    const minutes = (token.expiresOnTimestamp - Date.now()) / 60_000;
    expect(minutes).toBeGreaterThan(59);
    expect(minutes).toBeLessThan(91);
    expect(authority.signIn.checkCaller(`Bearer ${token.token}`, authority.clock.now())).toEqual({
      ok: true,
      caller: { tenantId: TENANT, appId: READER, roles: ['User.Read.All', 'Group.Read.All'] },
    });
    expect(decodeToken(token.token)?.claims).toMatchObject({
      aud: authority.origin,
      iss: `${authority.origin}/${TENANT}/v2.0`,
      appid: READER,
      tid: TENANT,
    });
  });

  test('a certificate in a PEM file gets a token', async () => {
    const credential = new ClientCertificateCredential(
      TENANT,
      CERT_APP,
      { certificate: `${authority.appCertificate.key}\n${authority.appCertificate.certificate}` },
      identityOptions(),
    );
    const token = await credential.getToken(scope());
    expect(
      authority.signIn.checkCaller(`Bearer ${token.token}`, authority.clock.now()),
    ).toMatchObject({
      ok: true,
      caller: { appId: CERT_APP, roles: ['Policy.Read.All'] },
    });
  });

  test('a signed assertion gets a token', async () => {
    const credential = new ClientAssertionCredential(
      TENANT,
      CERT_APP,
      () => makeAssertion(authority),
      identityOptions(),
    );
    const token = await credential.getToken(scope());
    expect(
      authority.signIn.checkCaller(`Bearer ${token.token}`, authority.clock.now()),
    ).toMatchObject({ ok: true });
  });

  test('a wrong secret fails with the AADSTS code in the error of the library', async () => {
    const credential = new ClientSecretCredential(TENANT, READER, 'wrong', identityOptions());
    await expect(credential.getToken(scope())).rejects.toThrow(/AADSTS7000215/);
  });
});

describe('the check of Graph tokens', () => {
  const issue = async () =>
    String((await requestToken(authority, secretForm(authority))).body['access_token']);

  test('refuses absent, malformed, foreign and expired tokens with a 401 reason', async () => {
    const message = (header: string | undefined, now = authority.clock.now()) => {
      const result = authority.signIn.checkCaller(header, now);
      return result.ok ? 'accepted' : `${result.code}: ${result.message}`;
    };
    const token = await issue();
    expect(message(undefined)).toMatch(/^InvalidAuthenticationToken: Access token is empty/);
    expect(message('Basic eA==')).toMatch(/empty/);
    expect(message('Bearer x')).toMatch(/CompactToken parsing failed/);
    expect(message(`Bearer ${token}`)).toBe('accepted');
    expect(message(`Bearer ${token}`, authority.clock.now() + 91 * 60_000)).toMatch(/expired/);
    for (const flaw of ['foreignKey', 'algNone', 'hs256', 'brokenSignature'] as const) {
      const forged = authority.signIn.issueUserToken({
        tenantId: TENANT,
        user: 'user0001@contoso.example',
        audience: authority.origin,
        flaw,
      });
      expect(message(`Bearer ${forged}`)).toMatch(/Signing key is invalid/);
    }
    const forApi = authority.signIn.issueUserToken({
      tenantId: TENANT,
      user: 'u',
      audience: AUDIENCE,
    });
    expect(message(`Bearer ${forApi}`)).toMatch(/Invalid audience/);
  });

  test('a revoked permission is missing from later tokens; earlier ones behave as asked', async () => {
    const roles = (token: string) => {
      const result = authority.signIn.checkCaller(`Bearer ${token}`, authority.clock.now());
      return result.ok ? result.caller.roles : result.message;
    };
    const before = await issue();
    authority.signIn.registrations.revoke(TENANT, READER, 'Group.Read.All', 'keep');
    expect(roles(await issue())).toEqual(['User.Read.All']);
    expect(roles(before)).toEqual(['User.Read.All', 'Group.Read.All']);
    authority.signIn.registrations.revoke(TENANT, READER, 'Group.Read.All', 'withoutPermission');
    expect(roles(before)).toEqual(['User.Read.All']);
    authority.signIn.registrations.grant(TENANT, READER, 'Group.Read.All');
    expect(roles(before)).toEqual(['User.Read.All', 'Group.Read.All']);
    authority.signIn.registrations.revoke(TENANT, READER, 'Group.Read.All', 'refuse');
    expect(roles(before)).toMatch(/TokenCreatedWithOutdatedPolicies/);
    authority.signIn.registrations.grant(TENANT, READER, 'Group.Read.All');
    authority.clock.shift += 10;
    expect(roles(await issue())).toEqual(['User.Read.All', 'Group.Read.All']);
  });

  test('the life of tokens can be made short', async () => {
    authority.signIn.setTokenLifetime(3);
    const { body } = await requestToken(authority, secretForm(authority));
    authority.signIn.setTokenLifetime(undefined);
    expect(body['expires_in']).toBe(3);
    const header = `Bearer ${String(body['access_token'])}`;
    expect(authority.signIn.checkCaller(header, authority.clock.now()).ok).toBe(true);
    expect(authority.signIn.checkCaller(header, authority.clock.now() + 3_001).ok).toBe(false);
  });
});

describe('tokens of people for the API of the product', () => {
  const verify = (token: string) =>
    jwtVerify(
      token,
      createRemoteJWKSet(new URL(`${authority.origin}/${TENANT}/discovery/v2.0/keys`)),
      {
        issuer: `${authority.origin}/${TENANT}/v2.0`,
        audience: AUDIENCE,
        algorithms: ['RS256'],
        requiredClaims: ['exp', 'oid', 'tid'],
      },
    );
  const request = {
    tenantId: TENANT,
    user: 'User0007@contoso.example',
    audience: AUDIENCE,
    roles: ['Restore.Operator'],
    groups: [OTHER_TENANT],
  };

  test('a good one verifies against the published keys and carries the v2.0 claims', async () => {
    const { payload } = await verify(authority.signIn.issueUserToken(request));
    expect(payload).toMatchObject({
      ver: '2.0',
      oid: objectIdOf('user0007@CONTOSO.example'),
      tid: TENANT,
      roles: ['Restore.Operator'],
      groups: [OTHER_TENANT],
      scp: 'access_as_user',
      preferred_username: 'User0007@contoso.example',
    });
    expect(payload['oid']).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-/);
  });

  test.each(tokenFlaws)('one that is %s does not verify', async (flaw) => {
    await expect(verify(authority.signIn.issueUserToken({ ...request, flaw }))).rejects.toThrow();
  });

  test('the discovery document names endpoints of this authority', async () => {
    const response = await fetch(
      `${authority.origin}/${TENANT}/v2.0/.well-known/openid-configuration`,
    );
    expect(await response.json()).toMatchObject({
      issuer: `${authority.origin}/${TENANT}/v2.0`,
      token_endpoint: `${authority.origin}/${TENANT}/oauth2/v2.0/token`,
      jwks_uri: `${authority.origin}/${TENANT}/discovery/v2.0/keys`,
    });
  });

  test('a token issued before a restart is still accepted after it', async () => {
    const token = String(
      (await requestToken(authority, secretForm(authority))).body['access_token'],
    );
    const restarted = await createSignIn({
      ...authority,
      origin: () => authority.origin,
    });
    restarted.registrations.register(TENANT, { appId: READER, permissions: [] });
    expect(restarted.checkCaller(`Bearer ${token}`, authority.clock.now()).ok).toBe(true);
  });
});
