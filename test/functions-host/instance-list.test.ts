import { setTimeout as sleep } from 'node:timers/promises';
import type { DurableClient } from 'durable-functions';
import { afterEach, describe, expect, test } from 'vitest';
import type { FunctionsHost } from '../../local/functions-host/host.ts';
import { finished, startClientHost } from './support/client-host.ts';

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

describe('lists and purges', () => {
  async function startSeveral(): Promise<DurableClient> {
    const client = await start((df) => {
      df.app.orchestration('ends', function* (c) {
        yield* [];
        return c.df.getInput();
      });
      df.app.orchestration('waits', function* (c) {
        yield c.df.waitForExternalEvent('never');
      });
    });
    for (let i = 0; i < 7; i++)
      await client.startNew('ends', { instanceId: `e:${i}`, input: { i } });
    for (let i = 0; i < 3; i++) await client.startNew('waits', { instanceId: `w_${i}` });
    for (let i = 0; i < 7; i++) await finished(client, `e:${i}`);
    return client;
  }

  const ids = (list: { instanceId: string }[]) => list.map((item) => item.instanceId).sort();

  test('filter by state, time and prefix', async () => {
    const before = new Date(Date.now() - 1000);
    const client = await startSeveral();
    expect((await client.getStatusAll()).length).toBe(10);
    const running = { runtimeStatus: ['Running'] } as unknown as Parameters<
      DurableClient['getStatusBy']
    >[0];
    expect(ids(await client.getStatusBy(running))).toEqual(['w_0', 'w_1', 'w_2']);
    expect((await client.getStatusBy({ createdTimeTo: before })).length).toBe(0);
    expect((await client.getStatusBy({ createdTimeFrom: before })).length).toBe(10);
    const response = await fetch(`${host?.url}/durabletask/instances?instanceIdPrefix=e:&top=100`);
    expect(((await response.json()) as unknown[]).length).toBe(7);
  });

  test('come in pages that a token continues, without gaps or repeats', async () => {
    await startSeveral();
    const seen: string[] = [];
    let token: string | null = '';
    while (token !== null) {
      const response: Response = await fetch(`${host?.url}/durabletask/instances?top=4`, {
        headers: token ? { 'x-ms-continuation-token': token } : {},
      });
      seen.push(...ids((await response.json()) as { instanceId: string }[]));
      token = response.headers.get('x-ms-continuation-token');
    }
    expect(seen.length).toBe(10);
    expect(new Set(seen).size).toBe(10);
  });

  test.each(['runtimeStatus=Dancing', 'top=0', 'top=x', 'createdTimeFrom=yesterday'])(
    'a filter that makes no sense is 400: %s',
    async (query) => {
      await startSeveral();
      const response = await fetch(`${host?.url}/durabletask/instances?${query}`);
      expect(response.status).toBe(400);
    },
  );

  test('purge removes one instance in any state, by filter only what is over', async () => {
    const client = await startSeveral();
    expect((await client.purgeInstanceHistory('w_0')).instancesDeleted).toBe(1);
    expect((await client.purgeInstanceHistory('w_0')).instancesDeleted).toBe(0);
    const all = { createdTimeFrom: new Date(0) };
    expect((await client.purgeInstanceHistoryBy(all)).instancesDeleted).toBe(7);
    expect(ids(await client.getStatusAll())).toEqual(['w_1', 'w_2']);
  });

  test('an instance purged while its activity runs stays away, and its id can start anew', async () => {
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const client = await start((df) => {
      df.app.activity('gated', { handler: () => gate });
      df.app.orchestration('gates', function* (c) {
        if (c.df.getInput() === 'again') return 'new';
        yield c.df.callActivity('gated');
        return 'old';
      });
    });
    await client.startNew('gates', { instanceId: 'g' });
    await sleep(50);
    await client.purgeInstanceHistory('g');
    await client.startNew('gates', { instanceId: 'g', input: 'again' });
    expect((await finished(client, 'g')).output).toBe('new');
    release();
    await sleep(50);
    expect((await client.getStatus('g')).output).toBe('new');
  });
});
