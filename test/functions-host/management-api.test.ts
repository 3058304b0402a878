import { setTimeout as sleep } from 'node:timers/promises';
import { HttpRequest } from '@azure/functions';
import type { DurableClient } from 'durable-functions';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FunctionsHost, startFunctionsHost } from '../../local/functions-host/host.ts';
import { type ClientHolder, registerManagementApp } from './support/management-app.ts';
import { mapStrings, normalise } from './support/normalise.ts';
import { readFixture } from './support/transcript.ts';

interface RecordedExchange {
  label: string;
  request: { method: string; path: string; body?: string; headers?: Record<string, string> };
  response: { status: number; headers: Record<string, string>; body: unknown };
}

interface RecordedCall {
  label: string;
  returns?: unknown;
  throws?: { name: string; message: string };
}

const fixture = readFixture('http.json') as {
  clientBinding: { rpcBaseUrl: string };
  http: RecordedExchange[];
  sdkClient: RecordedCall[];
};

const holder: ClientHolder = { client: undefined };
let host: FunctionsHost;

beforeAll(async () => {
  host = await startFunctionsHost({
    directory: import.meta.dirname,
    port: 0,
    hub: ':memory:',
    log: () => {},
    register: () => registerManagementApp(holder),
    settings: { hubName: 'RefHub' },
  });
});

afterAll(() => host.stop());

const SETTLE_MS = 2000;

async function send({ method, path, body, headers }: RecordedExchange['request']) {
  const type = body === undefined ? undefined : { 'content-type': 'application/json' };
  const response = await fetch(`${host.url}/durabletask${path}`, {
    method,
    ...(body === undefined ? {} : { body }),
    headers: { ...type, ...headers },
  });
  const text = await response.text();
  const picked: Record<string, string> = {};
  for (const name of ['content-type', 'location', 'retry-after']) {
    const value = response.headers.get(name);
    if (value !== null) picked[name] = value;
  }
  return {
    status: response.status,
    headers: picked,
    body: text ? (JSON.parse(text) as unknown) : '',
  };
}

/** What may differ: origins, connection name, wording of JSON errors, the store's own wording. */
function comparable(value: unknown): unknown {
  const text = JSON.stringify(normalise(value))
    .replace(/http:\/\/(?:localhost|127\.0\.0\.1):\d+/g, 'http://host')
    .replaceAll('connection=emulator', 'connection=Storage')
    .replace(/<t\d+>/g, '<t>')
    .replace(/"StackTrace":"(?:[^"\\]|\\.)*"/g, '"StackTrace":"<clr stack>"')
    .replace(
      /("ExceptionMessage":)"(?:[^"\\]|\\.)*"(,"ExceptionType":"Newtonsoft)/g,
      '$1"<json>"$2',
    )
    .replace(/An orchestration with id '\w+' already exists. It is in state Running/g, '<exists>')
    .replace('An Orchestration instance with the status Running already exists.', '<exists>')
    .replace('An Orchestration instance with the status Pending already exists.', '<exists>');
  return JSON.parse(text) as unknown;
}

/** Repeats a read until it answers as recorded or the time is over. */
async function settled(exchange: RecordedExchange): Promise<unknown> {
  const until = Date.now() + SETTLE_MS;
  const wanted = JSON.stringify(comparable(exchange.response));
  for (;;) {
    const own = comparable(await send(exchange.request));
    const done = JSON.stringify(own) === wanted || exchange.request.method !== 'GET';
    if (done || Date.now() > until) return own;
    await sleep(20);
  }
}

describe('the management API answers as the genuine extension was recorded', () => {
  test.each(fixture.http.map((h, i) => [`${i + 1} ${h.label}`, h] as const))('%s', async (_, h) => {
    // An operation meets the state that the recording was made in only when nothing is under way.
    await sleep(25);
    expect(await settled(h)).toEqual(comparable(h.response));
  });
});

function call(client: DurableClient, label: string): unknown {
  const request = new HttpRequest({ method: 'GET', url: `${host.url}/api/x` });
  const calls: Record<string, () => unknown> = {
    'startNew no input, own id': () => client.startNew('wait', { instanceId: 's1' }),
    'startNew same id running': () => client.startNew('wait', { instanceId: 's1' }),
    'startNew unknown': () => client.startNew('nope', { instanceId: 's2' }),
    'getStatus running': () => client.getStatus('s1'),
    'getStatus unknown': () => client.getStatus('nobody'),
    'raiseEvent undefined': () => client.raiseEvent('s1', 'other', undefined),
    'raiseEvent null': () => client.raiseEvent('s1', 'other', null),
    'raiseEvent string': () => client.raiseEvent('s1', 'go', 'text'),
    'getStatus completed': () => client.getStatus('s1'),
    'raiseEvent completed': () => client.raiseEvent('s1', 'go', 1),
    'raiseEvent unknown': () => client.raiseEvent('nobody', 'go', 1),
    'terminate completed': () => client.terminate('s1', 'r'),
    'terminate unknown': () => client.terminate('nobody', 'r'),
    'suspend completed': () => client.suspend('s1', 'r'),
    'suspend unknown': () => client.suspend('nobody', 'r'),
    'resume completed': () => client.resume('s1', 'r'),
    'rewind completed': () => client.rewind('s1', 'r'),
    'startNew s3': () => client.startNew('wait', { instanceId: 's3', input: { deep: ['ž', 1] } }),
    'suspend s3': () => client.suspend('s3', 'pause'),
    'resume s3': () => client.resume('s3', 'go'),
    'terminate s3': () => client.terminate('s3', 'why'),
    'getStatus s3': () =>
      client.getStatus('s3', { showHistory: true, showHistoryOutput: true, showInput: true }),
    createHttpManagementPayload: () => client.createHttpManagementPayload('s3'),
    waitForCompletionOrCreateCheckStatusResponse: async () => {
      const response = await client.waitForCompletionOrCreateCheckStatusResponse(request, 's1');
      const headers = Object.fromEntries(response.headers.entries());
      return { status: response.status, body: await response.text(), headers };
    },
  };
  const found = calls[label];
  if (!found) throw new Error(`no call for "${label}"`);
  return found();
}

describe("the SDK's client gets what it got from the genuine extension", () => {
  test.each(fixture.sdkClient.map((c) => [c.label, c] as const))('%s', async (label, recorded) => {
    await fetch(`${host.url}/api/client`);
    const { client } = holder;
    if (!client) throw new Error('the function did not get a client');
    await sleep(60);
    let own: unknown;
    try {
      const returns = await call(client, label);
      own =
        returns === undefined ? {} : { returns: JSON.parse(JSON.stringify(returns)) as unknown };
    } catch (error) {
      const { name, message } = error as Error;
      own = { throws: { name, message } };
    }
    const { label: _, wire: __, ...expected } = recorded as RecordedCall & { wire?: unknown };
    expect(withoutStacks(comparable(own))).toEqual(withoutStacks(comparable(expected)));
  });
});

/** Errors of the SDK quote the whole answer, escaped once more. */
function withoutStacks(value: unknown): unknown {
  return mapStrings(value, (text) =>
    text
      .replace(/"StackTrace":"(?:[^"\\]|\\.)*"/g, '"StackTrace":"<clr stack>"')
      .replace(
        /"ExceptionMessage":"[^"]*","ExceptionType":"Newtonsoft/g,
        '"ExceptionType":"Newtonsoft',
      ),
  );
}
