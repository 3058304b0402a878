import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FunctionsHost, startFunctionsHost } from '../../local/functions-host/host.ts';
import { startClientHost } from './support/client-host.ts';
import { SAMPLE_APP } from './support/host-process.ts';

let host: FunctionsHost;
let hostName: string | undefined;

beforeAll(async () => {
  process.env['TASKHUB_NAME'] = 'TestHub';
  host = await startFunctionsHost({
    directory: SAMPLE_APP,
    port: 0,
    hub: ':memory:',
    log: () => {},
  });
  hostName = process.env['WEBSITE_HOSTNAME'];
});

afterAll(() => host.stop());

interface Seen {
  function: string;
  params: Record<string, string>;
  query: Record<string, string>;
  body: string;
  header: string | null;
  url: string;
}

async function call(path: string, init: RequestInit = {}): Promise<Seen> {
  const response = await fetch(`${host.url}${path}`, init);
  expect(response.status, path).toBe(200);
  return (await response.json()) as Seen;
}

describe('a route of an HTTP function', () => {
  test.each([
    ['/api/items/12', 'itemByNumber', { id: '12' }],
    ['/api/items/twelve', 'itemByName', { name: 'twelve' }],
    ['/api/items/latest', 'latestItem', {}],
    ['/API/Items/LATEST', 'latestItem', {}],
    ['/api/items/12/', 'itemByNumber', { id: '12' }],
    ['/api/items/12/parts', 'itemParts', { id: '12' }],
    ['/api/items/12/parts/x', 'itemParts', { id: '12', part: 'x' }],
    ['/api/files/a/b%20c/d.txt', 'files', { path: 'a/b c/d.txt' }],
    ['/api/files', 'files', { path: '' }],
    ['/api/children/p1~c1', 'child', { parent: 'p1', id: 'c1' }],
    ['/api/items/caf%C3%A9', 'itemByName', { name: 'café' }],
    ['/api/pages/5', 'bounded', { n: '5' }],
    ['/api/default', 'default', {}],
  ])('%s reaches %s', async (path, name, params) => {
    expect(await call(path)).toMatchObject({ function: name, params });
  });

  test.each([
    ['GET', '/api/unknown'],
    ['GET', '/items/12'],
    ['GET', '/api/pages/6'],
    ['GET', '/api/items/1/parts/2/3'],
    ['DELETE', '/api/items/12'],
    ['POST', '/api/items/12'],
    ['PATCH', '/api/default'],
    ['HEAD', '/api/items/12'],
    ['POST', '/admin/functions/itemByName'],
    ['GET', '/admin/nothing'],
  ])('%s %s is 404 without a body', async (method, path) => {
    const response = await fetch(`${host.url}${path}`, { method });
    expect(response.status).toBe(404);
    expect(await response.text()).toBe('');
    expect(response.headers.get('content-type')).toBeNull();
  });

  test('a method picks among functions of the same shape', async () => {
    const id = '0f8fad5b-d9cb-469f-a165-70867728950e';
    expect(await call(`/api/items/${id}`, { method: 'DELETE' })).toMatchObject({
      function: 'deleteItem',
    });
    expect(await call('/api/items/12', { method: 'PUT', body: 'x' })).toMatchObject({
      function: 'itemByName',
      body: 'x',
    });
  });
});

describe('an HTTP function', () => {
  test('gets url, query, headers and body as they were sent', async () => {
    const seen = await call('/api/default?a=1&b=x%26y&a=2&empty=', {
      method: 'POST',
      body: '{"k":"ž🐎"}',
      headers: { 'x-test': 'yes' },
    });
    expect(seen).toMatchObject({ body: '{"k":"ž🐎"}', header: 'yes' });
    expect(seen.query).toEqual({ a: '1,2', b: 'x&y', empty: '' });
    expect(seen.url).toBe(`${host.url}/api/default?a=1&b=x%26y&a=2&empty=`);
  });

  test('answers with its own status, headers, cookies and bytes', async () => {
    const response = await fetch(`${host.url}/api/rich`);
    expect(response.status).toBe(418);
    expect(response.headers.get('x-one')).toBe('1');
    expect(response.headers.getSetCookie()).toEqual([
      'a=b%20c; max-age=60; httponly; samesite=Lax',
    ]);
    expect([...new Uint8Array(await response.arrayBuffer())]).toEqual([0, 255, 128]);
  });

  test('that returns nothing is 204, one that throws is 500 and says nothing about why', async () => {
    const nothing = await fetch(`${host.url}/api/nothing`, { method: 'POST' });
    expect(nothing.status).toBe(204);
    const broken = await fetch(`${host.url}/api/broken`);
    expect(broken.status).toBe(500);
    expect(await broken.text()).toBe('');
  });

  test('a malformed escape in the path is 400', async () => {
    const { promise, resolve } = Promise.withResolvers<number | undefined>();
    httpRequest(`${host.url}/api/items/%zz`, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).end();
    expect(await promise).toBe(400);
  });

  test('a body above the limit of the real host is refused before the function sees it', async () => {
    const { promise, resolve } = Promise.withResolvers<number | undefined>();
    const request = httpRequest(
      `${host.url}/api/default`,
      { method: 'POST', headers: { 'content-length': 104_857_601 } },
      (response) => {
        response.resume();
        resolve(response.statusCode);
      },
    );
    request.on('error', () => undefined);
    request.flushHeaders();
    expect(await promise).toBe(413);
    request.destroy();
  });

  test('a body that turns out too large while it arrives is refused as well', async () => {
    process.env['FUNCTIONS_REQUEST_BODY_SIZE_LIMIT'] = '1000';
    const { host: small } = await startClientHost((_, { app }) => {
      app.http('size', {
        handler: async (request) => ({ body: String((await request.text()).length) }),
      });
    });
    delete process.env['FUNCTIONS_REQUEST_BODY_SIZE_LIMIT'];
    const send = async (chunks: number) => {
      const body = ReadableStream.from(
        Array.from({ length: chunks }, () => Buffer.alloc(100, 'x')),
      );
      const init = { method: 'POST', body, duplex: 'half' } as RequestInit;
      const response = await fetch(`${small.url}/api/size`, init);
      return [response.status, await response.text()];
    };
    expect(await send(10)).toEqual([200, '1000']);
    expect(await send(11)).toEqual([413, '']);
    await small.stop();
  });

  test('sees the host name that the SDK builds its links from', () => {
    expect(hostName).toBe(`localhost:${new URL(host.url).port}`);
  });
});
