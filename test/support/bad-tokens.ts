import { createHmac } from 'node:crypto';
import { generateKeyPair, SignJWT } from 'jose';
import { apiTenantId, audience, claimsOf, loginUrl, sign, type TestClock } from './api.ts';

export interface BadToken {
  readonly name: string;
  readonly authorization: string | null;
}

const foreignTenant = 'feedfeed-1111-4222-8333-444444444444';

/** Claims that make a signed token a bad one. */
function wrongClaims(now: number): Record<string, Record<string, unknown>> {
  return {
    'no expiry': { exp: undefined },
    'expired an hour ago': { exp: now - 3600 },
    'expired a minute ago': { exp: now - 60 },
    'expiry as text': { exp: String(now + 3600) },
    'expiry zero': { exp: 0 },
    'negative expiry': { exp: -1 },
    'no not-before': { nbf: undefined },
    'valid in an hour only': { nbf: now + 3600 },
    'not-before as text': { nbf: 'now' },
    'no audience': { aud: undefined },
    'audience of Graph': { aud: 'https://graph.microsoft.com' },
    'audience in a list of others': { aud: ['https://graph.microsoft.com', 'other'] },
    'audience with a slash': { aud: `${audience}/` },
    'audience in upper case': { aud: audience.toUpperCase() },
    'empty audience': { aud: '' },
    'no issuer': { iss: undefined },
    'issuer of version 1': { iss: `https://sts.windows.net/${apiTenantId}/` },
    'issuer of another host': { iss: `https://login.other.example/${apiTenantId}/v2.0` },
    'issuer of another tenant': { iss: `${loginUrl}/${foreignTenant}/v2.0` },
    'issuer without version': { iss: `${loginUrl}/${apiTenantId}` },
    'issuer with a slash': { iss: `${loginUrl}/${apiTenantId}/v2.0/` },
    'issuer for all tenants': { iss: `${loginUrl}/common/v2.0` },
    'issuer over http': { iss: `http://login.contoso.example/${apiTenantId}/v2.0` },
    'empty issuer': { iss: '' },
    'no tenant': { tid: undefined },
    'foreign tenant': { tid: foreignTenant },
    'foreign tenant with its issuer': {
      tid: foreignTenant,
      iss: `${loginUrl}/${foreignTenant}/v2.0`,
    },
    'tenant as a list': { tid: [apiTenantId] },
    'tenant common': { tid: 'common' },
    'tenant as an object': { tid: { id: apiTenantId } },
    'tenant named like a member of every object': { tid: '__proto__' },
    'no object id': { oid: undefined },
    'object id that is no GUID': { oid: 'administrator' },
    'empty object id': { oid: '' },
    'object id as a list': { oid: ['ad000000-0000-4000-8000-000000000001'] },
    'object id null': { oid: null },
    'no version': { ver: undefined },
    'version 1': { ver: '1.0' },
    'version as a number': { ver: 2 },
  };
}

const encode = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** More than 60 Authorization headers that no route may accept. */
export async function badTokens(clock: TestClock): Promise<BadToken[]> {
  const good = claimsOf(clock, {});
  const token = await sign(good);
  const signed = Object.entries(wrongClaims(good.iat)).map(async ([name, changes]) => ({
    name,
    authorization: `Bearer ${await sign(claimsOf(clock, {}, changes))}`,
  }));
  return [
    ...(await Promise.all(signed)),
    ...headers(token),
    ...forged(token, good),
    ...(await otherKeys(good)),
  ];
}

