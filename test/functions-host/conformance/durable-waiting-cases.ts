import { expect } from 'vitest';
import type { ConformanceCase } from './conformance-case.ts';
import type { HostUnderTest, InstanceStatus } from './host-under-test.ts';

const SHOWS_WAITING = ({ customStatus }: InstanceStatus) => customStatus !== null;
const IS_RUNNING = ({ runtimeStatus }: InstanceStatus) => runtimeStatus === 'Running';

async function startWaiting(host: HostUnderTest): Promise<string> {
  const id = await host.start('waitsForEvent');
  await host.until(id, SHOWS_WAITING);
  return id;
}

async function raised(host: HostUnderTest, id: string, event: string, payload: unknown) {
  const response = await host.raise(id, event, payload);
  expect(response.status).toBe(202);
}

/** Durable timers, external events, custom status, suspension and termination. */
export const durableWaitingCases: readonly ConformanceCase[] = [
  {
    name: 'a durable timer waits at least its time, by the clock of the orchestration',
    run: async (host) => {
      const { output } = await host.run('waitsFor', { ms: 300 });
      expect((output as { ms: number }).ms).toBeGreaterThanOrEqual(300);
    },
  },
  {
    name: 'a timer in the past fires at once',
    run: async (host) => {
      expect((await host.run('waitsFor', { ms: -5_000 })).runtimeStatus).toBe('Completed');
    },
  },
  {
    name: 'a timer not cancelled keeps the instance Running until it fires',
    run: async (host) => {
      const id = await host.start('timerNotCancelled', { ms: 6_000 });
      await host.until(id, IS_RUNNING);
      expect((await host.stillAfter(id, 1_500)).runtimeStatus).toBe('Running');
      expect((await host.finished(id)).output).toBe('done');
    },
  },
  {
    name: 'clock and generated ids are the same in every replay',
    run: async (host) => {
      const id = await host.start('readsClock');
      const { output } = await host.finished(id);
      const { first, guids, id: own } = output as { first: string; guids: string[]; id: string };
      expect(own).toBe(id);
      expect(new Set(guids).size).toBe(2);
      const { historyEvents } = await host.status(id, '?showHistory=true');
      const firstStep = historyEvents?.find(({ EventType }) => EventType === 'TaskCompleted');
      const scheduled = Date.parse(String(firstStep?.['ScheduledTime']));
      expect(Math.abs(Date.parse(first) - scheduled)).toBeLessThan(5_000);
    },
  },
  ...[{ a: 1 }, 'text', 5, null, [true], 'žluť 😀'].map((payload) => ({
    name: `an event with ${JSON.stringify(payload)} reaches the orchestrator that waits`,
    run: async (host: HostUnderTest) => {
      const id = await startWaiting(host);
      await raised(host, id, 'go', payload);
      expect((await host.finished(id)).output).toEqual({ event: payload });
    },
  })),
  {
    name: 'events before the wait are kept in the order of their arrival',
    run: async (host) => {
      const id = await host.start('waitsThreeTimes');
      for (const payload of [1, 2, 3]) await raised(host, id, 'go', payload);
      expect((await host.finished(id)).output).toEqual([1, 2, 3]);
    },
  },
  {
    name: 'of two waits for one name the newer gets the first event',
    run: async (host) => {
      const id = await host.start('waitsTwiceAtOnce');
      await host.until(id, SHOWS_WAITING);
      await raised(host, id, 'go', 1);
      await host.stillAfter(id, 300);
      await raised(host, id, 'go', 2);
      expect((await host.finished(id)).output).toEqual({ older: 2, newer: 1 });
    },
  },
  {
    name: 'an event whose name has another case does not reach the orchestrator, and uses its wait up',
    run: async (host) => {
      const id = await startWaiting(host);
      await raised(host, id, 'GO', 'lost');
      expect((await host.stillAfter(id, 700)).runtimeStatus).toBe('Running');
      await host.act(id, 'terminate');
    },
  },
  {
    name: 'two kinds of events may come in the other order',
    run: async (host) => {
      const id = await host.start('waitsForTwoKinds');
      await raised(host, id, 'second', 'B');
      await raised(host, id, 'first', 'A');
      expect((await host.finished(id)).output).toEqual({ first: 'A', second: 'B' });
    },
  },
  {
    name: 'an event nobody waits for changes nothing',
    run: async (host) => {
      const id = await startWaiting(host);
      await raised(host, id, 'somethingElse', 1);
      expect((await host.stillAfter(id, 500)).runtimeStatus).toBe('Running');
      await raised(host, id, 'go', 2);
      expect((await host.finished(id)).output).toEqual({ event: 2 });
    },
  },
  {
    name: 'an event beats a timer that is then cancelled, and the instance ends at once',
    run: async (host) => {
      const id = await host.start('eventAgainstTimer', { ms: 3_600_000 });
      await raised(host, id, 'go', 'in time');
      expect((await host.finished(id)).output).toEqual({ event: 'in time' });
    },
  },
  {
    name: 'a timer beats an event that does not come, and the instance ends',
    run: async (host) => {
      expect((await host.run('eventAgainstTimer', { ms: 200 })).output).toBe('timer');
    },
  },
  {
    name: 'the custom status is seen while running and stays when it is not set again',
    run: async (host) => {
      const id = await host.start('showsStatus');
      const first = await host.until(id, SHOWS_WAITING);
      expect(first.customStatus).toEqual({ phase: 'ž', done: 0 });
      await raised(host, id, 'go', null);
      const second = await host.until(id, ({ customStatus }) => Array.isArray(customStatus));
      expect(second.customStatus).toEqual(['second']);
      await raised(host, id, 'go', null);
      expect(await host.finished(id)).toMatchObject({ output: 'shown', customStatus: ['second'] });
    },
  },
  {
    name: 'a custom status of 16 KB is stored, one of 17 KB fails the orchestration',
    run: async (host) => {
      const stored = await host.run('hugeStatus', { length: 8_000 });
      expect(stored.runtimeStatus).toBe('Completed');
      expect(String(stored.customStatus)).toHaveLength(8_000);
      const failed = await host.run('hugeStatus', { length: 8_702 });
      expect(failed.runtimeStatus).toBe('Failed');
      expect(String(failed.output)).toContain('must not exceed 16 KB');
    },
  },
  {
    name: 'a suspended instance takes events and acts on them after it is resumed',
    countsRuns: true,
    run: async (host) => {
      const key = host.id('suspended');
      const id = await host.start('suspendable', { key });
      await host.until(id, IS_RUNNING);
      expect((await host.act(id, 'suspend', 'hold on')).status).toBe(202);
      await host.until(id, ({ runtimeStatus }) => runtimeStatus === 'Suspended');
      await raised(host, id, 'go', 'kept');
      expect((await host.stillAfter(id, 700)).runtimeStatus).toBe('Suspended');
      expect(await host.counter(key)).toBe(0);
      expect((await host.act(id, 'resume', 'go on')).status).toBe(202);
      expect((await host.finished(id)).output).toBe('kept');
      expect(await host.counter(key)).toBe(1);
    },
  },
  {
    name: 'a suspended instance can be terminated',
    run: async (host) => {
      const id = await startWaiting(host);
      await host.act(id, 'suspend');
      await host.until(id, ({ runtimeStatus }) => runtimeStatus === 'Suspended');
      expect((await host.act(id, 'terminate', 'enough')).status).toBe(202);
      const status = await host.finished(id);
      expect(status).toMatchObject({ runtimeStatus: 'Terminated', output: 'enough' });
    },
  },
  {
    name: 'a terminated instance has the reason as output, in any alphabet',
    run: async (host) => {
      const id = await startWaiting(host);
      expect((await host.act(id, 'terminate', 'proto že & 漢')).status).toBe(202);
      const status = await host.finished(id);
      expect(status).toMatchObject({ runtimeStatus: 'Terminated', output: 'proto že & 漢' });
    },
  },
  {
    name: 'terminate does not stop an activity that runs, and drops its result',
    countsRuns: true,
    run: async (host) => {
      const key = host.id('runs-on');
      const id = await host.start('slowStep', { ms: 1_200, value: 1, key });
      await host.until(id, IS_RUNNING);
      await host.act(id, 'terminate', 'no more');
      expect((await host.finished(id)).runtimeStatus).toBe('Terminated');
      const end = Date.now() + 10_000;
      while ((await host.counter(key)) === 0 && Date.now() < end) await host.stillAfter(id, 100);
      expect(await host.counter(key)).toBe(1);
      expect((await host.status(id)).output).toBe('no more');
    },
  },
];
