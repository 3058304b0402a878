import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { GraphWrite } from '../../../shared/graph/graph-request.ts';
import { parseJson } from '../../../shared/json/parse-json.ts';
import {
  type Answer,
  type GraphServer,
  graphError,
  json,
  raw,
  reset,
  startGraphServer,
  text,
} from './support/graph-server.ts';
import { clientOf } from './support/test-client.ts';

const base = { apiVersion: 'v1.0', service: 'identity' } as const;
const create: GraphWrite = { ...base, path: '/groups', method: 'POST', body: { displayName: 'g' } };
const change: GraphWrite = { ...create, path: '/groups/a', method: 'PATCH' };
const addMembers: GraphWrite = {
  ...change,
  body: { 'members@odata.bind': ['https://graph.microsoft.com/v1.0/directoryObjects/b'] },
};
const setManager: GraphWrite = {
  ...base,
  path: '/users/a/manager/$ref',
  method: 'PUT',
  body: { '@odata.id': 'https://graph.microsoft.com/v1.0/users/b' },
};
const remove: GraphWrite = { ...base, path: '/groups/a', method: 'DELETE' };
const done: Answer = (_request, response) => {
  response.writeHead(204, { 'request-id': 'r1' }).end();
};
const gone = graphError(404, 'Request_ResourceNotFound');

describe('a write', () => {
  let server: GraphServer;
  beforeAll(async () => {
    server = await startGraphServer();
  });
  afterAll(() => server.close());
  beforeEach(() => {
    server.seen.length = 0;
  });

  it('is sent once with its body, numbers as they were written, and answers with the ids', async () => {
    server.answer(json({ id: 'new' }, 201, { 'request-id': 'r1' }));
    const body = parseJson('{"a":1.00,"b":9007199254740993,"__proto__":"x"}');
    const { client } = clientOf(server, { priority: 'normal' });
    const reply = await client.write({ ...create, body });
    expect(reply).toMatchObject({ status: 201, body: { id: 'new' }, requestId: 'r1' });
    const [sent] = server.seen;
    expect(sent?.body).toBe('{"a":1.00,"b":9007199254740993,"__proto__":"x"}');
    expect(sent?.headers).toMatchObject({
      'content-type': 'application/json',
      'x-ms-throttle-priority': 'normal',
      'client-request-id': reply.clientRequestId,
    });
  });

  it.each([
    ['POST', create],
    ['PATCH that adds members', addMembers],
  ])('of the kind %s is repeated after 429 and 503 only', async (_name, write) => {
    const { client } = clientOf(server);
    for (const refusal of [graphError(429, 'x'), graphError(503, 'x')]) {
      server.seen.length = 0;
      server.answer(refusal, done);
      expect(await client.write(write)).toMatchObject({ status: 204 });
      expect(server.seen).toHaveLength(2);
    }
    const doubtful = [
      graphError(500, 'x'),
      graphError(504, 'x'),
      text('<html>', 502, { 'content-type': 'text/html' }),
      reset,
      raw('{"id":"n'),
      raw('<html>', { 'content-type': 'text/html' }),
    ];
    for (const fault of doubtful) {
      server.seen.length = 0;
      server.answer(fault, done);
      await expect(client.write(write)).rejects.toMatchObject({ code: 'graphAnswerLost' });
      expect(server.seen).toHaveLength(1);
    }
  });

  it.each([
    ['PATCH with plain values', change],
    ['PUT of a reference', setManager],
    ['DELETE', remove],
  ])('of the kind %s is repeated after every fault', async (_name, write) => {
    const faults = [graphError(500, 'x'), graphError(504, 'x'), reset, graphError(429, 'x')];
    server.answer(...faults, done);
    const { client } = clientOf(server);
    expect(await client.write(write)).toMatchObject({ status: 204, requestId: 'r1' });
    expect(server.seen).toHaveLength(5);
  });

  it('that deletes is done when its repetition finds nothing after a lost answer', async () => {
    server.answer(reset, gone);
    const { client } = clientOf(server);
    expect(await client.write(remove)).toMatchObject({ status: 204 });
  });

  it('that deletes what was never there is refused, also after throttling', async () => {
    const { client } = clientOf(server);
    server.answer(gone);
    await expect(client.write(remove)).rejects.toMatchObject({ code: 'graphNotFound' });
    server.answer(graphError(429, 'x'), gone);
    await expect(client.write(remove)).rejects.toMatchObject({ code: 'graphNotFound' });
  });

  it('that reached nobody is repeated even when it is a POST', async () => {
    const other = await startGraphServer();
    await other.close();
    const { client } = clientOf(server, { graphUrl: other.origin });
    await expect(client.write(create)).rejects.toMatchObject({
      code: 'graphUnavailable',
      details: { networkCode: 'ECONNREFUSED' },
    });
  });

  it('that Graph refuses says why in words the caller can act on', async () => {
    const refusals: [object, object][] = [
      [
        { message: 'One or more added object references already exist for the following' },
        { code: 'graphConflict', details: { reason: 'linkExists' } },
      ],
      [
        {
          message:
            'Another object with the same value for property userPrincipalName already exists.',
          details: [{ code: 'ObjectConflict', target: 'userPrincipalName' }],
        },
        {
          code: 'graphConflict',
          details: {
            reason: 'valueTaken',
            target: 'userPrincipalName',
            innerCode: 'ObjectConflict',
          },
        },
      ],
      [{ message: 'Property is read-only.' }, { code: 'graphBadRequest' }],
    ];
    const { client } = clientOf(server);
    for (const [more, expected] of refusals) {
      server.answer(graphError(400, 'Request_BadRequest', {}, more));
      await expect(client.write(create)).rejects.toMatchObject(expected);
    }
  });

  it('uses the write quota besides the units: 100 at once, then 19 per second', async () => {
    server.answer(done);
    const { client, clock } = clientOf(server);
    for (let count = 0; count < 119; count++) await client.write(change);
    const waited = clock.sleeps.reduce((sum, one) => sum + one, 0);
    expect(waited).toBeGreaterThanOrEqual(1_000);
    expect(waited).toBeLessThan(1_100);
  });
});
