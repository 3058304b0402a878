import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BackupError } from '../../../shared/errors/backup-error.ts';
import type { GraphRequest } from '../../../shared/graph/graph-request.ts';
import { ProcessTokenBuckets } from '../../../shared/graph/token-bucket.ts';
import {
  type Answer,
  type GraphServer,
  graphError,
  hang,
  json,
  raw,
  reset,
  startGraphServer,
  text,
} from './support/graph-server.ts';
import { clientOf, SteppingClock } from './support/test-client.ts';

const users: GraphRequest = { path: '/users', apiVersion: 'v1.0', service: 'identity' };
const html = text('<html>gateway</html>', 502, { 'content-type': 'text/html' });
const html200 = text('<html>gateway</html>', 200, { 'content-type': 'text/html' });
const good = json({ value: [{ id: 'a' }] });

/** Headers promise 1,000 bytes, then the connection is cut. */
const cutBody: Answer = (_request, response, socket) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
  response.write('{"value":[{"id"');
  setTimeout(() => socket.destroy(), 20);
};

const cutGzip: Answer = (request, response, socket) => {
  const end = response.end.bind(response);
  Object.assign(response, { end: (body: Buffer) => end(body.subarray(0, body.length - 9)) });
  good(request, response, socket);
};

async function failureOf(promise: Promise<unknown>): Promise<BackupError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(BackupError);
  return error as BackupError;
}

