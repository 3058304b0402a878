import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { seededRandom } from '../../local/functions-host/durable/chaos.ts';
import { HostProcess, isOver } from './support/host-process.ts';

// Each test starts processes; on a machine busy with other things a start takes seconds.
vi.setConfig({ testTimeout: 180_000 });

let host: HostProcess | undefined;

afterEach(async () => {
  await host?.signal('SIGKILL');
  host = undefined;
});

/** Effects of a whole journey, each step once. */
function expectedEffects(run: string): string[] {
  const rounds = [1, 2, 3].flatMap((round) => [
    `a${round}`,
    ...[1, 2, 3, 4].map((i) => `f${round}.${i}`),
    ...[0, 1, 2].map((i) => `s${round * 10 + i}`),
  ]);
  return rounds.map((step) => `${run} ${step}`).sort();
}

const expectedOutput = {
  first: { step: 'a3' },
  fan: [1, 2, 3, 4].map((i) => ({ step: `f3.${i}` })),
  child: ['s30', 's31', 's32'],
  signal: 'go',
};

async function finish(process: HostProcess, id: string): Promise<void> {
  await process.waitFor(id, (s) => (s.customStatus as { round?: number } | null)?.round === 3);
  const raised = await process.post(`/durabletask/instances/${id}/raiseEvent/finish`, 'go');
  expect(raised.status).toBe(202);
  const status = await process.waitFor(id, isOver);
  expect(status.runtimeStatus).toBe('Completed');
  expect(status.output).toEqual(expectedOutput);
}

/** At least once is the promise; the set of effects must be complete, and nothing else in it. */
function expectAllEffects(process: HostProcess, run: string): void {
  expect([...new Set(process.effects())].sort()).toEqual(expectedEffects(run));
}

describe('a killed host goes on where it was', () => {
  const moments = [
    'before-a1',
    'after-a1',
    'episode-start-1',
    'episode-middle-1',
    'episode-start-2',
    'after-f1.2',
    'before-s11',
    'after-s32',
    'after-start',
  ];

  test.each(moments)('killed at %s', async (moment) => {
    host = await HostProcess.create({ environment: { DIE_AT: moment } });
    expect(await host.start()).toBe(true);
    const started = host.post('/api/run/journey/j1', { run: 'r', round: 1 }).catch(() => undefined);
    await started;
    const end = Date.now() + 15_000;
    while (host.running && Date.now() < end) await sleep(10);
    expect(host.running, 'the host must have died').toBe(false);
    expect(await host.start()).toBe(true);
    await finish(host, 'j1');
    expectAllEffects(host, 'r');
    // Only what was running may have run again.
    const doubled = host.effects().length - new Set(host.effects()).size;
    expect(doubled).toBeLessThanOrEqual(moment.startsWith('after-') ? 4 : 3);
  });

  test('killed at random moments, again and again', async () => {
    const seed = Date.now() % 1_000_000;
    console.log(`random kills with seed ${seed}`);
    const random = seededRandom(seed);
    host = await HostProcess.create();
    await host.start();
    const ids = ['k1', 'k2', 'k3'];
    for (const id of ids) await host.post(`/api/run/journey/${id}`, { run: id, round: 1 });
    for (let kill = 0; kill < 6; kill++) {
      await sleep(random() * 250);
      await host.signal('SIGKILL');
      expect(await host.start()).toBe(true);
    }
    for (const id of ids) await finish(host, id);
    expect([...new Set(host.effects())].sort()).toEqual(ids.flatMap(expectedEffects).sort());
  });

  test('a timer that became due while the host was dead fires at the next start', async () => {
    host = await HostProcess.create();
    await host.start();
    await host.post('/api/run/journey/t1', { run: 't', round: 3 });
    await host.waitFor('t1', () => (host?.effects().length ?? 0) >= 1);
    await host.signal('SIGKILL');
    await sleep(150);
    await host.start();
    await finish(host, 't1');
  });

  test('an event raised before the kill is neither lost nor doubled', async () => {
    host = await HostProcess.create();
    await host.start();
    await host.post('/api/run/journey/e1', { run: 'e', round: 3 });
    await host.post('/durabletask/instances/e1/raiseEvent/finish', 'go');
    await host.signal('SIGKILL');
    await host.start();
    const status = await host.waitFor('e1', isOver);
    expect(status.output).toEqual(expectedOutput);
  });
});

describe('a host that is asked to stop', () => {
  test('finishes what runs, exits with 0 and goes on at the next start', async () => {
    host = await HostProcess.create();
    await host.start();
    await host.post('/api/run/journey/d1', { run: 'd', round: 1 });
    await sleep(60);
    expect(await host.signal('SIGTERM')).toBe(0);
    expect(host.effects().length).toBe(new Set(host.effects()).size);
    await host.start();
    await finish(host, 'd1');
    expect(host.effects().sort()).toEqual(expectedEffects('d'));
  });

  test('leaves its hub to the next one, which waits for it', async () => {
    host = await HostProcess.create();
    await host.start();
    const next = await HostProcess.create({ directory: host.directory, hub: host.hub });
    const started = next.start();
    await sleep(2_000);
    expect(await host.signal('SIGTERM')).toBe(0);
    host = next;
    expect(await started, next.output).toBe(true);
  });

  test('leaves its hub to nobody else while it runs', async () => {
    host = await HostProcess.create();
    await host.start();
    const second = await HostProcess.create({ directory: host.directory, hub: host.hub });
    expect(await second.start()).toBe(false);
    expect(second.output).toContain('is in use by another functions host');
  });
});
