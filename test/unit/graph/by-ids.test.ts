import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type Answer,
  type GraphServer,
  json,
  raw,
  reset,
  startGraphServer,
} from './support/graph-server.ts';
import { clientOf } from './support/test-client.ts';

describe('getByIds', () => {
  let server: GraphServer;
  beforeAll(async () => {
    server = await startGraphServer();
  });
  afterAll(() => server.close());
  beforeEach(() => {
    server.seen.length = 0;
  });

  it('asks for 1,000 ids at a time and leaves out what does not exist', async () => {
    const exists: Answer = (request, response, socket) => {
      const { ids } = JSON.parse(request.body) as { ids: string[] };
      json({ value: ids.filter((id) => !id.endsWith('7')).map((id) => ({ id })) })(
        request,
        response,
        socket,
      );
    };
    server.answer(reset, exists);
    const ids = Array.from({ length: 2_500 }, (_, index) => `id${index}`);
    const found = await clientOf(server).client.getByIds(ids, ['user', 'group']);
    expect(found).toHaveLength(2_250);
    expect(server.seen).toHaveLength(4);
    expect(JSON.parse(server.seen[3]?.body ?? '')).toMatchObject({ types: ['user', 'group'] });
  });

  it('never takes an unreadable object or another page for an object that is gone', async () => {
    const { client } = clientOf(server);
    server.answer(raw('{"value":[{"id":"a","x":1,"x":2}]}'));
    await expect(client.getByIds(['a'], [])).rejects.toMatchObject({ code: 'graphBadAnswer' });
    const link = `${server.origin}/v1.0/directoryObjects/getByIds?$skiptoken=a`;
    server.answer(
      json({ value: [{ id: 'a' }], '@odata.nextLink': link }),
      json({ value: [{ id: 'b' }] }),
    );
    expect(await client.getByIds(['a', 'b'], [])).toHaveLength(2);
  });
});