describe('retries', () => {
  let server: GraphServer;
  beforeAll(async () => {
    server = await startGraphServer();
  });
  afterAll(() => server.close());
  beforeEach(() => {
    server.seen.length = 0;
    server.signIns.length = 0;
  });

  describe('of a GET', () => {
    const faults: [string, Answer][] = [
      ['429', graphError(429, 'TooManyRequests')],
      ['500', graphError(500, 'InternalServerError')],
      ['502 with HTML', html],
      ['503', graphError(503, 'ServiceUnavailable')],
      ['504', graphError(504, 'GatewayTimeout')],
      ['408', graphError(408, 'RequestTimeout')],
      ['a reset connection', reset],
      ['a body cut by a closed connection', cutBody],
      ['a cut gzip stream', cutGzip],
      ['200 with HTML', html200],
      ['200 with {}', raw('{}')],
      ['200 with []', raw('[]')],
      ['200 with null', raw('null')],
      ['200 with nothing', raw('')],
      ['value null', raw('{"value":null}')],
      ['value no list', raw('{"value":{"id":"a"}}')],
      ['no value but an id', raw('{"id":"a"}')],
      ['invalid UTF-8', raw(Buffer.from('7b2276616c7565223a5b7b226964223a22ff227d5d7d', 'hex'))],
      ['a link that is no text', raw('{"value":[],"@odata.nextLink":7}')],
      ['an envelope that repeats value', raw('{"value":[],"value":[{"id":"a"}]}')],
      ['404 without a Graph error', text('not here', 404, { 'content-type': 'text/html' })],
      ['404 of a gateway', graphError(404, 'UnknownError')],
      ['a compression nobody asked for', raw('{"value":[]}', { 'content-encoding': 'br' })],
    ];

    it.each(faults)('answered with %s ends well', async (_name, fault) => {
      server.answer(fault, fault, good);
      const { client, clock } = clientOf(server);
      const page = await client.page(users);
      expect(page.items).toHaveLength(1);
      expect(server.seen).toHaveLength(3);
      expect(clock.sleeps.length).toBeGreaterThanOrEqual(2);
      expect(client.statistics.requests).toBe(3);
    });

    it('that hangs is given up after the time of a try and sent again', async () => {
      server.answer(hang, good);
      const { client } = clientOf(server, { tryTimeoutMs: 300 });
      await client.page(users);
      expect(server.seen).toHaveLength(2);
    });

    it('that drips slower than the time of a try is given up', async () => {
      const drip: Answer = (_request, response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        const timer = setInterval(() => response.write(' '), 40);
        response.on('close', () => clearInterval(timer));
      };
      server.answer(drip, good);
      const { client } = clientOf(server, { tryTimeoutMs: 300 });
      await client.page(users);
      expect(server.seen).toHaveLength(2);
    });

    const lasting = faults.filter(([name]) =>
      /^(429|503|a reset|200 with HTML|200 with {})/.test(name),
    );
    it.each(lasting)('answered with %s for ever fails after 10 tries', async (name, fault) => {
      server.answer(fault);
      const { client } = clientOf(server);
      const error = await failureOf(client.page(users));
      expect(server.seen).toHaveLength(10);
      const expected = name === '429' ? 'graphThrottled' : /graphUnavailable|graphBadAnswer/;
      expect(error.code).toMatch(expected);
    });

    it('is not repeated when the answer is a refusal', async () => {
      const refusals: [Answer, string][] = [
        [graphError(400, 'Request_BadRequest'), 'graphBadRequest'],
        [graphError(403, 'Authorization_RequestDenied'), 'graphForbidden'],
        [
          graphError(403, 'Authentication_RequestFromNonPremiumTenantOrB2CTenant'),
          'graphNotLicensed',
        ],
        [graphError(404, 'Request_ResourceNotFound'), 'graphNotFound'],
        [graphError(400, 'Directory_ExpiredPageToken'), 'graphPageTokenExpired'],
        [graphError(400, 'DirectoryPageTokenNotFoundException'), 'graphPageTokenExpired'],
        [graphError(410, 'SyncStateNotFound'), 'graphCursorExpired'],
        [
          graphError(400, 'Request_BadRequest', {}, { innerError: { code: 'syncStateNotFound' } }),
          'graphCursorExpired',
        ],
        [graphError(400, 'resyncRequired'), 'graphCursorExpired'],
        [graphError(409, 'Conflict'), 'graphConflict'],
        [text('', 302, { location: 'https://elsewhere.example/' }), 'graphLinkRefused'],
      ];
      for (const [refusal, code] of refusals) {
        server.seen.length = 0;
        server.answer(refusal);
        const error = await failureOf(clientOf(server).client.page(users));
        expect(error.code).toBe(code);
        expect(server.seen).toHaveLength(1);
      }
    });

    it('answered with 410 without a body of Graph on a delta link is an expired cursor', async () => {
      server.answer(graphError(410, 'Gone'));
      const delta = { ...users, path: '/users/delta' };
      const error = await failureOf(clientOf(server).client.page(delta));
      expect(error.code).toBe('graphCursorExpired');
    });

    it('keeps what Graph said about itself and nothing it said about people', async () => {
      const answer = graphError(
        403,
        'Authorization_RequestDenied',
        { 'request-id': 'aaaa-bbbb' },
        {
          message: "Missing for user0001@contoso.example. One of: 'Policy.Read.All'",
          innerError: { code: 'Inner_Code' },
        },
      );
      server.answer(answer);
      const error = await failureOf(clientOf(server).client.page(users));
      expect(error.details).toMatchObject({
        status: 403,
        innerCode: 'Inner_Code',
        permission: 'Policy.Read.All',
        requestId: 'aaaa-bbbb',
      });
      expect(JSON.stringify([error.message, error.details])).not.toContain('contoso');
      expect(error.details['clientRequestId']).toBe(server.seen[0]?.headers['client-request-id']);
    });

    it('waits as long as Retry-After says and counts it', async () => {
      const throttled = graphError(429, 'TooManyRequests', { 'retry-after': '17' });
      server.answer(throttled, good);
      const { client, clock } = clientOf(server);
      await client.page(users);
      expect(clock.sleeps).toEqual([17_000]);
      expect(client.statistics.take()).toMatchObject({
        requests: 2,
        throttled: 1,
        waitMs: 17_000,
      });
      expect(client.statistics.requests).toBe(0);
    });

    it('throws graphThrottled instead of waiting past the end of the slice', async () => {
      server.answer(graphError(429, 'TooManyRequests', { 'retry-after': '17' }), good);
      const { client, clock } = clientOf(server);
      const deadline = new Date(clock.now().getTime() + 10_000);
      const error = await failureOf(client.page(users, undefined, { deadline }));
      expect(error.code).toBe('graphThrottled');
      expect(error.details).toMatchObject({ retryAfterMs: 17_000, status: 429 });
      expect(clock.sleeps).toEqual([]);
    });

    it('slows down everybody who shares the quota of the tenant after a 429', async () => {
      server.answer(graphError(429, 'TooManyRequests', { 'retry-after': '17' }), good);
      const shared = { buckets: new ProcessTokenBuckets(), clock: new SteppingClock() };
      const first = clientOf(server, shared);
      const deadline = new Date(shared.clock.now().getTime() + 10_000);
      await failureOf(first.client.page(users, undefined, { deadline }));
      expect(shared.clock.sleeps).toEqual([]);
      await clientOf(server, shared).client.page(users);
      expect(shared.clock.sleeps).toEqual([17_000]);
    });

    it('stops at once when the caller gives up', async () => {
      const stop = new AbortController();
      server.answer(() => stop.abort(new Error('caller gave up')));
      const { client } = clientOf(server);
      const page = client.page(users, undefined, { signal: stop.signal });
      await expect(page).rejects.toThrow('caller gave up');
      expect(server.seen).toHaveLength(1);
    });
  });
});
