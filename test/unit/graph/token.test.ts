import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { GraphRequest } from '../../../shared/graph/graph-request.ts';
import { createNetwork } from '../../../shared/graph/network.ts';
import {
  type Answer,
  type GraphServer,
  graphError,
  json,
  reset,
  startGraphServer,
} from './support/graph-server.ts';
import { clientOf } from './support/test-client.ts';

const users: GraphRequest = { path: '/users', apiVersion: 'v1.0', service: 'identity' };
const good = json({ value: [] });

function refusedSignIn(code: number): Answer {
  const description = `AADSTS${code}: something about 'canary-app-name'. Trace ID: 1`;
  return json(
    { error: 'invalid_client', error_description: description, error_codes: [code] },
    401,
  );
}

describe('the token', () => {
  let server: GraphServer;
  beforeAll(async () => {
    server = await startGraphServer();
  });
  afterAll(() => server.close());
  beforeEach(() => {
    server.seen.length = 0;
    server.signIns.length = 0;
    server.answerSignIn(undefined);
  });

  it('is asked for once, also when many calls begin together', async () => {
    server.answer(good);
    const { client } = clientOf(server);
    await Promise.all(Array.from({ length: 12 }, () => client.page(users)));
    await client.page(users);
    expect(server.signIns).toHaveLength(1);
    expect(server.signIns[0]?.body).toContain(
      `scope=${encodeURIComponent(`${server.origin}/.default`)}`,
    );
  });

  it('is asked for again when it would expire within five minutes', async () => {
    server.answerSignIn(json({ token_type: 'Bearer', expires_in: 240, access_token: 'short' }));
    server.answer(good);
    const { client } = clientOf(server);
    await client.page(users);
    await client.page(users);
    expect(server.signIns).toHaveLength(2);
  });

  it('is replaced once after a 401, and the new one is sent alone', async () => {
    server.answer(graphError(401, 'InvalidAuthenticationToken'), good);
    const { client } = clientOf(server);
    await client.page(users);
    expect(server.seen.map((request) => request.headers.authorization)).toEqual([
      'Bearer token-1',
      'Bearer token-2',
    ]);
  });

  it('is replaced once, also for a call that is refused after others have the new one', async () => {
    const unauthorized = graphError(401, 'InvalidAuthenticationToken');
    let refuseLate = (): void => undefined;
    const answerByToken: Answer = (request, response, socket) => {
      if (request.headers.authorization === 'Bearer token-2') {
        good(request, response, socket);
        refuseLate();
        refuseLate = () => undefined;
      } else if (request.url.includes('late')) {
        refuseLate = () => unauthorized(request, response, socket);
      } else {
        unauthorized(request, response, socket);
      }
    };
    server.answer(answerByToken);
    const { client } = clientOf(server);
    const late = client.page({ ...users, query: { $search: 'late' } });
    while (server.seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await client.page(users);
    await late;
    expect(server.signIns).toHaveLength(2);
    expect(server.seen).toHaveLength(4);
  });

  it('answers a claims challenge', async () => {
    const claims = '{"access_token":{"nbf":{"essential":true,"value":"1"}}}';
    const challenge = `Bearer realm="", error="insufficient_claims", claims="${Buffer.from(claims).toString('base64')}"`;
    server.answer(
      graphError(401, 'InvalidAuthenticationToken', { 'www-authenticate': challenge }),
      good,
    );
    const { client } = clientOf(server);
    await client.page(users);
    const sent = new URLSearchParams(server.signIns[1]?.body).get('claims') ?? '{}';
    expect(JSON.parse(sent)).toMatchObject({ access_token: { nbf: { value: '1' } } });
  });

  it('that is refused twice ends as graphUnauthorized', async () => {
    server.answer(graphError(401, 'InvalidAuthenticationToken'));
    const { client } = clientOf(server);
    await expect(client.page(users)).rejects.toMatchObject({ code: 'graphUnauthorized' });
    expect(server.seen).toHaveLength(2);
  });

  it.each([
    [7000215, /client secret is wrong/],
    [7000222, /expired/],
    [700016, /consent/],
    [700024, /clock/],
    [53003, /conditional access/],
    [90002, /tenant does not exist/],
    [1234567, /see the code/],
  ])('that is refused with AADSTS%i says what to do and quotes nothing', async (code, message) => {
    server.answerSignIn(refusedSignIn(code));
    const { client } = clientOf(server);
    const error: unknown = await client.page(users).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: 'signInFailed',
      message: expect.stringMatching(message) as string,
      details: { aadsts: `AADSTS${code}` },
    });
    expect(server.seen).toEqual([]);
    const everything = JSON.stringify(error, Object.getOwnPropertyNames(error));
    expect(everything).not.toMatch(/canary/);
  });

  it('that cannot be fetched because nobody answers says so', async () => {
    server.answerSignIn(reset);
    const { client } = clientOf(server);
    await expect(client.page(users)).rejects.toMatchObject({
      code: 'signInFailed',
      message: expect.stringMatching(
        /did not answer \(.+\); check LOGIN_URL and the proxy/,
      ) as string,
    });
  }, 30_000);

  it('that cannot be fetched because the certificate is not trusted names EXTRA_CA_FILE', async () => {
    const { client } = clientOf(server, { network: createNetwork() });
    await expect(client.page(users)).rejects.toMatchObject({
      code: 'signInFailed',
      message: expect.stringContaining('EXTRA_CA_FILE') as string,
    });
  }, 30_000);

  it('is fetched with a certificate when that is the credential', async () => {
    const { createApplicationCertificate } = await import(
      '../../../local/graph-simulator/certificates.ts'
    );
    const { certificate, key } = await createApplicationCertificate('backup');
    server.answer(good);
    const { client } = clientOf(server, {
      credential: { kind: 'certificate', pem: `${key}\n${certificate}` },
    });
    await client.page(users);
    const form = new URLSearchParams(server.signIns[0]?.body);
    expect(form.get('client_secret')).toBeNull();
    expect(form.get('client_assertion')?.split('.')).toHaveLength(3);
  });

  it('needs a certificate that can be read', async () => {
    const { client } = clientOf(server, {
      credential: { kind: 'certificate', pem: 'canary not a certificate' },
    });
    const error: unknown = await client.page(users).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'signInFailed' });
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toMatch(/canary/);
  });
});
