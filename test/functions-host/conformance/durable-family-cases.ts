import { expect } from 'vitest';
import type { ConformanceCase } from './conformance-case.ts';

/** Sub-orchestrations and continueAsNew. */
export const durableFamilyCases: readonly ConformanceCase[] = [
  {
    name: 'a child runs under the id its parent gives and knows its parent',
    run: async (host) => {
      const id = await host.start('parent');
      const child = { doubled: 42, id: `${id}-child`, parent: id };
      expect((await host.finished(id)).output).toEqual(child);
      const status = await host.status(`${id}-child`);
      expect(status).toMatchObject({ name: 'child', runtimeStatus: 'Completed', output: child });
    },
  },
  {
    name: 'a child without an id gets one of its own',
    run: async (host) => {
      const id = await host.start('parentOfUnnamed');
      const output = (await host.finished(id)).output as { id: string; parent: string };
      expect(output.parent).toBe(id);
      expect(output.id).not.toBe(id);
      expect(output.id.length).toBeGreaterThan(8);
    },
  },
  {
    name: 'twelve children at once answer in the order of the calls',
    run: async (host) => {
      const { output } = await host.run('parentOfMany', { width: 12 });
      expect(output).toEqual(Array.from({ length: 12 }, (_, index) => index * 2));
    },
  },
  {
    name: 'the failure of a child is caught by its parent with its text',
    run: async (host) => {
      const id = await host.start('parentOfFailing');
      const { output } = await host.finished(id);
      expect(output).toContain(`Orchestrator function 'failingChild' failed: child of ${id}`);
      expect((await host.status(`${id}-child`)).runtimeStatus).toBe('Failed');
    },
  },
  {
    name: 'an event raised to a child lets the parent go on',
    run: async (host) => {
      const id = await host.start('parentOfWaiting');
      const childId = `${id}-child`;
      await host.until(id, ({ runtimeStatus }) => runtimeStatus === 'Running');
      const end = Date.now() + 15_000;
      for (;;) {
        const { status } = await host.raise(childId, 'go', 'to the child');
        if (status === 202 || Date.now() > end) break;
      }
      expect((await host.finished(id)).output).toEqual({ event: 'to the child' });
    },
  },
  {
    name: 'terminating a parent leaves its child Running',
    run: async (host) => {
      const id = await host.start('parentOfWaiting');
      const childId = `${id}-child`;
      const isThere = async () => (await host.durable('GET', `/instances/${childId}`)).status;
      const end = Date.now() + 15_000;
      while ((await isThere()) === 404 && Date.now() < end);
      await host.until(childId, ({ runtimeStatus }) => runtimeStatus === 'Running');
      await host.act(id, 'terminate', 'parent only');
      expect((await host.finished(id)).runtimeStatus).toBe('Terminated');
      expect((await host.stillAfter(childId, 300)).runtimeStatus).toBe('Running');
      await host.act(childId, 'terminate', 'end of case');
    },
  },
  {
    name: 'an unknown sub-orchestration leaves the parent Running',
    run: async (host) => {
      const id = await host.start('parentOfUnknown');
      await host.until(id, ({ runtimeStatus }) => runtimeStatus === 'Running');
      expect((await host.stillAfter(id, 1_000)).runtimeStatus).toBe('Running');
      await host.act(id, 'terminate', 'end of case');
    },
  },
  {
    name: 'continueAsNew hands its input on and keeps the instance id',
    run: async (host) => {
      const id = await host.start('generations', { left: 6, sum: 0 });
      const status = await host.finished(id);
      expect(status).toMatchObject({ output: 42, runtimeStatus: 'Completed', instanceId: id });
      expect(status.customStatus).toEqual({ left: 0 });
      expect(status.input).toEqual({ left: 0, sum: 42 });
    },
  },
  {
    name: 'the history after continueAsNew is that of the last generation',
    run: async (host) => {
      const id = await host.start('generations', { left: 3, sum: 0 });
      await host.finished(id);
      const { historyEvents } = await host.status(id, '?showHistory=true');
      const tasks = historyEvents?.filter(({ EventType }) => EventType === 'TaskCompleted');
      expect(tasks).toHaveLength(1);
    },
  },
  {
    name: 'events one by one over generations are all collected',
    run: async (host) => {
      const id = await host.start('collects', { seen: [], wanted: 4 });
      for (const item of ['a', 'b', 'c', 'd']) {
        expect((await host.raise(id, 'item', item)).status).toBe(202);
        const length = item.charCodeAt(0) - 96;
        await host.until(
          id,
          ({ runtimeStatus, input }) =>
            runtimeStatus === 'Completed' || (input as { seen: string[] }).seen.length >= length,
        );
      }
      expect((await host.finished(id)).output).toEqual(['a', 'b', 'c', 'd']);
    },
  },
];
