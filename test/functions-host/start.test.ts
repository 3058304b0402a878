import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { LogLine } from '../../local/functions-host/log.ts';
import { startClientHost } from './support/client-host.ts';
import { HostProcess, SAMPLE_APP, scratchDirectory } from './support/host-process.ts';

let host: HostProcess | undefined;

afterEach(async () => {
  await host?.signal('SIGKILL');
  host = undefined;
});

const app = (name: string) => join(import.meta.dirname, 'apps', name);

async function failToStart(options: Parameters<typeof HostProcess.create>[0]): Promise<string> {
  host = await HostProcess.create(options);
  const child = host.spawn();
  await once(child, 'close');
  expect(child.exitCode, host.output).toBe(1);
  return host.output;
}

/** An app directory with one host.json; its functions are the sample's. */
function appWithHostJson(hostJson: unknown): string {
  const directory = scratchDirectory();
  writeFileSync(join(directory, 'package.json'), '{"type":"module","main":"main.ts"}');
  writeFileSync(join(directory, 'host.json'), JSON.stringify(hostJson));
  const entry = join(SAMPLE_APP, 'functions/http.ts');
  writeFileSync(join(directory, 'main.ts'), `import ${JSON.stringify(entry)};\n`);
  return directory;
}

describe('the host does not start', () => {
  test("when the app throws while it is loaded, and prints the app's message", async () => {
    expect(await failToStart({ app: app('broken') })).toContain(
      'POSTGRES_URL: not set: put the URL of the database',
    );
  });

  test('when the app has not been built', async () => {
    expect(await failToStart({ app: app('empty') })).toContain(
      'no file matches "main": "dist/*.js"',
    );
  });

  test('when the directory is not an app', async () => {
    expect(await failToStart({ app: scratchDirectory() })).toContain(
      'the app directory needs a package.json',
    );
  });

  test('when the port is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = address !== null && typeof address !== 'string' ? address.port : 0;
    expect(await failToStart({ port })).toContain(`cannot listen on port ${port}`);
    server.close();
  });

  test('when the hub file is something else, and leaves that as it is', async () => {
    const hub = join(scratchDirectory(), 'notes.txt');
    writeFileSync(hub, 'a text that somebody keeps here, long enough to be a header');
    expect(await failToStart({ hub })).toContain(`the task hub file ${hub} cannot be used`);
    expect(readFileSync(hub, 'utf8')).toContain('a text that somebody keeps here');
  });

  test.each([
    [['--port', '99999'], '--port needs a number up to 65535, not "99999"'],
    [['--chaos', 'x'], '--chaos needs a whole number, not "x"'],
    [['--prot', '1'], "Unknown option '--prot'"],
  ])('with the arguments %o', async (more, message) => {
    const output = await failToStart({ arguments: more });
    expect(output).toContain(message);
    expect(output).not.toContain('    at ');
  });

  test.each([
    [{ functionTimeout: 'soon' }, 'host.json functionTimeout: "soon" is not a time span'],
    [
      { extensions: { durableTask: { maxConcurrentActivityFunctions: 0 } } },
      'maxConcurrentActivityFunctions must be a whole number above 0',
    ],
    [
      { extensions: { durableTask: { versionFailureStrategy: 'Ignore' } } },
      'versionFailureStrategy must be one of Reject, Fail',
    ],
    [
      { extensions: { durableTask: { hubName: '%NO_SUCH_NAME%' } } },
      'hubName names the setting NO_SUCH_NAME, which is not set',
    ],
  ])('with host.json %o', async (hostJson, message) => {
    expect(await failToStart({ app: appWithHostJson(hostJson) })).toContain(message);
  });

  test('with an option nobody knows or a seed that is no number', async () => {
    expect(await failToStart({ arguments: ['--chaos', 'x'] })).toContain(
      '--chaos needs a whole number',
    );
    expect(await failToStart({ arguments: ['--cahos', '1'] })).toContain(
      "Unknown option '--cahos'",
    );
  });
});

