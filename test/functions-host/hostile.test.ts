// What an ill-meaning caller or a careless app may do to the host: it must answer, and go on.
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ClientHost, finished, startClientHost } from './support/client-host.ts';

let running: ClientHost;
let port: number;
const log: string[] = [];

beforeAll(async () => {
  running = await startClientHost(
    (df, { app }) => {
      app.http('echo', {
        route: '{*path}',
        authLevel: 'anonymous',
        handler: async (request) => ({
          jsonBody: {
            path: request.params['path'] ?? '',
            url: request.url,
            length: (await request.text()).length,
          },
        }),
      });
      app.http('proxied', {
        authLevel: 'anonymous',
        handler: () => ({
          body: 'passed on',
          headers: { 'transfer-encoding': 'chunked', 'content-length': '4', connection: 'close' },
        }),
      });
      app.http('emptyWithLength', {
        authLevel: 'anonymous',
        handler: () => ({ status: 204, headers: { 'content-length': '4' } }),
      });
      df.app.activity('echoActivity', { handler: (input: unknown) => input });
      df.app.orchestration('quick', function* (context) {
        return (yield context.df.callActivity('echoActivity', 'done')) as string;
      });
      df.app.orchestration('label', function* (context) {
        yield context.df.callActivity('echoActivity', 1);
        throw new Error('text\n\n$OutOfProcData$:not JSON');
      });
      df.app.orchestration('wrongTime', function* (context) {
        yield context.df.createTimer('not a date' as unknown as Date);
      });
      df.app.orchestration('wrongDelay', function* (context) {
        const options = new df.RetryOptions(5, 2);
        options.maxRetryIntervalInMilliseconds = Number.NaN;
        yield context.df.callActivityWithRetry('noSuch', options, 1);
      });
      df.app.orchestration('callsHttp', function* (context) {
        yield context.df.callHttp({ method: 'GET', url: 'http://127.0.0.1:1/' });
      });
    },
    {
      log: (line) => log.push(`${line.level} ${line.message}`),
      settings: { maxConcurrentOrchestrators: 2 },
    },
  );
  port = Number(new URL(running.host.url).port);
});

afterAll(() => running.host.stop());

/** Sends bytes as they are; the answer until the connection closes or `ms` are over. */
async function send(text: string, ms = 3_000): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.setEncoding('utf8');
  socket.on('data', (part: string) => {
    answer += part;
  });
  socket.on('error', () => undefined);
  socket.write(text);
  await Promise.race([once(socket, 'close'), sleep(ms, undefined, { ref: false })]);
  socket.destroy();
  return answer;
}

