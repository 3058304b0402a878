import { setTimeout as sleep } from 'node:timers/promises';
import type { DurableClient } from 'durable-functions';
import { afterEach, describe, expect, test } from 'vitest';
import type { FunctionsHost } from '../../local/functions-host/host.ts';
import type { LogLine } from '../../local/functions-host/log.ts';
import { type Df, finished, startClientHost } from './support/client-host.ts';

let host: FunctionsHost | undefined;

afterEach(async () => {
  await host?.stop();
  host = undefined;
});

async function start(...options: Parameters<typeof startClientHost>): Promise<DurableClient> {
  const started = await startClientHost(...options);
  host = started.host;
  return started.client;
}

describe('payloads of activities', () => {
  const register = (df: Df) => {
    df.app.activity('size', { handler: ({ out }: { out: number }) => 'x'.repeat(out) });
    df.app.orchestration('sizes', function* (c) {
      const { text, out } = c.df.getInput<{ text: number; out: number }>();
      const result = (yield c.df.callActivity('size', { text: 'y'.repeat(text), out })) as string;
      return result.length;
    });
  };

  test.each([
    [40_000, 40_000, 'Completed', 40_000],
    [50_000, 1, 'Failed', /failed: {2}the input has 49 KB, more than the 45 KB this host allows/],
    [1, 50_000, 'Failed', /failed: {2}the output has 49 KB, more than the 45 KB this host allows/],
  ])('in %i, out %i: %s', async (text, out, status, output) => {
    const client = await start(register);
    await client.startNew('sizes', { instanceId: 'p', input: { text, out } });
    const end = await finished(client, 'p');
    expect(end.runtimeStatus).toBe(status);
    if (output instanceof RegExp) expect(end.output).toMatch(output);
    else expect(end.output).toBe(output);
  });
});

describe('concurrency', () => {
  test('never exceeds what host.json allows', async () => {
    let active = 0;
    let most = 0;
    const client = await start(
      (df) => {
        df.app.activity('work', {
          handler: async () => {
            active += 1;
            most = Math.max(most, active);
            await sleep(15);
            active -= 1;
          },
        });
        df.app.orchestration('many', function* (c) {
          yield c.df.Task.all(Array.from({ length: 12 }, () => c.df.callActivity('work')));
        });
      },
      { settings: { maxConcurrentActivities: 3 } },
    );
    await client.startNew('many', { instanceId: 'm' });
    await finished(client, 'm');
    expect(most).toBe(3);
  });
});

describe('a function that takes too long', () => {
  test('fails with the message of the real host, and its late result is dropped', async () => {
    const client = await start(
      (df) => {
        df.app.activity('slow', { handler: () => sleep(1500, 'late') });
        df.app.orchestration('waits', function* (c) {
          try {
            return (yield c.df.callActivity('slow')) as unknown;
          } catch (error) {
            return (error as Error).message.split(' \n')[0];
          }
        });
      },
      { settings: { functionTimeoutMs: 1000 } },
    );
    await client.startNew('waits', { instanceId: 's' });
    expect((await finished(client, 's')).output).toBe(
      "Activity function 'slow' failed:  Timeout value of 00:00:01 was exceeded by function: Functions.slow",
    );
  });
});

describe('hooks', () => {
  test('run around invocations, in order, and may replace arguments and results', async () => {
    const seen: string[] = [];
    const lines: LogLine[] = [];
    const client = await start(
      (df, { app }) => {
        app.hook.appStart(() => {
          seen.push('appStart');
        });
        app.hook.appTerminate(() => {
          seen.push('appTerminate');
        });
        app.hook.preInvocation((context) => {
          if (context.invocationContext.functionName !== 'double') return;
          seen.push('pre');
          context.inputs = [21];
        });
        app.hook.postInvocation((context) => {
          if (context.invocationContext.functionName !== 'double') return;
          seen.push(`post ${String(context.result)}`);
          context.result = 'changed';
        });
        app.hook.log((context) => {
          context.message = `[${context.message}]`;
        });
        df.app.activity('double', {
          handler: (n: number, context) => {
            context.warn('doubling');
            return n * 2;
          },
        });
        df.app.orchestration('one', function* (c) {
          return (yield c.df.callActivity('double', 1)) as unknown;
        });
      },
      { log: (line) => lines.push(line) },
    );
    await client.startNew('one', { instanceId: 'h' });
    expect((await finished(client, 'h')).output).toBe('changed');
    await host?.stop();
    expect(seen).toEqual(['appStart', 'pre', 'post 42', 'appTerminate']);
    expect(lines).toContainEqual(
      expect.objectContaining({ level: 'warning', message: '[doubling]' }),
    );
  });
});

