import { expect } from 'vitest';
import type { ConformanceCase } from './conformance-case.ts';
import type { HostUnderTest } from './host-under-test.ts';

async function failsAndGoesOn(host: HostUnderTest, name: string) {
  const response = await host.fetch(`/api/${name}`);
  await response.text();
  expect(response.status).toBe(500);
  expect((await host.fetch('/api/echo')).status).toBe(200);
}

function kind(response: Response): string | undefined {
  return response.headers.get('content-type')?.toLowerCase().split(';')[0];
}

/** What a caller gets for what a function returns. */
export const httpAnswerCases: readonly ConformanceCase[] = [
  ...[200, 201, 202, 400, 401, 404, 409, 418, 429, 500, 503].map((status) => ({
    name: `status ${status} of a function reaches the caller with its body`,
    run: async (host: HostUnderTest) => {
      const response = await host.fetch(`/api/statusOf?status=${status}`);
      expect([response.status, await response.text()]).toEqual([status, 'text']);
    },
  })),
  {
    name: '204 and 304 have no body',
    run: async (host) => {
      for (const status of [204, 304]) {
        const response = await host.fetch(`/api/statusOf?status=${status}`);
        expect([response.status, await response.text()]).toEqual([status, '']);
      }
    },
  },
  {
    name: 'jsonBody is sent as JSON',
    run: async (host) => {
      const response = await host.fetch('/api/jsonAnswer');
      expect(kind(response)).toBe('application/json');
      expect(await response.text()).toBe('{"a":[1,null,"ž"]}');
    },
  },
  {
    name: "a function's own content type wins",
    run: async (host) => {
      const response = await host.fetch('/api/jsonOfOtherType');
      expect([response.status, kind(response)]).toEqual([409, 'application/problem+json']);
    },
  },
  {
    name: 'a text body is text/plain in UTF-8',
    run: async (host) => {
      const response = await host.fetch('/api/textAnswer');
      expect(kind(response)).toBe('text/plain');
      expect(response.headers.get('content-type')?.toLowerCase()).toContain('utf-8');
      expect(await response.text()).toBe('žluť ✓');
    },
  },
  {
    name: 'a binary answer keeps all 256 bytes',
    run: async (host) => {
      const bytes = Buffer.from(await (await host.fetch('/api/bytesAnswer')).arrayBuffer());
      expect(bytes.length).toBe(256);
      expect(bytes.every((byte, index) => byte === index)).toBe(true);
    },
  },
  {
    name: 'a streamed body arrives whole',
    run: async (host) => {
      expect(await (await host.fetch('/api/streamAnswer')).text()).toBe('one,two');
    },
  },
  {
    name: 'a response object is as good as a plain one',
    run: async (host) => {
      const response = await host.fetch('/api/responseObject');
      expect([response.status, await response.text()]).toEqual([202, 'object']);
    },
  },
  {
    name: 'an empty object is 200 without a body',
    run: async (host) => {
      const response = await host.fetch('/api/emptyObject');
      expect([response.status, await response.text()]).toEqual([200, '']);
    },
  },
  ...['nothing', 'nullAnswer'].map((name) => ({
    name: `a function that returns no answer (${name}) is 204`,
    run: async (host: HostUnderTest) => {
      const response = await host.fetch(`/api/${name}`);
      expect([response.status, await response.text()]).toEqual([204, '']);
    },
  })),
  {
    name: 'headers of a function reach the caller, repeated ones joined',
    run: async (host) => {
      const { headers } = await host.fetch('/api/headersAnswer');
      expect(headers.get('x-mixed-case')).toBe('Kept');
      expect(headers.get('x-twice')?.replaceAll(' ', '')).toBe('a,b');
    },
  },
  {
    name: 'each cookie is a header of its own with its attributes',
    run: async (host) => {
      const cookies = (await host.fetch('/api/cookiesAnswer')).headers.getSetCookie();
      expect(cookies).toHaveLength(3);
      expect(cookies[0]).toMatch(/^first=1/);
      expect(cookies[1]).toMatch(/^second=2;.*path=\/p/i);
      for (const word of [/httponly/i, /secure/i, /samesite=strict/i]) {
        expect(cookies[1]).toMatch(word);
      }
      expect(cookies[2]).toMatch(/^third=3;.*max-age=60/i);
    },
  },
  {
    name: 'a redirect is passed on, not followed',
    run: async (host) => {
      const response = await host.fetch('/api/redirects');
      expect([response.status, response.headers.get('location')]).toEqual([302, '/api/echo']);
    },
  },
  ...[
    ['throwsError', 'that throws'],
    ['throwsLate', 'whose promise is rejected later'],
    ['throwsText', 'that throws a string'],
    ['throwsNothing', 'that rejects with undefined'],
    ['numberAnswer', 'that returns a number'],
    ['statusOutOfRange', 'that returns status 999'],
    ['circularAnswer', 'that returns a circular object'],
    ['failsMidStream', 'whose body stream fails'],
  ].map(([name = '', words = '']) => ({
    name: `a function ${words} is 500 and the host goes on`,
    run: (host: HostUnderTest) => failsAndGoesOn(host, name),
  })),
  {
    name: 'the message of an error stays in the host',
    localOnly: 'Core Tools on a laptop show the error; the cloud and the local host do not',
    run: async (host) => {
      const response = await host.fetch('/api/throwsError');
      expect(await response.text()).not.toContain('private detail');
    },
  },
  {
    name: 'an answer of 8 MB arrives whole',
    run: async (host) => {
      const text = await (await host.fetch('/api/bigAnswer?length=8000000')).text();
      expect(text.length).toBe(8_000_000);
    },
  },
];
