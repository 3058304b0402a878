import { afterEach, describe, expect, test, vi } from 'vitest';
import { seededChaos } from '../../local/functions-host/durable/chaos.ts';
import { HostProcess, isOver } from './support/host-process.ts';

// Each test starts processes; on a machine busy with other things a start takes seconds.
vi.setConfig({ testTimeout: 180_000 });

let host: HostProcess | undefined;

afterEach(async () => {
  await host?.signal('SIGKILL');
  host = undefined;
});

async function startWithChaos(seed: number): Promise<HostProcess> {
  console.log(`chaos with seed ${seed}`);
  host = await HostProcess.create({ arguments: ['--chaos', String(seed), '--quiet'] });
  expect(await host.start()).toBe(true);
  return host;
}

describe('under --chaos', () => {
  test.each([1, 2, Date.now() % 1_000_000])('results are right (seed %i)', async (seed) => {
    const chaotic = await startWithChaos(seed);
    const journeys = ['c1', 'c2', 'c3', 'c4'];
    for (const id of journeys) await chaotic.post(`/api/run/journey/${id}`, { run: id, round: 1 });
    await chaotic.post('/api/run/sequence/seq', { n: 40 });
    await chaotic.post('/api/run/fan/fan', { n: 100 });
    for (const id of journeys) {
      await chaotic.waitFor(id, (s) => (s.customStatus as { round?: number } | null)?.round === 3);
      await chaotic.post(`/durabletask/instances/${id}/raiseEvent/finish`, { id });
    }
    expect((await chaotic.waitFor('seq', isOver)).output).toBe((39 * 40) / 2);
    expect((await chaotic.waitFor('fan', isOver)).output).toBe((99 * 100) / 2);
    for (const id of journeys) {
      const status = await chaotic.waitFor(id, isOver);
      expect(status.output).toEqual({
        first: { step: 'a3' },
        fan: [1, 2, 3, 4].map((i) => ({ step: `f3.${i}` })),
        child: ['s30', 's31', 's32'],
        signal: { id },
      });
    }
    const effects = chaotic.effects();
    expect(new Set(effects).size).toBe(journeys.length * 24);
    expect(effects.length, 'some activities must have run twice').toBeGreaterThan(96);
  });

  test('the same seed gives the same misfortunes', () => {
    const misfortunes = (seed: number) => {
      const chaos = seededChaos(seed);
      return Array.from({ length: 50 }, () => [
        chaos.runTwice(),
        chaos.delay(),
        chaos.loseEpisode(),
        chaos.arrival([1, 2, 3]),
      ]);
    };
    expect(misfortunes(7)).toEqual(misfortunes(7));
    expect(misfortunes(7)).not.toEqual(misfortunes(8));
  });

  test('all kinds of misfortune do occur', () => {
    const chaos = seededChaos(3);
    const many = Array.from({ length: 200 }, (_, i) => i);
    expect(many.some(() => chaos.runTwice())).toBe(true);
    expect(many.some(() => chaos.delay() > 0)).toBe(true);
    expect(many.some(() => chaos.loseEpisode())).toBe(true);
    expect(many.some(() => chaos.arrival([1, 2, 3]).join() === '3,1,2')).toBe(true);
    expect(many.every(() => chaos.arrival([1, 2]).length > 0)).toBe(true);
  });
});