function get(target: string, host = `127.0.0.1:${port}`): string {
  return `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
}

function statusOf(answer: string): number {
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]);
}

async function isWell(): Promise<void> {
  expect((await fetch(`${running.host.url}/api/well`)).status).toBe(200);
}

describe('a malformed request', () => {
  test.each([
    ['a host header with a blank', () => get('/api/x', 'a b')],
    ['a host header that is no host', () => get('/api/x', '[')],
    ['a path with an encoded NUL', () => get('/api/%00')],
    ['a path with a broken escape', () => get('/api/%ZZ')],
    ['a broken escape below /admin', () => get('/admin/%ZZ')],
    ['a broken escape in the durable API', () => get('/durabletask/instances/%ZZ')],
    ['no path', () => get('*')],
    ['a target that is no http address', () => get('ftp://127.0.0.1/api/x')],
    ['a line that is not HTTP', () => 'hello\r\n\r\n'],
    [
      'two lengths',
      () =>
        'POST /api/x HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
  ])('%s is 400, and nothing breaks', async (_, text) => {
    expect(statusOf(await send(text()))).toBe(400);
    await isWell();
  });

  test('a whole address as target is understood', async () => {
    const answer = await send(get(`http://127.0.0.1:${port}/api/whole?x=1`));
    expect(statusOf(answer)).toBe(200);
    expect(answer).toContain('"path":"whole"');
  });

  test('dots cannot hide from the router where a request goes', async () => {
    for (const target of ['/api/x/../../admin/nothing', '/api/%2e%2e/admin/nothing']) {
      expect(statusOf(await send(get(target))), target).toBe(404);
    }
    const encoded = await send(get('/api/..%2Fadmin%2Ffunctions'));
    expect(encoded).toContain('"path":"..%2Fadmin%2Ffunctions"');
  });

  test.each(['top=1.5', 'top=0', 'top=x', 'runtimeStatus=Odd', 'createdTimeFrom=yesterday'])(
    'a list with %s is 400',
    async (query) => {
      const response = await fetch(`${running.host.url}/durabletask/instances?${query}`);
      expect(response.status).toBe(400);
    },
  );

  test.each(['timeout=abc', 'timeout=5&pollingInterval=x', 'timeout=-1'])(
    'create and wait with %s is 400 and starts nothing',
    async (query) => {
      const id = `never-${query}`;
      const path = `/durabletask/orchestrators/quick/${encodeURIComponent(id)}?${query}`;
      const response = await fetch(`${running.host.url}${path}`, { method: 'POST' });
      expect(response.status).toBe(400);
      expect(running.host.engine.find(id)).toBeUndefined();
    },
  );
});

describe('a slow or vanishing caller', () => {
  test('a caller that goes away in mid-body costs nothing', async () => {
    log.length = 0;
    const half = 'POST /api/x HTTP/1.1\r\nHost: x\r\nContent-Length: 400\r\n\r\nabc';
    await Promise.all(Array.from({ length: 20 }, () => send(half, 30)));
    await isWell();
    expect(log.filter((line) => /error|critical/i.test(line))).toEqual([]);
  });

  test('a body byte by byte arrives while others are served', async () => {
    const socket = connect(port, '127.0.0.1');
    let answer = '';
    socket.on('data', (part: Buffer) => {
      answer += part.toString();
    });
    socket.write('POST /api/slow HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n');
    for (let n = 0; n < 20; n++) {
      socket.write('x');
      await isWell();
    }
    while (!answer.includes('"length":20')) await once(socket, 'data');
    socket.destroy();
  });
});

describe('headers an app passes on from elsewhere', () => {
  test('a length and an encoding of another body do not spoil the answer', async () => {
    const answer = await send(get('/api/proxied'));
    expect(statusOf(answer)).toBe(200);
    expect(answer.toLowerCase()).not.toContain('transfer-encoding');
    expect(answer).toMatch(/content-length: 9\r\n/i);
    expect(answer.endsWith('\r\n\r\npassed on')).toBe(true);
  });

  test('a length of an answer without a body is dropped', async () => {
    expect((await send(get('/api/emptyWithLength'))).toLowerCase()).not.toContain('content-length');
  });
});

describe('an orchestrator that does odd things', () => {
  test.each([
    ['label', "Orchestrator function 'label' failed: text\n\n$OutOfProcData$:not JSON"],
    ['wrongTime', "Orchestrator function 'wrongTime' failed: "],
    ['callsHttp', 'the local functions host does not support'],
  ])('%s fails, and says why', async (name, text) => {
    await running.client.startNew(name, { instanceId: name, input: {} });
    const status = await finished(running.client, name);
    expect(status.runtimeStatus).toBe('Failed');
    expect(status.output).toContain(text);
  });

  test('none of them keeps others from running', async () => {
    for (const name of ['label', 'wrongTime', 'wrongDelay', 'callsHttp']) {
      for (let n = 0; n < 3; n++) await running.client.startNew(name, { input: {} });
    }
    const id = await running.client.startNew('quick', { input: {} });
    expect((await finished(running.client, id)).output).toBe('done');
    expect(log.filter((line) => line.includes('work item'))).toEqual([]);
  });
});
