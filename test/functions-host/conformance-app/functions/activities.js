import { setTimeout as sleep } from 'node:timers/promises';
import { app } from '@azure/functions';
import * as df from 'durable-functions';

// How often something ran, by key: visible to tests, lost with the process as in the cloud.
const counters = new Map();

function next(key) {
  const value = (counters.get(key) ?? 0) + 1;
  counters.set(key, value);
  return value;
}

const VALUES = {
  undefined: undefined,
  null: null,
  true: true,
  false: false,
  zero: 0,
  empty: '',
  text: 'abc',
  numberText: '5',
  jsonText: '{"a":1}',
  unicode: 'žluťoučký 漢字 😀 \u0000 end',
  array: [1, [2]],
  object: { a: { b: null } },
  date: new Date('2026-01-02T03:04:05.678Z'),
  float: 1.5e-7,
};

function activity(name, handler) {
  df.app.activity(name, { handler });
}

activity('echo', (input) => input);
activity('double', (input) => input * 2);
activity('join', ({ parts }) => parts.join('+'));
activity('valueOf', ({ name }) => VALUES[name]);
activity('describe', (input) => ({ type: typeof input, value: input ?? null }));
activity('count', ({ key }) => next(key));
activity('fails', ({ message }) => {
  throw new Error(message);
});
activity('failsWithText', () => {
  throw 'only text';
});
activity('failsTimes', ({ key, times }) => {
  const attempt = next(key);
  if (attempt <= times) throw new Error(`attempt ${attempt}`);
  return attempt;
});
activity('slowly', async ({ ms, value, key }) => {
  await sleep(ms);
  if (key) next(key);
  return value;
});
activity('longText', ({ length }) => 'x'.repeat(length));
activity('returnsError', () => new Error('returned, not thrown'));

app.http('counter', {
  methods: ['GET'],
  authLevel: 'anonymous',
  route: 'counters/{key}',
  handler: (request) => ({ jsonBody: { value: counters.get(request.params.key) ?? 0 } }),
});
