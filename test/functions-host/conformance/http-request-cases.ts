import { expect } from 'vitest';
import type { ConformanceCase } from './conformance-case.ts';
import type { HostUnderTest } from './host-under-test.ts';

interface Echo {
  method: string;
  url: string;
  query: Record<string, string>;
  params: Record<string, string>;
  headers: Record<string, string>;
  length: number;
  base64?: string;
  functionName: string;
  invocationId: string;
}

async function echo(host: HostUnderTest, path: string, init: RequestInit = {}): Promise<Echo> {
  const response = await host.fetch(path, init);
  expect(response.status, path).toBe(200);
  return (await response.json()) as Echo;
}

async function bodySeen(host: HostUnderTest, body: RequestInit['body'], type?: string) {
  const headers: Record<string, string> = type ? { 'content-type': type } : {};
  const seen = await echo(host, '/api/echo', { method: 'POST', body: body ?? null, headers });
  return { ...seen, bytes: Buffer.from(seen.base64 ?? '', 'base64') };
}

const ALL_BYTES = Uint8Array.from({ length: 256 }, (_, index) => index);

/** What a function is told about a request. */
export const httpRequestCases: readonly ConformanceCase[] = [
  {
    name: 'a function sees method, url and no body of a plain GET',
    run: async (host) => {
      const seen = await echo(host, '/api/echo');
      expect(seen).toMatchObject({ method: 'GET', length: 0, params: {}, query: {} });
      expect(seen.url).toBe(`${host.baseUrl}/api/echo`);
      expect(seen.functionName).toBe('httpEcho');
    },
  },
  {
    name: 'every invocation has an id of its own',
    run: async (host) => {
      const ids = [];
      for (let n = 0; n < 3; n++) ids.push((await echo(host, '/api/echo')).invocationId);
      expect(new Set(ids).size).toBe(3);
      for (const id of ids) expect(id).toMatch(/^[0-9a-f-]{36}$/i);
    },
  },
  {
    name: 'query values are decoded once',
    run: async (host) => {
      const seen = await echo(host, '/api/echo?a=1%2B1&%C5%BE=p%20q+r&pct=%2525&amp=%26%3D');
      expect(seen.query).toEqual({ a: '1+1', ž: 'p q r', pct: '%25', amp: '&=' });
    },
  },
  {
    name: 'the url keeps the query as it was sent',
    run: async (host) => {
      const seen = await echo(host, '/api/echo?a=1&b=2&a=3');
      expect(new URL(seen.url).searchParams.getAll('a')).toEqual(['1', '3']);
    },
  },
  {
    name: 'a repeated query name arrives joined by a comma',
    run: async (host) => {
      expect((await echo(host, '/api/echo?a=1&b=2&a=3')).query).toEqual({ a: '1,3', b: '2' });
    },
  },
  {
    name: 'a query name without a value is an empty string',
    run: async (host) => {
      expect((await echo(host, '/api/echo?empty=&x=1')).query).toEqual({ empty: '', x: '1' });
    },
  },
  {
    name: 'a JSON body arrives byte for byte',
    run: async (host) => {
      const seen = await bodySeen(host, '{ "a" : [1, "ž"] }', 'application/json');
      expect(seen.bytes.toString()).toBe('{ "a" : [1, "ž"] }');
      expect(seen.headers['content-type']).toBe('application/json');
    },
  },
  {
    name: 'a body that claims to be JSON and is not reaches the function all the same',
    run: async (host) => {
      const seen = await bodySeen(host, '{nope', 'application/json');
      expect(seen.bytes.toString()).toBe('{nope');
    },
  },
  {
    name: 'a text body keeps its characters',
    run: async (host) => {
      const seen = await bodySeen(host, 'žluť 漢字 😀', 'text/plain; charset=utf-8');
      expect(seen.bytes.toString()).toBe('žluť 漢字 😀');
    },
  },
  {
    name: 'a binary body keeps all 256 bytes',
    run: async (host) => {
      const seen = await bodySeen(host, ALL_BYTES, 'application/octet-stream');
      expect([...seen.bytes]).toEqual([...ALL_BYTES]);
    },
  },
  {
    name: 'a form body is not touched',
    run: async (host) => {
      const seen = await bodySeen(host, 'a=1&b=%20', 'application/x-www-form-urlencoded');
      expect(seen.bytes.toString()).toBe('a=1&b=%20');
    },
  },
  {
    name: 'an empty POST has an empty body',
    run: async (host) => expect((await bodySeen(host, null)).length).toBe(0),
  },
  {
    name: 'a chunked body without a length arrives whole',
    run: async (host) => {
      const parts = ReadableStream.from(['one,', 'two,', 'three'].map((text) => Buffer.from(text)));
      const init: RequestInit = { method: 'POST', body: parts, duplex: 'half' };
      const seen = await echo(host, '/api/echo', init);
      expect(Buffer.from(seen.base64 ?? '', 'base64').toString()).toBe('one,two,three');
    },
  },
  ...['PUT', 'PATCH', 'DELETE', 'OPTIONS'].map((method) => ({
    name: `${method} reaches a function that lists it, with its body`,
    run: async (host: HostUnderTest) => {
      const seen = await echo(host, '/api/echo', { method, body: 'body' });
      expect(seen).toMatchObject({ method, length: 4 });
    },
  })),
  {
    name: 'HEAD is answered with the headers and without a body',
    run: async (host) => {
      const response = await host.fetch('/api/echo', { method: 'HEAD' });
      expect(response.status).toBe(200);
      expect(response.headers.get('x-seen-method')).toBe('HEAD');
      expect(await response.text()).toBe('');
    },
  },
  {
    name: 'header names arrive in lower case, values as sent, repeated ones joined',
    run: async (host) => {
      const headers = new Headers({ 'X-Custom-Header': 'Some Value', authorization: 'Bearer a.b' });
      headers.append('x-list', 'a');
      headers.append('x-list', 'b');
      const seen = await echo(host, '/api/echo', { headers });
      expect(seen.headers['x-custom-header']).toBe('Some Value');
      expect(seen.headers['authorization']).toBe('Bearer a.b');
      expect(seen.headers['x-list']?.replaceAll(' ', '')).toBe('a,b');
    },
  },
  {
    name: 'a body of 5 MB goes in and comes out unchanged',
    run: async (host) => {
      const body = Buffer.alloc(5_000_000, 'abcdefghijklmnopqrstuvwxyz0123456789-');
      const response = await host.fetch('/api/bodyLength', { method: 'POST', body });
      expect(response.status).toBe(200);
      expect(Buffer.from(await response.arrayBuffer()).equals(body)).toBe(true);
    },
  },
  {
    name: 'a function reads its app settings, special characters included',
    run: async (host) => {
      const { value } = await host.json('/api/setting?name=CONFORMANCE_GREETING');
      expect(value).toBe('a setting with = and ; in it');
    },
  },
  {
    name: 'a hundred calls at once each get their own answer',
    run: async (host) => {
      const tags = Array.from({ length: 100 }, (_, index) => `t${index}`);
      const call = async (tag: string) => (await host.fetch(`/api/slow?ms=20&tag=${tag}`)).text();
      expect(await Promise.all(tags.map(call))).toEqual(tags);
    },
  },
  {
    name: 'a slow call holds no other one up',
    run: async (host) => {
      let slowIsOver = false;
      const slow = host.fetch('/api/slow?ms=3000&tag=slow').then((response) => {
        slowIsOver = true;
        return response.text();
      });
      await echo(host, '/api/echo');
      expect(slowIsOver).toBe(false);
      expect(await slow).toBe('slow');
    },
  },
];
