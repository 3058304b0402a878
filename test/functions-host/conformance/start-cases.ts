import { expect } from 'vitest';
import type { ConformanceCase } from './conformance-case.ts';
import type { HostUnderTest, InstanceStatus } from './host-under-test.ts';

const IS_RUNNING = ({ runtimeStatus }: InstanceStatus) => runtimeStatus === 'Running';

async function waiting(host: HostUnderTest): Promise<string> {
  const id = await host.start('waitsForEvent', { a: 1 });
  await host.until(id, ({ customStatus, runtimeStatus }) => {
    return runtimeStatus === 'Running' && customStatus !== null;
  });
  return id;
}

async function completed(host: HostUnderTest): Promise<string> {
  return (await host.run('returns', { value: 'done' })).instanceId;
}

async function emptyAnswer(response: Response | Promise<Response>, status: number) {
  const answer = await response;
  expect([answer.status, await answer.text()]).toEqual([status, '']);
}

async function refusal(response: Response | Promise<Response>, status: number) {
  const answer = await response;
  expect(answer.status).toBe(status);
  return (await answer.json()) as { Message: string; ExceptionMessage?: string };
}

/** Starting instances through the durable extension's own HTTP API. */
export const startCases: readonly ConformanceCase[] = [
  {
    name: 'a start answers 202 with the links of the new instance',
    run: async (host) => {
      const id = host.id('links');
      const response = await host.durable('POST', `/orchestrators/returns/${id}`, { value: 1 });
      expect(response.status).toBe(202);
      expect(response.headers.get('retry-after')).toBe('10');
      const links = (await response.json()) as Record<string, string>;
      expect(links['id']).toBe(id);
      expect(response.headers.get('location')).toBe(links['statusQueryGetUri']);
      for (const name of ['sendEvent', 'terminate', 'restart', 'suspend', 'resume']) {
        expect(links[`${name}PostUri`]).toContain(`/instances/${id}/`);
      }
      expect(links['purgeHistoryDeleteUri']).toContain(`/instances/${id}`);
      expect((await fetch(links['statusQueryGetUri'] ?? '')).status).toBeLessThan(203);
    },
  },
  {
    name: 'a start without an id invents one, another each time',
    run: async (host) => {
      const ids = [];
      for (let n = 0; n < 2; n++) {
        const response = await host.durable('POST', '/orchestrators/returnsNothing');
        expect(response.status).toBe(202);
        ids.push(((await response.json()) as { id: string }).id);
      }
      expect(ids[0]).toMatch(/^[0-9a-f]{32}$/);
      expect(ids[0]).not.toBe(ids[1]);
    },
  },
  {
    name: 'a start of an unknown orchestrator is 400 and names the known ones',
    run: async (host) => {
      const response = host.durable('POST', `/orchestrators/noSuch/${host.id('no')}`, 'null');
      const { Message, ExceptionMessage } = await refusal(response, 400);
      expect(Message).toBe('One or more of the arguments submitted is incorrect');
      expect(ExceptionMessage).toContain("The function 'noSuch' doesn't exist");
      expect(ExceptionMessage).toContain("'sequence'");
    },
  },
  {
    name: 'a start of an activity as an orchestrator is 400',
    run: async (host) => {
      await refusal(host.durable('POST', `/orchestrators/double/${host.id('act')}`, '1'), 400);
    },
  },
  {
    name: 'a start with a body that is not JSON is 400 and starts nothing',
    run: async (host) => {
      const id = host.id('bad-json');
      const response = host.durable('POST', `/orchestrators/returns/${id}`, '{nope');
      expect((await refusal(response, 400)).Message).toBe('Invalid JSON content');
      await emptyAnswer(host.durable('GET', `/instances/${id}`), 404);
    },
  },
  {
    name: 'an id with a backslash, # ? or a control character, or of more than 256, is refused',
    run: async (host) => {
      for (const bad of ['a\\b', 'a#b', 'a?b', 'a\tb', 'x'.repeat(257)]) {
        const path = `/orchestrators/returns/${encodeURIComponent(bad)}`;
        await refusal(host.durable('POST', path, '1'), 400);
      }
      const id = host.id('long-').padEnd(256, 'x');
      await host.start('returns', { value: 1 }, id);
      expect((await host.finished(id)).instanceId).toBe(id);
    },
  },
  {
    name: 'an id that begins with @ is refused',
    run: async (host) => {
      await refusal(host.durable('POST', '/orchestrators/returns/%40x', '1'), 400);
    },
  },
  {
    name: 'a start under the id of a running instance is refused and leaves that one alone',
    run: async (host) => {
      const id = await waiting(host);
      const response = host.durable('POST', `/orchestrators/returns/${id}`, { value: 2 });
      const { ExceptionMessage } = await refusal(response, 500);
      expect(ExceptionMessage).toContain('already exists');
      expect(await host.status(id)).toMatchObject({ name: 'waitsForEvent', input: { a: 1 } });
      await host.act(id, 'terminate');
    },
  },
  {
    name: 'a start under the id of a finished instance begins a new one',
    run: async (host) => {
      const id = await completed(host);
      await host.start('returns', { value: 'again' }, id);
      const status = await host.until(id, ({ output }) => output === 'again');
      expect(status.input).toEqual({ value: 'again' });
    },
  },
  {
    name: 'a start under the id of a terminated instance begins a new one',
    run: async (host) => {
      const id = await waiting(host);
      await host.act(id, 'terminate', 'first');
      await host.finished(id);
      await host.start('returns', { value: 'second life' }, id);
      expect((await host.until(id, ({ output }) => output !== 'first')).instanceId).toBe(id);
    },
  },
  {
    name: 'an orchestrator is found in any case and shown as it was typed',
    run: async (host) => {
      const status = await host.run('RETURNS', { value: 1 });
      expect(status).toMatchObject({ name: 'RETURNS', output: 1 });
    },
  },
  {
    name: 'a restart runs the same input again, under a new id or the old one',
    run: async (host) => {
      const id = await completed(host);
      const fresh = await host.durable('POST', `/instances/${id}/restart`);
      expect(fresh.status).toBe(202);
      const { id: freshId } = (await fresh.json()) as { id: string };
      expect(freshId).not.toBe(id);
      expect((await host.finished(freshId)).output).toBe('done');
      const path = `/instances/${id}/restart?restartWithNewInstanceId=false`;
      const same = await host.durable('POST', path);
      expect(((await same.json()) as { id: string }).id).toBe(id);
      expect((await host.finished(id)).output).toBe('done');
    },
  },
  {
    name: 'a restart of an unknown instance is 400',
    run: async (host) => {
      await refusal(host.act(host.id('nobody'), 'restart'), 400);
    },
  },
  {
    name: 'create and wait answers 200 with the bare output',
    run: async (host) => {
      const path = `/orchestrators/returns/${host.id('cw')}?timeout=20&pollingInterval=1`;
      const response = await host.durable('POST', path, { value: { x: 3 } });
      expect([response.status, await response.json()]).toEqual([200, { x: 3 }]);
    },
  },
  {
    name: 'create and wait answers 202 with links when time is up',
    run: async (host) => {
      const id = host.id('cw-late');
      const path = `/orchestrators/waitsForEvent/${id}?timeout=1&pollingInterval=1`;
      const response = await host.durable('POST', path, {});
      expect(response.status).toBe(202);
      expect(((await response.json()) as { id: string }).id).toBe(id);
      await host.act(id, 'terminate');
    },
  },
  {
    name: 'create and wait answers 200 with the status of a failure',
    run: async (host) => {
      const path = `/orchestrators/throwsItself/${host.id('cw-bad')}?timeout=20&pollingInterval=1`;
      const response = await host.durable('POST', path, {});
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({ runtimeStatus: 'Failed' });
    },
  },
  {
    name: 'two starts of one id at once make one instance',
    countsRuns: true,
    localOnly: 'starting is not atomic across callers with Azure Storage',
    run: async (host) => {
      const key = host.id('twins');
      const path = `/orchestrators/suspendable/${key}`;
      const both = [1, 2, 3, 4].map(() => host.durable('POST', path, { key }));
      const answers = (await Promise.all(both)).map(({ status }) => status).sort();
      expect(answers).toEqual([202, 500, 500, 500]);
      await host.until(key, IS_RUNNING);
      await host.raise(key, 'go', 'once');
      await host.finished(key);
      expect(await host.counter(key)).toBe(1);
    },
  },
];
