import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { HostProcess } from './support/host-process.ts';

let host: HostProcess | undefined;

afterEach(async () => {
  await host?.signal('SIGKILL');
  host = undefined;
});

describe('an app that ends its own process', () => {
  test.each([
    [
      'rejects',
      'an error that no function waits for ends the process',
      'a promise nobody waits for',
    ],
    ['throws', 'an error that no function waits for ends the process', 'thrown in a timer'],
    ['exits', 'the app ended the process', 'process.exit'],
  ])('%s: the host exits with 1 and says why', async (name, text, detail) => {
    host = await HostProcess.create({ app: join(import.meta.dirname, 'apps/stray') });
    const child = host.spawn();
    while (!host.output.includes('ready http')) await sleep(20);
    await fetch(`${host.url}/api/${name}`).catch(() => undefined);
    while (host.running) await sleep(20);
    expect(child.exitCode).toBe(1);
    expect(host.output).toContain(text);
    expect(host.output).toContain(detail);
  });
});
