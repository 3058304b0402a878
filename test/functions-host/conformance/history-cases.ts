import { expect } from 'vitest';
import type { ConformanceCase } from './conformance-case.ts';
import type { HostUnderTest, InstanceStatus } from './host-under-test.ts';

async function list(host: HostUnderTest, query: string, headers: Record<string, string> = {}) {
  const response = await host.durable('GET', `/instances?${query}`, undefined, headers);
  expect(response.status).toBe(200);
  return {
    instances: (await response.json()) as InstanceStatus[],
    token: response.headers.get('x-ms-continuation-token') ?? '',
  };
}

async function everything(host: HostUnderTest): Promise<string> {
  const id = await host.start('everything');
  await host.raise(id, 'ev', { e: 1 });
  await host.finished(id);
  return id;
}

/** Histories, lists and purges. */
export const historyCases: readonly ConformanceCase[] = [
  {
    name: 'a history tells what happened, each scheduling merged into its end',
    run: async (host) => {
      const id = await everything(host);
      const { historyEvents = [] } = await host.status(id, '?showHistory=true');
      const types = historyEvents.map(({ EventType }) => EventType);
      expect(types[0]).toBe('ExecutionStarted');
      expect(types.at(-1)).toBe('ExecutionCompleted');
      expect(types.filter((type) => type !== 'EventRaised').slice(1, -1)).toEqual([
        'TaskCompleted',
        'TimerCreated',
        'TimerFired',
        'TaskFailed',
        'SubOrchestrationInstanceCompleted',
      ]);
      expect(historyEvents.find(({ EventType }) => EventType === 'TaskCompleted')).toMatchObject({
        FunctionName: 'echo',
      });
    },
  },
  {
    name: 'results are in a history only when asked for',
    run: async (host) => {
      const id = await everything(host);
      const plain = await host.status(id, '?showHistory=true');
      const full = await host.status(id, '?showHistory=true&showHistoryOutput=true');
      const echoOf = (status: InstanceStatus) =>
        status.historyEvents?.find(({ FunctionName }) => FunctionName === 'echo');
      expect(echoOf(plain)).not.toHaveProperty('Result');
      expect(echoOf(full)).toMatchObject({ Result: 'A' });
    },
  },
  {
    name: 'a failure in a history has its reason',
    run: async (host) => {
      const id = await everything(host);
      const { historyEvents } = await host.status(id, '?showHistory=true&showHistoryOutput=true');
      const failed = historyEvents?.find(({ EventType }) => EventType === 'TaskFailed');
      expect(failed?.['Reason']).toMatch(/^Activity function 'fails' failed: {1,2}kaboom/);
    },
  },
  {
    name: 'purging a finished instance removes it: 200 with a count, then 404',
    run: async (host) => {
      const { instanceId } = await host.run('returns', { value: 1 });
      const purged = await host.durable('DELETE', `/instances/${instanceId}`);
      expect(purged.status).toBe(200);
      expect(await purged.json()).toEqual({ instancesDeleted: 1 });
      expect((await host.durable('GET', `/instances/${instanceId}`)).status).toBe(404);
      expect((await host.durable('DELETE', `/instances/${instanceId}`)).status).toBe(404);
    },
  },
  {
    name: 'a purged id can be used again',
    run: async (host) => {
      const { instanceId } = await host.run('returns', { value: 1 });
      await host.durable('DELETE', `/instances/${instanceId}`);
      await host.start('returns', { value: 2 }, instanceId);
      expect((await host.finished(instanceId)).output).toBe(2);
    },
  },
  {
    name: 'a list filtered by the beginning of the id holds those instances and no others',
    run: async (host) => {
      const ids = [1, 2, 3].map((n) => host.id(`prefix-${n}`));
      for (const id of ids) await host.start('returns', { value: 1 }, id);
      await Promise.all(ids.map((id) => host.finished(id)));
      const { instances } = await list(host, `instanceIdPrefix=${host.id('prefix-')}`);
      expect(instances.map(({ instanceId }) => instanceId).sort()).toEqual(ids);
      expect(instances[0]).toMatchObject({ name: 'returns', runtimeStatus: 'Completed' });
    },
  },
  {
    name: 'a list filtered by status holds only instances of these',
    run: async (host) => {
      const prefix = host.id('state-');
      await host.start('returns', { value: 1 }, `${prefix}a`);
      await host.start('throwsItself', {}, `${prefix}b`);
      await host.finished(`${prefix}a`);
      await host.finished(`${prefix}b`);
      const query = `instanceIdPrefix=${prefix}&runtimeStatus=Failed,Terminated`;
      const { instances } = await list(host, query);
      expect(instances.map(({ instanceId }) => instanceId)).toEqual([`${prefix}b`]);
    },
  },
  {
    name: 'a list is read page by page with the continuation token',
    run: async (host) => {
      const ids = [1, 2, 3, 4, 5].map((n) => host.id(`page-${n}`));
      for (const id of ids) await host.start('returns', { value: 1 }, id);
      await Promise.all(ids.map((id) => host.finished(id)));
      const query = `instanceIdPrefix=${host.id('page-')}&top=2`;
      const seen: string[] = [];
      let token = '';
      for (let page = 0; page < 10; page++) {
        const headers: Record<string, string> = token ? { 'x-ms-continuation-token': token } : {};
        const next = await list(host, query, headers);
        expect(next.instances.length).toBeLessThanOrEqual(2);
        seen.push(...next.instances.map(({ instanceId }) => instanceId));
        token = next.token;
        if (token === '' || token === 'null') break;
      }
      expect(seen.sort()).toEqual(ids);
    },
  },
  {
    name: 'a purge by time and status removes what both match and counts it',
    alone: true,
    run: async (host) => {
      const { instanceId: done } = await host.run('returns', { value: 1 });
      const { instanceId: failed } = await host.run('throwsItself');
      const still = await host.start('waitsForEvent');
      await host.until(still, ({ runtimeStatus }) => runtimeStatus === 'Running');
      const { createdTime } = await host.status(failed);
      const from = encodeURIComponent(createdTime);
      const query = `createdTimeFrom=${from}&runtimeStatus=Failed`;
      const purged = await host.durable('DELETE', `/instances?${query}`);
      expect(purged.status).toBe(200);
      const { instancesDeleted } = (await purged.json()) as { instancesDeleted: number };
      expect(instancesDeleted).toBeGreaterThanOrEqual(1);
      expect((await host.durable('GET', `/instances/${failed}`)).status).toBe(404);
      expect((await host.status(done)).runtimeStatus).toBe('Completed');
      expect((await host.status(still)).runtimeStatus).toBe('Running');
      await host.act(still, 'terminate');
    },
  },
];