describe('versions of orchestrations', () => {
  const register = (df: Df) => {
    df.app.orchestration('versioned', function* (c) {
      yield* [];
      return (c.df as unknown as { version: string }).version;
    });
  };

  test('start as the default version, or as the one asked for', async () => {
    const client = await start(register, { settings: { defaultVersion: '2.0' } });
    await client.startNew('versioned', { instanceId: 'a' });
    await client.startNew('versioned', { instanceId: 'b', version: '1.10' } as never);
    expect((await finished(client, 'a')).output).toBe('2.0');
    expect((await finished(client, 'b')).output).toBe('1.10');
  });

  test('newer than the app wait, or fail where host.json says so', async () => {
    const settings = { defaultVersion: '1.9', versionFailureStrategy: 'Reject' as const };
    const client = await start(register, { settings });
    await client.startNew('versioned', { instanceId: 'n', version: '1.10' } as never);
    await sleep(60);
    expect((await client.getStatus('n')).runtimeStatus).toBe('Pending');
    await host?.stop();
    const failing = await start(register, {
      settings: { ...settings, versionFailureStrategy: 'Fail' },
    });
    await failing.startNew('versioned', { instanceId: 'n', version: '1.10' } as never);
    expect((await finished(failing, 'n')).output).toMatch(/does not accept version '1.10'/);
  });
});

describe('external events', () => {
  test('of several open waits the newest gets the next event, in the host as in the SDK', async () => {
    const client = await start((df) => {
      df.app.activity('echo', { handler: (value: unknown) => value });
      df.app.orchestration('waits', function* (c) {
        const soon = new Date(c.df.currentUtcDateTime.getTime() + 20);
        yield c.df.Task.any([c.df.waitForExternalEvent('go'), c.df.createTimer(soon)]);
        c.df.setCustomStatus('second wait');
        const value: unknown = yield c.df.waitForExternalEvent('go');
        return (yield c.df.callActivity('echo', value)) as unknown;
      });
    });
    await client.startNew('waits', { instanceId: 'w' });
    while ((await client.getStatus('w')).customStatus !== 'second wait') await sleep(10);
    await client.raiseEvent('w', 'go', 'text');
    expect((await finished(client, 'w')).output).toBe('text');
  });
});

describe('what the host does not support', () => {
  test('fails the orchestration with a message that names it', async () => {
    const client = await start((df) => {
      df.app.orchestration('calls', function* (c) {
        yield c.df.callHttp({ method: 'GET', url: 'http://localhost:1/' });
      });
    });
    await client.startNew('calls', { instanceId: 'x' });
    expect((await finished(client, 'x')).output).toBe(
      "Orchestrator function 'calls' failed: the local functions host does not support callHttp",
    );
  });
});

describe('speed', () => {
  test('a fan-out of 1,000 and a sequence of 200 come to their end', async () => {
    const client = await start(
      (df) => {
        df.app.activity('one', { handler: () => 1 });
        df.app.orchestration('fan', function* (c) {
          const tasks = Array.from({ length: 1000 }, () => c.df.callActivity('one'));
          const values = (yield c.df.Task.all(tasks)) as number[];
          return values.length;
        });
        df.app.orchestration('sequence', function* (c) {
          for (let i = 0; i < 200; i++) yield c.df.callActivity('one');
          return 200;
        });
      },
      { settings: { maxConcurrentActivities: 20 } },
    );
    for (const [name, output] of [
      ['fan', 1000],
      ['sequence', 200],
    ] as const) {
      await client.startNew(name, { instanceId: name });
      expect((await finished(client, name)).output).toBe(output);
    }
  });
});
