import { constants, createPublicKey, publicEncrypt } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signToken, unsignedToken } from '../../local/graph-simulator/sign-in/jwt.ts';
import { createSigningKey } from '../../local/graph-simulator/sign-in/signing-key.ts';
import { TENANT } from '../graph-simulator/support/authority.ts';
import { enough, PRINCIPAL, startVault, type TestVault } from '../support/vault.ts';

let vault: TestVault;
let now = new Date('2026-05-01T00:00:00Z');
beforeAll(async () => {
  vault = await startVault();
  await vault.keys.create('logs');
});
afterAll(() => vault.close());

const version = 'api-version=2025-07-01';
interface Body {
  readonly key: { readonly kid: string; readonly n: string; readonly e: string };
  readonly attributes: object;
  readonly value: string;
  readonly nextLink: string | null;
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly innererror: { readonly code: string };
  };
}
type Answer = { status: number; body: Body; headers: Headers };
const kidsOf = ({ value }: Body): string[] =>
  (value as unknown as { kid: string }[]).map(({ kid }) => kid);

async function ask(
  method: string,
  pathAndQuery: string,
  options: { token?: string | undefined; body?: unknown; vault?: TestVault; type?: string } = {},
): Promise<Answer> {
  const at = options.vault ?? vault;
  const token = 'token' in options ? options.token : at.token();
  const response = await fetch(`${at.origin}${pathAndQuery}`, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      'content-type': options.type ?? 'application/json',
    },
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
  });
  const body = (await response.json()) as Body;
  return { status: response.status, body, headers: response.headers };
}

describe('the sign-in of the vault', () => {
  it('challenges a request without a token with authority and resource', async () => {
    const answer = await ask('GET', `/keys/logs?${version}`, { token: undefined });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe(
      `Bearer authorization="https://login.microsoftonline.com/${TENANT}", resource="https://vault.azure.net"`,
    );
    expect(answer.body.error.code).toBe('Unauthorized');
  });

  it.each<[string, () => string]>([
    ['another resource', () => vault.token({ aud: 'https://graph.microsoft.com' })],
    ['another authority', () => vault.token({ iss: 'https://login.microsoftonline.com/x/v2.0' })],
    ['the past', () => vault.token({ exp: Math.floor(Date.now() / 1000) - 60 })],
    ['the future', () => vault.token({ nbf: Math.floor(Date.now() / 1000) + 60 })],
    ['nobody', () => vault.token({ oid: undefined })],
    ['a forger', () => signToken({ oid: PRINCIPAL }, 'x', createSigningKey().privateKey)],
    ['an unsigned one', () => unsignedToken({ oid: PRINCIPAL, aud: 'https://vault.azure.net' })],
    ['nonsense', () => 'abc'],
  ])('refuses a token for or from %s', async (_, token) => {
    const answer = await ask('GET', `/keys/logs?${version}`, { token: token() });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toContain('error="invalid_token"');
  });
});

