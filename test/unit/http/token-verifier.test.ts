import { createHmac } from 'node:crypto';
import { createLocalJWKSet, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { createTokenVerifier } from '../../../functions/http/token-verifier.ts';
import {
  administrator,
  apiTenantId,
  audience,
  claimsOf,
  loginUrl,
  sign,
  signingKey,
  TestClock,
} from '../../support/api.ts';
import { badTokens } from '../../support/bad-tokens.ts';

const clock = new TestClock();
const publicJwk = { ...(await exportJWK(signingKey)), kid: 'k1', alg: 'RS256' };
for (const part of ['d', 'p', 'q', 'dp', 'dq', 'qi'] as const) delete publicJwk[part];
const verifier = createTokenVerifier({
  tenantIds: [apiTenantId],
  audience,
  loginUrl: `${loginUrl}/`,
  clock,
  keysOf: () => createLocalJWKSet({ keys: [publicJwk] }),
});

describe('verification of access tokens', () => {
  it('answers the caller of a good token: lower-case ids, known roles only, groups', async () => {
    const token = await sign(
      claimsOf(clock, {
        oid: administrator.toUpperCase(),
        roles: ['Backup.Admin', 'Directory.Writers', 'Restore.Approver'],
        groups: ['6E6E6E6E-1111-4222-8333-444444444444', 'not-a-guid'],
      }),
    );
    await expect(verifier.verify(`bearer ${token}`)).resolves.toEqual({
      objectId: administrator,
      tenantId: apiTenantId,
      groups: ['6e6e6e6e-1111-4222-8333-444444444444'],
      roles: ['Backup.Admin', 'Restore.Approver'],
    });
  });

  it('takes a token without roles: what it may do is decided later', async () => {
    const { roles: _none, ...claims } = claimsOf(clock, {});
    const caller = await verifier.verify(`Bearer ${await sign(claims)}`);
    expect(caller.roles).toEqual([]);
  });

  it('refuses every one of more than 60 bad tokens with invalidToken', async () => {
    const bad = await badTokens(clock);
    expect(bad.length).toBeGreaterThanOrEqual(60);
    for (const { name, authorization } of bad) {
      await expect(verifier.verify(authorization), name).rejects.toMatchObject({
        code: 'invalidToken',
      });
    }
  });

  it('refuses a token that a stranger signed with a key of the same id', async () => {
    const stranger = await generateKeyPair('RS256');
    const token = await new SignJWT(claimsOf(clock, {}))
      .setProtectedHeader({ alg: 'RS256', kid: 'k1' })
      .sign(stranger.privateKey);
    await expect(verifier.verify(`Bearer ${token}`)).rejects.toMatchObject({
      code: 'invalidToken',
    });
  });

  it('does not take the public key for a shared secret', async () => {
    const encode = (value: object): string =>
      Buffer.from(JSON.stringify(value)).toString('base64url');
    const input = `${encode({ alg: 'HS256', kid: 'k1' })}.${encode(claimsOf(clock, {}))}`;
    const secret = JSON.stringify(publicJwk);
    const signature = createHmac('sha256', secret).update(input).digest('base64url');
    await expect(verifier.verify(`Bearer ${input}.${signature}`)).rejects.toMatchObject({
      code: 'invalidToken',
    });
  });

  it('says unavailable, not invalid, when the keys of the tenant cannot be read', async () => {
    const offline = createTokenVerifier({
      tenantIds: [apiTenantId],
      audience,
      loginUrl,
      clock,
      keysOf: () => async () => {
        throw new TypeError('fetch failed');
      },
    });
    const token = await sign(claimsOf(clock, {}));
    await expect(offline.verify(`Bearer ${token}`)).rejects.toMatchObject({
      code: 'unavailable',
      details: { component: 'signIn' },
    });
  });

  it('lets a token expire with the clock, half a minute of tolerance included', async () => {
    const later = new TestClock();
    const token = await sign(claimsOf(later, {}));
    const timed = createTokenVerifier({
      tenantIds: [apiTenantId],
      audience,
      loginUrl,
      clock: later,
      keysOf: () => createLocalJWKSet({ keys: [publicJwk] }),
    });
    later.advance(3_620_000);
    await expect(timed.verify(`Bearer ${token}`)).resolves.toMatchObject({
      objectId: administrator,
    });
    later.advance(20_000);
    await expect(timed.verify(`Bearer ${token}`)).rejects.toMatchObject({ code: 'invalidToken' });
  });
});
