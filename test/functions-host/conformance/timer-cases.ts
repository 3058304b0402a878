import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { ConformanceCase } from './conformance-case.ts';
import type { HostUnderTest } from './host-under-test.ts';

interface TimerRun {
  at: string;
  invocationId: string;
  timer: {
    isPastDue: boolean;
    schedule: { adjustForDST: boolean };
    scheduleStatus?: { last: string; next: string; lastUpdated: string };
  };
}

function runsOf(host: HostUnderTest, name: string): Promise<TimerRun[]> {
  return host.json<TimerRun[]>(`/api/timers/${name}/runs`);
}

async function runsUntil(host: HostUnderTest, name: string, count: number): Promise<TimerRun[]> {
  const end = Date.now() + 20_000;
  for (;;) {
    const runs = await runsOf(host, name);
    if (runs.length >= count) return runs;
    if (Date.now() > end) throw new Error(`${name} has run ${runs.length} times`);
    await sleep(100);
  }
}

/** Timer triggers, and functions run by hand through /admin. */
export const timerCases: readonly ConformanceCase[] = [
  {
    name: 'a timer runs by the schedule in a %SETTING%, each time as a new invocation',
    run: async (host) => {
      const runs = await runsUntil(host, 'everySecond', 2);
      expect(new Set(runs.map(({ invocationId }) => invocationId)).size).toBe(runs.length);
    },
  },
  {
    name: 'a timer object tells whether it is past due and its schedule',
    run: async (host) => {
      const [run] = await runsUntil(host, 'everySecond', 1);
      expect(typeof run?.timer.isPastDue).toBe('boolean');
      expect(typeof run?.timer.schedule.adjustForDST).toBe('boolean');
    },
  },
  {
    name: 'two runs by schedule start a second apart, not in a burst',
    run: async (host) => {
      const runs = await runsUntil(host, 'everySecond', 4);
      const seconds = runs.map(({ at }) => Math.floor(Date.parse(at) / 1000));
      const span = (seconds.at(-1) ?? 0) - (seconds[0] ?? 0);
      expect(runs.length).toBeLessThanOrEqual(span + 2);
    },
  },
  {
    name: 'a timer that throws runs again at the next time',
    run: async (host) => {
      await runsUntil(host, 'throwingTimer', 2);
    },
  },
  {
    name: 'a timer disabled by a setting does not run',
    run: async (host) => {
      await runsUntil(host, 'everySecond', 3);
      expect(await runsOf(host, 'disabledTimer')).toEqual([]);
    },
  },
  {
    name: 'a timer that is not due is run by hand: 202, and it runs',
    run: async (host) => {
      const before = (await runsOf(host, 'onceAYear')).length;
      const response = await host.admin('/functions/onceAYear', {});
      expect(response.status).toBe(202);
      await runsUntil(host, 'onceAYear', before + 1);
    },
  },
  {
    name: 'running an unknown function by hand is 404',
    run: async (host) => {
      expect((await host.admin('/functions/noSuchFunction', {})).status).toBe(404);
    },
  },
];