describe('a started host', () => {
  test('takes settings from local.settings.json, the environment first', async () => {
    const directory = appWithHostJson({ extensions: { http: { routePrefix: '' } } });
    const settings = { IsEncrypted: false, Values: { FROM_FILE: 'file', FROM_BOTH: 'file' } };
    writeFileSync(join(directory, 'local.settings.json'), JSON.stringify(settings));
    const source = `import { app } from ${JSON.stringify(import.meta.resolve('@azure/functions'))};
app.http('settings', { handler: () => ({ jsonBody: [process.env.FROM_FILE, process.env.FROM_BOTH] }) });\n`;
    writeFileSync(join(directory, 'main.ts'), source);
    host = await HostProcess.create({ app: directory, environment: { FROM_BOTH: 'environment' } });
    expect(await host.start()).toBe(true);
    const response = await fetch(`${host.url}/settings`);
    expect(await response.json()).toEqual(['file', 'environment']);
  });

  test("prints the app's log lines as JSON with level and category", async () => {
    host = await HostProcess.create();
    await host.start();
    await fetch(`${host.url}/api/default`);
    await fetch(`${host.url}/api/broken`);
    await host.signal('SIGTERM');
    const lines = host.output
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as LogLine);
    expect(lines).toContainEqual(
      expect.objectContaining({
        level: 'information',
        category: 'Function.default.User',
        message: 'request seen GET',
      }),
    );
    const failure = lines.find((line) => line.category === 'Function.broken');
    expect(failure).toMatchObject({ level: 'error' });
    expect(failure?.message).toContain('the secret reason');
  });

  test('says nothing but the ready line when it is to be quiet', async () => {
    host = await HostProcess.create({ arguments: ['--quiet'] });
    await host.start();
    await fetch(`${host.url}/api/default`);
    await host.signal('SIGTERM');
    expect(host.output).toBe(`ready ${host.url}\n`);
  });
});

describe('what an app registers', () => {
  const seenBy = async (register: Parameters<typeof startClientHost>[0]) => {
    const lines: LogLine[] = [];
    const started = await startClientHost(register, { log: (line) => lines.push(line) });
    await started.host.stop();
    return lines.map((line) => line.message);
  };

  test('and this host cannot do is said in the log', async () => {
    const messages = await seenBy((_, { app, output }) => {
      app.storageQueue('queued', { queueName: 'q', connection: 'c', handler: () => undefined });
      app.timer('retried', {
        schedule: '0 0 0 1 1 *',
        retry: { strategy: 'fixedDelay', maxRetryCount: 2, delayInterval: 1000 },
        handler: () => undefined,
      });
      app.timer('writer', {
        schedule: '0 0 0 1 1 *',
        extraOutputs: [output.storageBlob({ path: 'p', connection: 'c' })],
        handler: () => undefined,
      });
    });
    expect(messages).toEqual([
      'function queued never runs: this host has no queueTrigger',
      'function retried declares a retry policy, which this host ignores',
      'function writer: what it writes to blob outputs is dropped',
    ]);
  });

  test('and a setting disables is not there', async () => {
    process.env['AzureWebJobs.off.Disabled'] = 'true';
    const { host: inline } = await startClientHost((_, { app }) => {
      app.http('off', { handler: () => ({ status: 200 }) });
      app.http('on', { handler: () => ({ status: 200 }) });
    });
    const statuses = await Promise.all(
      ['off', 'on'].map(async (name) => (await fetch(`${inline.url}/api/${name}`)).status),
    );
    await inline.stop();
    expect(statuses).toEqual([404, 200]);
  });

  test('twice under one name is refused', async () => {
    const twice = startClientHost((_, { app }) => {
      app.http('same', { handler: () => ({}) });
      app.http('SAME', { handler: () => ({}) });
    });
    await expect(twice).rejects.toThrow('A function named "SAME" is registered twice.');
  });
});
