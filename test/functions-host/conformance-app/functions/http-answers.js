// Handlers that answer in every way a handler can, the wrong ones included.
import { setTimeout as sleep } from 'node:timers/promises';
import { app, HttpResponse } from '@azure/functions';

function answer(name, handler) {
  app.http(name, { methods: ['GET'], authLevel: 'anonymous', handler });
}

answer('statusOf', (request) => ({ status: Number(request.query.get('status')), body: 'text' }));
answer('jsonAnswer', () => ({ jsonBody: { a: [1, null, 'ž'], nothing: undefined } }));
answer('jsonOfOtherType', () => ({
  status: 409,
  jsonBody: { error: {} },
  headers: { 'Content-Type': 'application/problem+json' },
}));
answer('textAnswer', () => ({ body: 'žluť ✓' }));
answer('bytesAnswer', () => ({
  body: Uint8Array.from({ length: 256 }, (_, index) => index),
  headers: { 'content-type': 'application/octet-stream' },
}));
answer('streamAnswer', () => {
  async function* parts() {
    yield Buffer.from('one,');
    await sleep(5);
    yield Buffer.from('two');
  }
  return { body: ReadableStream.from(parts()) };
});
answer('responseObject', () => new HttpResponse({ status: 202, body: 'object' }));
answer('emptyObject', () => ({}));
answer('nothing', () => undefined);
answer('nullAnswer', () => null);
answer('headersAnswer', () => {
  const headers = new Headers({ 'X-Mixed-Case': 'Kept' });
  headers.append('x-twice', 'a');
  headers.append('x-twice', 'b');
  return { headers };
});
answer('cookiesAnswer', () => ({
  cookies: [
    { name: 'first', value: '1' },
    { name: 'second', value: '2', path: '/p', httpOnly: true, secure: true, sameSite: 'Strict' },
    { name: 'third', value: '3', maxAge: 60 },
  ],
}));
answer('redirects', () => ({ status: 302, headers: { location: '/api/echo' } }));
answer('throwsError', () => {
  throw new Error('a private detail');
});
answer('throwsLate', async () => {
  await sleep(5);
  throw new Error('a private detail');
});
answer('throwsText', () => {
  throw 'only text';
});
answer('throwsNothing', () => Promise.reject(undefined));
answer('numberAnswer', () => 5);
answer('statusOutOfRange', () => ({ status: 999 }));
answer('circularAnswer', () => {
  const circle = {};
  circle.self = circle;
  return { jsonBody: circle };
});
answer('bigAnswer', (request) => ({ body: 'x'.repeat(Number(request.query.get('length'))) }));
answer('slow', async (request) => {
  await sleep(Number(request.query.get('ms')));
  return { body: request.query.get('tag') ?? '' };
});
answer('failsMidStream', () => {
  async function* parts() {
    yield Buffer.from('begun');
    await sleep(5);
    throw new Error('a private detail');
  }
  return { body: ReadableStream.from(parts()) };
});