function headers(token: string): BadToken[] {
  const given: Record<string, string | null> = {
    'no header': null,
    'empty header': '',
    'no token': 'Bearer',
    'blank token': 'Bearer ',
    'basic authentication': `Basic ${encode('admin:admin')}`,
    'token without scheme': token,
    'other scheme': `Token ${token}`,
    'two tokens': `Bearer ${token}, Bearer ${token}`,
    'token with a blank inside': `Bearer ${token.slice(0, 40)} ${token.slice(40)}`,
    'token in quotes': `Bearer "${token}"`,
    'one part': `Bearer ${token.split('.')[0]}`,
    'two parts': `Bearer ${token.split('.').slice(0, 2).join('.')}`,
    'four parts': `Bearer ${token}.${token.split('.')[2]}`,
    'five parts, as if encrypted': `Bearer ${token}.a.b`,
    'empty parts': 'Bearer ..',
    'words instead of JSON': `Bearer ${encode('x')}.${encode('y')}.${encode('z')}`,
    'lists instead of objects': `Bearer ${encode([])}.${encode([])}.${encode('z')}`,
    'too long': `Bearer ${token}${'a'.repeat(20_000)}`,
    'function key': `Bearer ${'k'.repeat(56)}`,
  };
  return Object.entries(given).map(([name, authorization]) => ({ name, authorization }));
}

function forged(token: string, claims: Record<string, unknown>): BadToken[] {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const unsigned = (alg: unknown, end = ''): string =>
    `Bearer ${encode({ alg, kid: 'k1', typ: 'JWT' })}.${payload}.${end}`;
  const hmacInput = `${encode({ alg: 'HS256', kid: 'k1' })}.${payload}`;
  const hmac = createHmac('sha256', 'secret').update(hmacInput).digest('base64url');
  const more = encode({ ...claims, roles: ['Backup.Admin', 'Restore.Approver'] });
  const given: Record<string, string> = {
    'algorithm none': unsigned('none'),
    'algorithm None': unsigned('None'),
    'algorithm NONE with a signature': unsigned('NONE', signature),
    'algorithm missing': unsigned(undefined, signature),
    'algorithm as a list': unsigned(['RS256'], signature),
    'algorithm RS512 over the signature of RS256': unsigned('RS512', signature),
    'algorithm PS256 over the signature of RS256': unsigned('PS256', signature),
    'symmetric signature': `Bearer ${hmacInput}.${hmac}`,
    'changed claims': `Bearer ${header}.${more}.${signature}`,
    'no signature': `Bearer ${header}.${payload}.`,
    'cut signature': `Bearer ${header}.${payload}.${signature.slice(0, -8)}`,
    'signature of zeros': `Bearer ${header}.${payload}.${'A'.repeat(signature.length)}`,
    'header that names another key': `Bearer ${encode({ alg: 'RS256', kid: 'k2' })}.${payload}.${signature}`,
    'critical extension': `Bearer ${encode({ alg: 'RS256', kid: 'k1', crit: ['x'], x: 1 })}.${payload}.${signature}`,
  };
  return Object.entries(given).map(([name, authorization]) => ({ name, authorization }));
}

async function otherKeys(claims: Record<string, unknown>): Promise<BadToken[]> {
  const rsa = await generateKeyPair('RS256', { extractable: true });
  const pss = await generateKeyPair('PS256');
  const curve = await generateKeyPair('ES256');
  const made = async (
    name: string,
    alg: string,
    key: Awaited<ReturnType<typeof generateKeyPair>>['privateKey'],
    more: Record<string, unknown> = {},
  ): Promise<BadToken> => ({
    name,
    authorization: `Bearer ${await new SignJWT(claims)
      .setProtectedHeader({ alg, kid: 'k1', ...more })
      .sign(key)}`,
  });
  return [
    await made('stranger with the id of our key', 'RS256', rsa.privateKey),
    await made('stranger with an unknown key id', 'RS256', rsa.privateKey, { kid: 'other' }),
    await made('stranger without key id', 'RS256', rsa.privateKey, { kid: undefined }),
    await made('stranger who brings a key address', 'RS256', rsa.privateKey, {
      jku: 'https://keys.other.example/keys',
    }),
    await made('another RSA padding', 'PS256', pss.privateKey),
    await made('an elliptic curve', 'ES256', curve.privateKey),
  ];
}
