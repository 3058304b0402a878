import { expect } from 'vitest';
import type { ConformanceCase } from './conformance-case.ts';
import type { HostUnderTest } from './host-under-test.ts';

async function output(host: HostUnderTest, orchestration: string, input: unknown = {}) {
  const { runtimeStatus, output: value } = await host.run(orchestration, input);
  expect(runtimeStatus, String(value)).toBe('Completed');
  return value;
}

async function failure(host: HostUnderTest, orchestration: string, input: unknown = {}) {
  const { runtimeStatus, output: value } = await host.run(orchestration, input);
  expect(runtimeStatus).toBe('Failed');
  return String(value);
}

/** Sequences, fan-outs, failures and retries. */
export const durableStepCases: readonly ConformanceCase[] = [
  {
    name: 'steps run one after another and their results come back in order',
    run: async (host) => expect(await output(host, 'sequence')).toEqual(['a', 'b', 'c']),
  },
  {
    name: 'sixty steps in a row each run once',
    countsRuns: true,
    run: async (host) => {
      const key = host.id('sixty');
      expect(await output(host, 'counts', { key, steps: 60 })).toBe(60);
      expect(await host.counter(key)).toBe(60);
    },
  },
  {
    name: 'results of a long sequence are not mixed up',
    run: async (host) => expect(await output(host, 'longSequence', { steps: 25 })).toBe(600),
  },
  {
    name: 'a fan-out of 50 gives results in the order of the calls',
    run: async (host) => {
      const expected = Array.from({ length: 50 }, (_, index) => index * 2);
      expect(await output(host, 'fanOut', { width: 50 })).toEqual(expected);
    },
  },
  {
    name: 'a fan-out whose last call ends first keeps the order of the calls',
    run: async (host) => {
      expect(await output(host, 'fanOutOfDifferentSpeed')).toEqual([60, 1, 30]);
    },
  },
  {
    name: 'an empty fan-out fails the orchestration',
    run: async (host) => {
      expect(await failure(host, 'emptyFanOut')).toContain("'emptyFanOut' failed");
    },
  },
  {
    name: 'the first of several calls wins',
    run: async (host) => expect(await output(host, 'firstWins')).toBe('quick'),
  },
  {
    name: 'an instance ends only when the losing call has ended',
    run: async (host) => {
      const id = await host.start('firstWins');
      const status = await host.finished(id);
      const first = Date.parse(status.createdTime);
      expect(Date.parse(status.lastUpdatedTime)).toBeGreaterThanOrEqual(first);
      const { historyEvents } = await host.status(id, '?showHistory=true');
      const ended = historyEvents?.filter(({ EventType }) => EventType === 'TaskCompleted');
      expect(ended).toHaveLength(2);
    },
  },
  {
    name: 'a failed activity is caught and the orchestration goes on',
    run: async (host) => {
      const value = (await output(host, 'catches')) as { message: string; after: string };
      expect(value.after).toBe('went on');
      expect(value.message).toMatch(/^Activity function 'fails' failed: {1,2}no luck/);
    },
  },
  {
    name: 'an activity failure nobody catches fails the orchestration with both names',
    run: async (host) => {
      const text = await failure(host, 'doesNotCatch');
      expect(text).toMatch(/^Orchestrator function 'doesNotCatch' failed: /);
      expect(text).toMatch(/Activity function 'fails' failed: {1,2}no luck/);
    },
  },
  {
    name: 'an activity that throws a string fails with that string',
    run: async (host) => {
      const text = await output(host, 'textFailure');
      expect(text).toMatch(/^Activity function 'failsWithText' failed: {1,2}only text/);
    },
  },
  {
    name: 'an orchestrator that throws at once fails with its message',
    run: async (host) => {
      const text = await failure(host, 'throwsItself');
      expect(text).toMatch(/^Orchestrator function 'throwsItself' failed: my own mistake/);
    },
  },
  {
    name: 'an orchestrator that throws after a step fails with its message',
    run: async (host) => {
      const text = await failure(host, 'throwsAfterStep');
      expect(text).toMatch(/^Orchestrator function 'throwsAfterStep' failed: later mistake/);
    },
  },
  {
    name: 'an orchestrator that throws no Error stays Running',
    run: async (host) => {
      const id = await host.start('endsWithText');
      await host.until(id, ({ runtimeStatus }) => runtimeStatus === 'Running');
      expect((await host.stillAfter(id, 1_500)).runtimeStatus).toBe('Running');
      await host.act(id, 'terminate', 'end of case');
    },
  },
  {
    name: 'an orchestrator that yields no task fails',
    run: async (host) => {
      expect(await failure(host, 'yieldsANumber')).toContain("'yieldsANumber' failed");
    },
  },
  {
    name: 'one failure of a fan-out is caught after the others have ended',
    run: async (host) => expect(await output(host, 'oneOfAllFails')).toEqual({ caught: true }),
  },
  {
    name: 'a retried activity succeeds at the third attempt, tried three times',
    countsRuns: true,
    run: async (host) => {
      const key = host.id('retry3');
      expect(await output(host, 'retriesUntilSuccess', { key, times: 2 })).toBe(3);
      expect(await host.counter(key)).toBe(3);
    },
  },
  {
    name: 'a retried activity gives up after its attempts with the last error',
    countsRuns: true,
    run: async (host) => {
      const key = host.id('vain');
      const text = await output(host, 'retriesInVain', { key });
      expect(text).toMatch(/^Activity function 'failsTimes' failed: {1,2}attempt 3/);
      expect(await host.counter(key)).toBe(3);
    },
  },
  {
    name: 'delays between attempts grow by the coefficient',
    countsRuns: true,
    run: async (host) => {
      const value = await output(host, 'retriesWithBackoff', { key: host.id('backoff') });
      const { attempts, ms } = value as { attempts: number; ms: number };
      expect(attempts).toBe(3);
      expect(ms).toBeGreaterThanOrEqual(1_050);
    },
  },
  {
    name: 'an unknown activity leaves the orchestration Running',
    run: async (host) => {
      const id = await host.start('unknownActivity');
      await host.until(id, ({ runtimeStatus }) => runtimeStatus === 'Running');
      expect((await host.stillAfter(id, 1_500)).runtimeStatus).toBe('Running');
      await host.act(id, 'terminate', 'end of case');
      expect((await host.finished(id)).runtimeStatus).toBe('Terminated');
    },
  },
  {
    name: 'a result of 40,000 characters comes back whole',
    run: async (host) => {
      expect(await output(host, 'longResult', { length: 40_000 })).toBe(40_000);
    },
  },
  {
    name: 'a result over 45 KB fails the activity and says what to do',
    localOnly: 'the cloud moves it to a blob, slowly; the local host forbids it',
    run: async (host) => {
      const text = await failure(host, 'longResult', { length: 300_000 });
      expect(text).toContain('more than the 45 KB this host allows');
    },
  },
  {
    name: 'ten instances of one orchestration do not touch each other',
    countsRuns: true,
    run: async (host) => {
      const keys = Array.from({ length: 10 }, (_, index) => host.id(`side-${index}`));
      const each = keys.map((key) => output(host, 'counts', { key, steps: 4 }));
      expect(await Promise.all(each)).toEqual(keys.map(() => 4));
      expect(await Promise.all(keys.map((key) => host.counter(key)))).toEqual(keys.map(() => 4));
    },
  },
];