describe('the vault', () => {
  it.each([
    ['no version', '', 'api-version must be specified'],
    ['an unknown one', '?api-version=9.9', 'Unsupported api-version: 9.9'],
  ])('insists on a version of the interface: %s', async (_, query, message) => {
    const answer = await ask('GET', `/keys/logs${query}`);
    expect([answer.status, answer.body.error.message]).toEqual([400, message]);
  });

  it.each([
    ['POST', '/keys/logs'],
    ['GET', '/keys'],
    ['GET', '/keys/lo_gs'],
    ['GET', '/secrets/x'],
    ['POST', '/keys/logs/abc/wrapkey'],
  ])('does not know %s %s', async (method, where) => {
    expect((await ask(method, `${where}?${version}`)).status).toBe(404);
  });

  it('gives nothing to who has not the very permission', async () => {
    for (const permission of enough) {
      vault.grant(
        PRINCIPAL,
        enough.filter((each) => each !== permission),
      );
      const body = { alg: 'RSA-OAEP-256', value: 'AAAA' };
      const operation = permission.slice('keys/'.length).toLowerCase();
      const answer =
        operation === 'get'
          ? await ask('GET', `/keys/logs?${version}`)
          : await ask('POST', `/keys/logs//${operation}?${version}`, { body });
      expect(answer.status).toBe(403);
      expect(answer.body.error.innererror.code).toBe('ForbiddenByRbac');
    }
    vault.grant(PRINCIPAL, enough);
  });

  it('wraps and unwraps with the public key that it shows', async () => {
    const { body } = await ask('GET', `/keys/logs/?${version}`);
    expect(body.key.kid).toMatch(/^https:\/\/localhost:\d+\/keys\/logs\/[0-9a-f]{32}$/);
    const jwk = { kty: 'RSA', n: body.key.n, e: body.key.e };
    const publicKey = createPublicKey({ key: jwk, format: 'jwk' });
    const padding = constants.RSA_PKCS1_OAEP_PADDING;
    const text = Buffer.from('a data key of 32 bytes, is it not');
    const sealed = publicEncrypt({ key: publicKey, oaepHash: 'sha256', padding }, text);
    const unwrap = { alg: 'RSA-OAEP-256', value: sealed.toString('base64url') };
    const where = new URL(body.key.kid).pathname;
    const opened = await ask('POST', `${where}/unwrapkey?${version}`, { body: unwrap });
    expect(opened.body).toEqual({ kid: body.key.kid, value: text.toString('base64url') });
    const wrap = { alg: 'RSA-OAEP-256', value: text.toString('base64url') };
    const wrapped = await ask('POST', `/keys/LOGS//wrapkey?${version}`, { body: wrap });
    expect((wrapped.body as unknown as { kid: string }).kid).toBe(body.key.kid);
    const again = { alg: 'RSA-OAEP-256', value: wrapped.body.value };
    const back = await ask('POST', `${where}/unwrapkey?${version}`, { body: again });
    expect(back.body.value).toBe(text.toString('base64url'));
  });

  it.each([
    ['an algorithm it has not', { alg: 'A256KW', value: 'AAAA' }],
    ['no algorithm', { value: 'AAAA' }],
    ['no value', { alg: 'RSA-OAEP-256' }],
    ['a value that is not base64url', { alg: 'RSA-OAEP-256', value: 'a+/=' }],
    ['a value that it did not wrap', { alg: 'RSA-OAEP-256', value: 'A'.repeat(342) }],
    ['a list', []],
  ])('refuses to unwrap %s', async (_, body) => {
    const answer = await ask('POST', `/keys/logs//unwrapkey?${version}`, { body });
    expect([answer.status, answer.body.error.code]).toEqual([400, 'BadParameter']);
  });

  it('refuses what is not JSON and what is too long', async () => {
    const body = { alg: 'RSA-OAEP-256', value: 'AAAA' };
    const where = `/keys/logs//wrapkey?${version}`;
    expect((await ask('POST', where, { body, type: 'text/plain' })).status).toBe(400);
    expect((await ask('POST', where, { body: { value: 'A'.repeat(70_000) } })).status).toBe(413);
  });

  it('makes, rotates, lists and changes keys', async () => {
    vault.grant(PRINCIPAL, [...enough, 'keys/create', 'keys/rotate', 'keys/list', 'keys/update']);
    const made = await ask('POST', `/keys/new/create?${version}`, { body: { kty: 'RSA' } });
    const rotated = await ask('POST', `/keys/new/rotate?${version}`);
    expect(rotated.body.key.kid).not.toBe(made.body.key.kid);
    const current = await ask('GET', `/keys/new?${version}`);
    expect(current.body.key.kid).toBe(rotated.body.key.kid);
    const first = await ask('GET', `/keys/new/versions?maxresults=1&${version}`);
    expect(kidsOf(first.body)).toEqual([made.body.key.kid]);
    const link = new URL(first.body.nextLink ?? '');
    const second = await ask('GET', `${link.pathname}${link.search}`);
    expect(kidsOf(second.body)).toEqual([rotated.body.key.kid]);
    expect(second.body.nextLink).toBeNull();
    const where = new URL(made.body.key.kid).pathname;
    const changed = await ask('PATCH', `${where}?${version}`, {
      body: { attributes: { enabled: false, exp: 2_000_000_000 } },
    });
    expect(changed.body.attributes).toMatchObject({ enabled: false, exp: 2_000_000_000 });
    const wrong = { attributes: { exp: 'soon' } };
    expect((await ask('PATCH', `${where}?${version}`, { body: wrong })).status).toBe(400);
    const ec = { kty: 'EC' };
    expect((await ask('POST', `/keys/ec/create?${version}`, { body: ec })).status).toBe(400);
    vault.grant(PRINCIPAL, enough);
  });

  it('throttles with a time to wait', async () => {
    now = new Date('2026-05-01T00:00:00Z');
    const busy = await startVault({ requestsPer10Seconds: 2, now: () => now });
    const statuses: number[] = [];
    for (const seconds of [0, 1, 4, 9.5, 10]) {
      now = new Date(Date.parse('2026-05-01T00:00:00Z') + seconds * 1000);
      const answer = await ask('GET', `/keys/x?${version}`, { vault: busy, token: undefined });
      statuses.push(answer.status);
      if (seconds === 4) expect(answer.headers.get('retry-after')).toBe('6');
    }
    expect(statuses).toEqual([401, 401, 429, 429, 401]);
    await busy.close();
  });

  it('keeps its keys over a restart, readable by their owner only', async () => {
    const stateDir = await mkdtemp(path.join(tmpdir(), 'vault-'));
    const before = await startVault({ stateDir });
    const [one, two] = [await before.keys.create('logs'), await before.keys.create('logs')];
    await before.keys.update('logs', one.version, { enabled: false });
    await before.close();
    const file = path.join(stateDir, 'vault', 'keys.json');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readFile(file, 'utf8')).toContain(one.version);
    const after = await startVault({ stateDir });
    expect(after.keys.find('logs').found.version).toBe(two.version);
    expect(after.keys.find('logs', one.version).found.attributes.enabled).toBe(false);
    expect(after.keys.find('logs').found.publicKey.equals(two.publicKey)).toBe(true);
    await after.close();
    await rm(stateDir, { recursive: true });
  });
});
