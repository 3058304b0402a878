import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BackupError } from '../../../shared/errors/backup-error.ts';
import type { GraphPage, GraphRequest } from '../../../shared/graph/graph-request.ts';
import {
  type Answer,
  type GraphServer,
  graphError,
  json,
  raw,
  reset,
  startGraphServer,
} from './support/graph-server.ts';
import { clientOf } from './support/test-client.ts';

interface Sent {
  readonly id: string;
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
}

const membersOf = (id: string): GraphRequest => ({
  path: `/groups/${id}/members`,
  apiVersion: 'v1.0',
  service: 'identity',
  query: { $select: 'id' },
  headers: { ConsistencyLevel: 'eventual' },
});
const groups = (count: number): GraphRequest[] =>
  Array.from({ length: count }, (_, index) => membersOf(`g${index}`));
const sentIn = (body: string): Sent[] => (JSON.parse(body) as { requests: Sent[] }).requests;
const groupOf = (url: string): string => /groups\/(\w+)\//.exec(url)?.[1] ?? '';
const good = (item: Sent): object => ({
  id: item.id,
  status: 200,
  headers: { 'Content-Type': 'application/json' },
  body: { value: [{ id: `member-of-${groupOf(item.url)}` }] },
});
/** Answers each item by `answer`, last item first. */
const batch =
  (answer: (item: Sent) => object | undefined): Answer =>
  (request, response, socket) => {
    const responses = sentIn(request.body).reverse().map(answer).filter(Boolean);
    json({ responses })(request, response, socket);
  };
const throttled = (item: Sent, retryAfter: string): object => ({
  id: item.id,
  status: 429,
  headers: { 'Retry-After': retryAfter },
  body: { error: { code: 'TooManyRequests', message: '' } },
});

