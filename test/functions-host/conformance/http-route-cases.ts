import { expect } from 'vitest';
import type { ConformanceCase } from './conformance-case.ts';
import type { HostUnderTest } from './host-under-test.ts';

interface Routed {
  functionName: string;
  params: Record<string, string>;
  method: string;
}

async function routed(host: HostUnderTest, path: string, init: RequestInit = {}): Promise<Routed> {
  const response = await host.fetch(path, init);
  expect(response.status, path).toBe(200);
  return (await response.json()) as Routed;
}

async function params(host: HostUnderTest, path: string): Promise<Record<string, string>> {
  return (await routed(host, path)).params;
}

async function notFound(host: HostUnderTest, path: string, init: RequestInit = {}) {
  const response = await host.fetch(path, init);
  expect([response.status, await response.text()], path).toEqual([404, '']);
}

/** Which function a request reaches. */
export const httpRouteCases: readonly ConformanceCase[] = [
  {
    name: 'an unknown route is 404 without a body',
    run: (host) => notFound(host, '/api/nowhere'),
  },
  {
    name: 'a known route without the prefix is 404',
    run: (host) => notFound(host, '/echo'),
  },
  {
    name: 'a known route with a method it does not list is 404 without a body',
    run: async (host) => {
      await notFound(host, '/api/things/1', { method: 'POST' });
      await notFound(host, '/api/things/1', { method: 'DELETE' });
    },
  },
  {
    name: 'a function without a route is found under its name',
    run: async (host) => {
      expect((await routed(host, '/api/noRouteGiven')).functionName).toBe('noRouteGiven');
    },
  },
  {
    name: 'a function without methods takes GET and POST only',
    run: async (host) => {
      expect((await routed(host, '/api/noMethodsGiven')).method).toBe('GET');
      expect((await routed(host, '/api/noMethodsGiven', { method: 'POST' })).method).toBe('POST');
      await notFound(host, '/api/noMethodsGiven', { method: 'PUT' });
    },
  },
  {
    name: 'routes are found in any case, parameters keep theirs',
    run: async (host) => {
      expect(await params(host, '/API/Things/MiXeD')).toEqual({ id: 'MiXeD' });
    },
  },
  {
    name: 'a slash at the end changes nothing',
    run: async (host) => expect(await params(host, '/api/things/1/')).toEqual({ id: '1' }),
  },
  {
    name: 'a query is no part of a route',
    run: async (host) => expect(await params(host, '/api/things/1?x=/y')).toEqual({ id: '1' }),
  },
  {
    name: 'parameters are decoded',
    run: async (host) => {
      expect(await params(host, '/api/things/a%20b%C5%BE')).toEqual({ id: 'a bž' });
      expect(await params(host, '/api/things/a+b')).toEqual({ id: 'a+b' });
    },
  },
  {
    name: 'an encoded slash stays encoded and ends no segment',
    run: async (host) => {
      expect(await params(host, '/api/things/a%2Fb')).toEqual({ id: 'a%2Fb' });
    },
  },
  {
    name: 'dot segments, encoded or not, are resolved before a route is looked for',
    run: async (host) => {
      for (const path of ['/api/files/a/../b', '/api/files/a/%2e%2E/b', '/api/x/../files/./b']) {
        const { status, text } = await host.asWritten(path);
        expect(status, path).toBe(200);
        expect((JSON.parse(text) as Routed).params, path).toEqual({ path: 'b' });
      }
      const outside = await host.asWritten('/api/things/../../echo');
      expect(outside.status).toBe(404);
    },
  },
  {
    name: 'an empty segment in the middle matches nothing',
    run: async (host) => {
      await notFound(host, '/api//things/1');
      await notFound(host, '/api/tenants//points/1/links');
    },
  },
  {
    name: 'a route with a parameter does not match more or fewer segments',
    run: async (host) => {
      await notFound(host, '/api/things');
      await notFound(host, '/api/things/1/2');
    },
  },
  {
    name: 'a literal segment wins over a parameter',
    run: async (host) => {
      const { functionName } = await routed(host, '/api/things/special');
      expect(functionName).toBe('literalBesideParameter');
    },
  },
  {
    name: 'an int parameter takes whole numbers only',
    run: async (host) => {
      expect(await params(host, '/api/numbers/12')).toEqual({ n: '12' });
      expect(await params(host, '/api/numbers/-3')).toEqual({ n: '-3' });
      await notFound(host, '/api/numbers/1.5');
      await notFound(host, '/api/numbers/x');
      await notFound(host, '/api/numbers/2147483648');
    },
  },
  {
    name: 'a guid parameter takes guids only',
    run: async (host) => {
      const guid = '5f0f6a1e-9a51-4c3e-8f0a-1b2c3d4e5f60';
      expect(await params(host, `/api/guids/${guid}`)).toEqual({ g: guid });
      await notFound(host, '/api/guids/5f0f6a1e');
    },
  },
  {
    name: 'an alpha parameter takes letters only',
    run: async (host) => {
      expect(await params(host, '/api/letters/abcXYZ')).toEqual({ word: 'abcXYZ' });
      await notFound(host, '/api/letters/abc1');
    },
  },
  {
    name: 'several constraints must all hold',
    run: async (host) => {
      expect(await params(host, '/api/ranges/5')).toEqual({ n: '5' });
      await notFound(host, '/api/ranges/4');
      await notFound(host, '/api/ranges/10');
    },
  },
  {
    name: 'an optional parameter may be there or not',
    run: async (host) => {
      expect(await params(host, '/api/pages/b/7')).toEqual({ book: 'b', page: '7' });
      const without = await params(host, '/api/pages/b');
      expect(without['book']).toBe('b');
      expect(without['page'] ?? '').toBe('');
    },
  },
  {
    name: 'a catch-all takes the rest of the path with its slashes, or nothing',
    run: async (host) => {
      expect((await params(host, '/api/files/a/b%20c/d.txt'))['path']).toBe('a/b c/d.txt');
      expect((await params(host, '/api/files'))['path'] ?? '').toBe('');
    },
  },
  {
    name: 'parameters and literals mix',
    run: async (host) => {
      const seen = await params(host, '/api/tenants/contoso/points/12/links');
      expect(seen).toEqual({ tenant: 'contoso', point: '12' });
      await notFound(host, '/api/tenants/contoso/points/latest/links');
    },
  },
  {
    name: 'two functions share a route by method',
    run: async (host) => {
      const read = await routed(host, '/api/products');
      const created = await routed(host, '/api/products', { method: 'POST' });
      expect([read.functionName, created.functionName]).toEqual(['readProducts', 'createProduct']);
      await notFound(host, '/api/products', { method: 'PUT' });
    },
  },
  {
    name: 'a function disabled by a setting is 404',
    run: (host) => notFound(host, '/api/disabledHttp'),
  },
  {
    name: 'orchestrators and activities have no route',
    run: async (host) => {
      await notFound(host, '/api/sequence');
      await notFound(host, '/api/double');
    },
  },
];
