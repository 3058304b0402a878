import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { GraphRequest } from '../../../shared/graph/graph-request.ts';
import { odata, odataFilter } from '../../../shared/graph/odata.ts';
import { type GraphServer, json, startGraphServer } from './support/graph-server.ts';
import { clientOf } from './support/test-client.ts';

const users: GraphRequest = {
  path: '/users',
  apiVersion: 'v1.0',
  service: 'identity',
  query: { $select: 'id,displayName', $top: '999' },
  headers: { ConsistencyLevel: 'eventual' },
};

describe('a page', () => {
  let server: GraphServer;
  beforeAll(async () => {
    server = await startGraphServer();
  });
  afterAll(() => server.close());
  beforeEach(() => {
    server.seen.length = 0;
    server.signIns.length = 0;
  });

  it('comes with its items, its count and its link', async () => {
    const link = `${server.origin}/v1.0/users?$skiptoken=a`;
    server.answer(
      json({ '@odata.count': 2, '@odata.nextLink': link, value: [{ id: 'a' }, { id: 'b' }] }),
    );
    const { client, clock } = clientOf(server);
    const page = await client.page(users);
    expect(page).toMatchObject({ count: 2, nextLink: link, quarantined: [] });
    expect(page.items.map((item) => item['id'])).toEqual(['a', 'b']);
    expect(page.startedAt).toEqual(clock.now());
    expect(server.seen[0]?.url).toBe('/v1.0/users?$select=id,displayName&$top=999');
    expect(server.seen[0]?.headers).toMatchObject({
      authorization: 'Bearer token-1',
      'x-ms-throttle-priority': 'low',
      consistencylevel: 'eventual',
      'accept-encoding': 'gzip',
    });
  });

  it('is followed by its link byte for byte, with the headers of the first request', async () => {
    const query = "?$skiptoken=b%2bB==&$select=id&x=%26%27'&$top=2&=&&$filter=a%20eq+1";
    server.answer(
      json({ '@odata.nextLink': `${server.origin}/v1.0/users${query}`, value: [] }),
      json({ value: [{ id: 'z' }] }),
    );
    const { client } = clientOf(server);
    const seen: unknown[] = [];
    for await (const page of client.pages(users))
      seen.push(...page.items.map((item) => item['id']));
    expect(seen).toEqual(['z']);
    expect(server.seen[1]?.url).toBe(`/v1.0/users${query}`);
    expect(server.seen[1]?.headers).toMatchObject({
      consistencylevel: 'eventual',
      authorization: 'Bearer token-1',
    });
    expect(server.signIns).toHaveLength(1);
  });

  it('gives every try an id of its own', async () => {
    server.answer(json({}, 503), json({ value: [] }), json({ value: [] }));
    const { client } = clientOf(server);
    await client.page(users);
    await client.page(users);
    const ids = server.seen.map((request) => request.headers['client-request-id']);
    expect(new Set(ids).size).toBe(3);
  });

  it('is counted by the task that asked for it, on the same token', async () => {
    server.answer(json({ value: [] }));
    const { client } = clientOf(server);
    const [first, second] = [client.withOwnCounts(), client.withOwnCounts()];
    await Promise.all([first.page(users), second.page(users), second.page(users)]);
    expect([first, second, client].map((one) => one.statistics.requests)).toEqual([1, 2, 0]);
    expect(second.statistics.bytes).toBeGreaterThan(0);
    expect(server.signIns).toHaveLength(1);
  });

  it('waits less for quota once the tenant is known to be large', async () => {
    server.answer(json({ value: [] }));
    const waited = async (users: number): Promise<number> => {
      const { client, clock } = clientOf(server);
      await client.setTenantUsers(users);
      const large = { ...expensive, query: {} };
      for (let count = 0; count < 150; count++) await client.page(large);
      return clock.sleeps.reduce((sum, one) => sum + one, 0);
    };
    const expensive: GraphRequest = { ...users, path: '/groups/a/transitiveMembers' };
    expect(await waited(10)).toBeGreaterThan((await waited(100_000)) * 2);
  });

  it('arrives whole when values hold every character that has a meaning in a URL', async () => {
    server.answer(json({ value: [] }));
    const { client } = clientOf(server);
    const name = `A&B #1 'x' 100% a+b=c/d?e\\f"g${String.fromCodePoint(0x1f600)}`;
    await client.page({
      ...users,
      path: odata`/groups(uniqueName='${name}')/members`,
      query: { $filter: odataFilter`displayName eq '${name}'` },
    });
    const url = new URL(server.seen[0]?.url ?? '', server.origin);
    const doubled = name.replaceAll("'", "''");
    expect([...url.searchParams]).toEqual([['$filter', `displayName eq '${doubled}'`]]);
    expect(decodeURIComponent(url.pathname)).toBe(`/v1.0/groups(uniqueName='${doubled}')/members`);
  });
});