describe('a batch', () => {
  let server: GraphServer;
  beforeAll(async () => {
    server = await startGraphServer();
  });
  afterAll(() => server.close());
  beforeEach(() => {
    server.seen.length = 0;
  });

  function membersIn(pages: readonly (GraphPage | BackupError)[]): unknown[] {
    return pages.map((page) => (page instanceof BackupError ? page.code : page.items[0]?.['id']));
  }

  it('of 45 lists is three calls of at most 20, each item with its headers, answers in order', async () => {
    server.answer(batch(good));
    const { client } = clientOf(server);
    const pages = await client.batchPages(groups(45));
    expect(membersIn(pages)).toEqual(groups(45).map((_, index) => `member-of-g${index}`));
    expect(server.seen.map((request) => sentIn(request.body).length)).toEqual([20, 20, 5]);
    expect(server.seen[0]?.url).toBe('/v1.0/$batch');
    expect(sentIn(server.seen[0]?.body ?? '')[3]).toMatchObject({
      method: 'GET',
      url: '/groups/g3/members?$select=id',
      headers: { ConsistencyLevel: 'eventual', 'x-ms-throttle-priority': 'low' },
    });
  });

  it('sends throttled items again, only those, after the longest Retry-After', async () => {
    const waits: Record<string, string> = { g1: '3', g4: '11', g7: '0.5' };
    server.answer(
      batch((item) => {
        const wait = waits[groupOf(item.url)];
        return wait === undefined ? good(item) : throttled(item, wait);
      }),
      batch(good),
    );
    const { client, clock } = clientOf(server);
    const pages = await client.batchPages(groups(9));
    expect(membersIn(pages)).toEqual(groups(9).map((_, index) => `member-of-g${index}`));
    expect(sentIn(server.seen[1]?.body ?? '').map((item) => groupOf(item.url))).toEqual([
      'g1',
      'g4',
      'g7',
    ]);
    expect(clock.sleeps).toEqual([11_000]);
    expect(client.statistics.throttled).toBe(3);
  });

  it('keeps what it has when the slice ends: throttled items become graphThrottled', async () => {
    server.answer(batch((item) => (item.url.includes('g1') ? throttled(item, '30') : good(item))));
    const { client, clock } = clientOf(server);
    const deadline = new Date(clock.now().getTime() + 5_000);
    const pages = await client.batchPages(groups(3), { deadline });
    expect(membersIn(pages)).toEqual(['member-of-g0', 'graphThrottled', 'member-of-g2']);
    expect((pages[1] as BackupError).details['retryAfterMs']).toBe(30_000);
  });

  it('keeps the lists of earlier calls when a later call fails as a whole', async () => {
    server.answer(batch(good), graphError(429, 'x', { 'retry-after': '30' }));
    const { client, clock } = clientOf(server);
    const deadline = new Date(clock.now().getTime() + 5_000);
    const names = membersIn(await client.batchPages(groups(45), { deadline }));
    expect(names.slice(0, 20)).toEqual(groups(20).map((_, index) => `member-of-g${index}`));
    expect(new Set(names.slice(20))).toEqual(new Set(['graphThrottled']));
    expect(server.seen).toHaveLength(2);
  });

  it('gives refused items their own error and the others their page', async () => {
    const errors: Record<string, object> = {
      g0: { status: 403, body: { error: { code: 'Authorization_RequestDenied', message: '' } } },
      g1: { status: 404, body: { error: { code: 'Request_ResourceNotFound', message: '' } } },
      g2: { status: 424, body: { error: { code: 'FailedDependency', message: '' } } },
      g3: { status: 401, body: { error: { code: 'InvalidAuthenticationToken', message: '' } } },
      g4: { status: 302, headers: { Location: 'https://evil.example' } },
    };
    server.answer(
      batch((item) => {
        const error = errors[groupOf(item.url)];
        return error === undefined ? good(item) : { id: item.id, ...error };
      }),
    );
    const pages = await clientOf(server).client.batchPages(groups(6));
    expect(membersIn(pages)).toEqual([
      'graphForbidden',
      'graphNotFound',
      'graphBadRequest',
      'graphUnauthorized',
      'graphLinkRefused',
      'member-of-g5',
    ]);
  });

  it('asks again for items that were not answered, or answered with something else', async () => {
    const faults: Record<string, object | undefined> = {
      g0: undefined,
      g1: { status: 200, body: {} },
      g2: { status: 200, body: { value: null } },
      g3: { status: 502, body: 'PGh0bWw+' },
      g4: { status: 200, body: '<html>' },
      g5: { status: 500, body: { error: { code: 'InternalServerError', message: '' } } },
      g6: { status: 200 },
      g7: { status: 404, body: { error: { code: 'UnknownError', message: '' } } },
    };
    server.answer(
      batch((item) => {
        const name = groupOf(item.url);
        if (!(name in faults)) return good(item);
        const fault = faults[name];
        return fault === undefined ? undefined : { id: item.id, ...fault };
      }),
      batch(good),
    );
    const pages = await clientOf(server).client.batchPages(groups(10));
    expect(membersIn(pages)).toEqual(groups(10).map((_, index) => `member-of-g${index}`));
    expect(sentIn(server.seen[1]?.body ?? '')).toHaveLength(8);
  });

  it('gives up on an item after 10 tries and says why', async () => {
    server.answer(batch((item) => (item.url.includes('g0') ? undefined : good(item))));
    const pages = await clientOf(server).client.batchPages(groups(2));
    expect(membersIn(pages)).toEqual(['graphBadAnswer', 'member-of-g1']);
    expect(server.seen).toHaveLength(10);
  });

  it('is sent again as a whole when it is not the answer of a batch', async () => {
    const twice = batch(good);
    server.answer(
      raw('{}'),
      raw('{"responses":{}}'),
      raw('{"responses":[{"status":200}]}'),
      json({ responses: [{ id: 'other', status: 200, body: { value: [] } }] }),
      json({ responses: [1, 2].map(() => ({ id: '0', status: 200, body: { value: [] } })) }),
      graphError(429, 'x'),
      reset,
      twice,
    );
    const pages = await clientOf(server).client.batchPages(groups(2));
    expect(membersIn(pages)).toEqual(['member-of-g0', 'member-of-g1']);
    expect(server.seen).toHaveLength(8);
  });

  it('refuses a nested next link that points to another version (66), list or host', async () => {
    const links = [
      `${server.origin}/beta/groups/g0/members?$skiptoken=a`,
      `${server.origin}/v1.0/groups/g9/members?$skiptoken=a`,
      'https://evil.example/v1.0/groups/g2/members?$skiptoken=a',
      `${server.origin}/v1.0/groups/g3/members?$skiptoken=a`,
    ];
    server.answer(
      batch((item) => {
        const index = Number(groupOf(item.url).slice(1));
        const body = { value: [{ id: 'm' }], '@odata.nextLink': links[index] };
        return { id: item.id, status: 200, body };
      }),
    );
    const pages = await clientOf(server).client.batchPages(groups(4));
    expect(membersIn(pages)).toEqual([
      'graphLinkRefused',
      'graphLinkRefused',
      'graphLinkRefused',
      'm',
    ]);
    expect(pages[3]).toMatchObject({ nextLink: links[3] });
  });

  it('puts bad members of one list aside without touching the others', async () => {
    const body =
      '{"responses":[{"id":"1","status":200,"body":{"value":[{"id":"a"}]}},' +
      '{"id":"0","status":200,"body":{"value":[{"id":"b","x":1,"x":2},{"id":"c"}]}}]}';
    server.answer(raw(body));
    const [first, second] = await clientOf(server).client.batchPages(groups(2));
    expect(first).toMatchObject({
      items: [{ id: 'c' }],
      quarantined: [{ id: 'b', reason: 'duplicateKey' }],
    });
    expect(second).toMatchObject({ items: [{ id: 'a' }], quarantined: [] });
  });

  it('of objects answers each with its object or its error', async () => {
    server.answer(
      batch((item) =>
        item.url.includes('b')
          ? { id: item.id, status: 404, body: { error: { code: 'Request_ResourceNotFound' } } }
          : { id: item.id, status: 200, body: { id: item.url } },
      ),
    );
    const request = (path: string): GraphRequest => ({
      path,
      apiVersion: 'v1.0',
      service: 'identity',
    });
    const [first, second] = await clientOf(server).client.batchObjects([
      request('/users/a'),
      request('/users/b'),
    ]);
    expect(first).toEqual({ id: '/users/a' });
    expect(second).toMatchObject({ code: 'graphNotFound' });
  });

  it('separates versions, and keeps to one conditional access request per second', async () => {
    server.answer(batch(good));
    const { client, clock } = clientOf(server);
    const begin = clock.now().getTime();
    const policies = groups(4).map(
      (request): GraphRequest => ({ ...request, service: 'conditionalAccess' }),
    );
    const beta = groups(3).map((request): GraphRequest => ({ ...request, apiVersion: 'beta' }));
    await client.batchPages([...policies, ...beta]);
    expect(server.seen.map((request) => sentIn(request.body).length)).toEqual([1, 1, 1, 1, 3]);
    expect(server.seen[4]?.url).toBe('/beta/$batch');
    expect(clock.now().getTime() - begin).toBeGreaterThanOrEqual(3_000);
  });

  it('of nothing sends nothing', async () => {
    expect(await clientOf(server).client.batchPages([])).toEqual([]);
    expect(server.seen).toEqual([]);
  });
});
