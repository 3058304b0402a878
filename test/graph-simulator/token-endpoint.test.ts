import { SignJWT } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createApplicationCertificate } from '../../local/graph-simulator/certificates.ts';
import type { AssertionChanges, Authority } from './support/authority.ts';
import {
  assertionForm,
  makeAssertion,
  OTHER_TENANT,
  READER,
  requestToken,
  secretForm,
  startAuthority,
} from './support/authority.ts';

let authority: Authority;

beforeAll(async () => {
  authority = await startAuthority();
});
afterAll(() => authority.stop());

/** Expected answer as `status error AADSTS-number`. */
type Refusal = readonly [title: string, change: Record<string, string>, expected: string];

const refusals: Refusal[] = [
  ['a wrong secret', { client_secret: 'no' }, '401 invalid_client 7000215'],
  ['an expired secret', { client_secret: 'an old secret' }, '401 invalid_client 7000222'],
  ['no credential', { client_secret: '' }, '401 invalid_client 7000216'],
  ['an unknown application', { client_id: OTHER_TENANT }, '400 unauthorized_client 700016'],
  ['no application', { client_id: '' }, '400 invalid_request 900144'],
  ['no grant type', { grant_type: '' }, '400 invalid_request 900144'],
  ['no scope', { scope: '' }, '400 invalid_request 900144'],
  ['another grant', { grant_type: 'password' }, '400 unsupported_grant_type 70003'],
  ['a scope of one permission', { scope: 'https://x/User.Read' }, '400 invalid_scope 1002012'],
  ['an unknown resource', { scope: 'https://x/.default' }, '400 invalid_resource 500011'],
  ['text for an assertion', { client_assertion: 'nonsense' }, '400 invalid_request 900144'],
];

test.each(refusals)('the token endpoint refuses %s', async (_title, change, expected) => {
  expectRefusal(await requestToken(authority, secretForm(authority, change)), expected);
});

test.each([
  [
    'a tenant it does not know',
    '99999999-0000-4000-8000-000000000009',
    '400 invalid_request 90002',
  ],
  ['a tenant that is no id', 'nowhere', '400 invalid_request 900023'],
  ['an application of another tenant', OTHER_TENANT, '400 unauthorized_client 700016'],
])('the token endpoint refuses %s', async (_title, tenant, expected) => {
  expectRefusal(await requestToken(authority, secretForm(authority), tenant), expected);
});

const SECONDS = () => Math.floor(Date.now() / 1000);
const badAssertions: (readonly [string, () => AssertionChanges, string])[] = [
  ['a key nobody registered', () => ({ thumbprint: 'AAAA' }), '401 invalid_client 700027'],
  ['another subject', () => ({ claims: { sub: READER } }), '401 invalid_client 700021'],
  ['another issuer', () => ({ claims: { iss: READER } }), '401 invalid_client 700021'],
  ['another audience', () => ({ claims: { aud: 'https://x' } }), '401 invalid_client 700023'],
  ['no end', () => ({ claims: { exp: undefined } }), '400 invalid_request 50027'],
  ['no id', () => ({ claims: { jti: undefined } }), '400 invalid_request 50027'],
  [
    'an end 6 s ago',
    () => ({ claims: { nbf: 1, exp: SECONDS() - 6 } }),
    '401 invalid_client 700024',
  ],
  ['a start in 10 s', () => ({ claims: { nbf: SECONDS() + 10 } }), '401 invalid_client 700024'],
];

test.each(badAssertions)('an assertion with %s is refused', async (_title, change, expected) => {
  const assertion = await makeAssertion(authority, change());
  expectRefusal(await requestToken(authority, assertionForm(authority, assertion)), expected);
});

test('a foreign key under a registered thumbprint is refused', async () => {
  const { key } = await createApplicationCertificate('other');
  const assertion = await makeAssertion(authority, { key });
  const answer = await requestToken(authority, assertionForm(authority, assertion));
  expectRefusal(answer, '401 invalid_client 700027');
});

test('an expired certificate is refused although the assertion is fresh', async () => {
  const expired = await createApplicationCertificate('old', {
    notBefore: new Date(Date.now() - 7_200_000),
    notAfter: new Date(Date.now() - 3_600_000),
  });
  const old = { ...authority, appCertificate: expired };
  const form = assertionForm(authority, await makeAssertion(old));
  authority.signIn.registrations.addCertificate(
    'a1b2c3d4-0000-4000-8000-000000000001',
    form.client_id,
    expired.certificate,
  );
  expectRefusal(await requestToken(authority, form), '401 invalid_client 700027');
});

test('a malformed assertion and an HMAC one are refused', async () => {
  const hmac = new SignJWT({}).setProtectedHeader({ alg: 'HS256' });
  for (const assertion of ['nonsense', await hmac.sign(new Uint8Array(32))]) {
    const answer = await requestToken(authority, assertionForm(authority, assertion));
    expectRefusal(answer, '400 invalid_request 50027');
  }
});

test('an assertion works once; clock differences up to 5 s are tolerated', async () => {
  const early = await makeAssertion(authority, { claims: { nbf: SECONDS() + 4 } });
  expect((await requestToken(authority, assertionForm(authority, early))).status).toBe(200);
  const again = await requestToken(authority, assertionForm(authority, early));
  expectRefusal(again, '400 invalid_request 50027');
});

test('PS256 and RS256 assertions are both accepted', async () => {
  for (const alg of ['PS256', 'RS256']) {
    const form = assertionForm(authority, await makeAssertion(authority, { alg }));
    expect((await requestToken(authority, form)).status).toBe(200);
  }
});

test('a GET and a disabled application are refused', async () => {
  const tenant = 'a1b2c3d4-0000-4000-8000-000000000001';
  const response = await fetch(`${authority.origin}/${tenant}/oauth2/v2.0/token`);
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ error_codes: [900561] });
  authority.signIn.registrations.setEnabled(tenant, READER, false);
  const answer = await requestToken(authority, secretForm(authority));
  authority.signIn.registrations.setEnabled(tenant, READER, true);
  expectRefusal(answer, '400 unauthorized_client 7000112');
});

function expectRefusal(
  answer: { status: number; body: Record<string, unknown> },
  expected: string,
): void {
  const [code] = answer.body['error_codes'] as number[];
  expect(`${answer.status} ${String(answer.body['error'])} ${code}`).toBe(expected);
  expect(answer.body['error_description']).toMatch(
    new RegExp(`^AADSTS${code}: .+Trace ID: .+Correlation ID: .+Timestamp: `),
  );
  expect(answer.body).not.toHaveProperty('access_token');
}
