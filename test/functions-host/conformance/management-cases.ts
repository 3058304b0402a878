import { expect } from 'vitest';
import type { ConformanceCase } from './conformance-case.ts';
import type { HostUnderTest, InstanceStatus } from './host-under-test.ts';

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

/** Asking and acting through the durable extension's own HTTP API. */
export const managementCases: readonly ConformanceCase[] = [
  {
    name: 'instance ids are case-sensitive',
    run: async (host) => {
      const id = await completed(host);
      await emptyAnswer(host.durable('GET', `/instances/${id.toUpperCase()}`), 404);
    },
  },
  {
    name: 'ids with blanks, colons and other letters work',
    run: async (host) => {
      const id = `${host.id('a b:c ž')}`;
      const path = encodeURIComponent(id);
      const response = await host.durable('POST', `/orchestrators/returns/${path}`, { value: 1 });
      expect(response.status).toBe(202);
      expect(((await response.json()) as { id: string }).id).toBe(id);
      expect((await host.finished(path)).instanceId).toBe(id);
    },
  },
  {
    name: 'the status of a running instance is 202 with a place to ask again',
    run: async (host) => {
      const id = await waiting(host);
      const response = await host.durable('GET', `/instances/${id}`);
      expect(response.status).toBe(202);
      expect(response.headers.get('location')).toContain(`/instances/${id}`);
      expect(response.headers.get('retry-after')).toBe('5');
      const status = (await response.json()) as InstanceStatus;
      expect(status).toMatchObject({
        name: 'waitsForEvent',
        instanceId: id,
        runtimeStatus: 'Running',
        input: { a: 1 },
        customStatus: { waiting: true },
        output: null,
      });
      for (const time of [status.createdTime, status.lastUpdatedTime]) {
        expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      }
      expect(status.historyEvents).toBeUndefined();
      await host.act(id, 'terminate');
    },
  },
  {
    name: 'the status of a finished instance is 200',
    run: async (host) => {
      const response = await host.durable('GET', `/instances/${await completed(host)}`);
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({ runtimeStatus: 'Completed', output: 'done' });
    },
  },
  {
    name: 'the status of a failed instance is 200, or 500 when asked so',
    run: async (host) => {
      const { instanceId } = await host.run('throwsItself');
      const path = `/instances/${instanceId}`;
      expect((await host.durable('GET', path)).status).toBe(200);
      const query = '?returnInternalServerErrorOnFailure=true';
      expect((await host.durable('GET', `${path}${query}`)).status).toBe(500);
    },
  },
  {
    name: 'the status of an unknown instance is 404 without a body',
    run: (host) => emptyAnswer(host.durable('GET', `/instances/${host.id('nobody')}`), 404),
  },
  {
    name: 'events, suspend, resume and terminate of an unknown instance are 404',
    run: async (host) => {
      const id = host.id('nobody');
      await emptyAnswer(host.raise(id, 'go', 1), 404);
      for (const verb of ['suspend', 'resume', 'terminate', 'rewind']) {
        await emptyAnswer(host.act(id, verb), 404);
      }
    },
  },
  {
    name: 'events, suspend, resume, terminate and rewind of a finished instance are 410',
    run: async (host) => {
      const id = await completed(host);
      await emptyAnswer(host.raise(id, 'go', 1), 410);
      for (const verb of ['suspend', 'resume', 'terminate', 'rewind']) {
        await emptyAnswer(host.act(id, verb), 410);
      }
      expect((await host.status(id)).output).toBe('done');
    },
  },
  {
    name: 'an event without a JSON body is 400 and not delivered',
    run: async (host) => {
      const id = await waiting(host);
      const path = `/instances/${id}/raiseEvent/go`;
      await refusal(host.durable('POST', path), 400);
      await refusal(host.durable('POST', path, '{bad'), 400);
      await refusal(host.durable('POST', path, 'text', { 'content-type': 'text/plain' }), 400);
      await refusal(host.durable('POST', path, ''), 400);
      expect((await host.stillAfter(id, 300)).runtimeStatus).toBe('Running');
      await host.act(id, 'terminate');
    },
  },
  {
    name: 'suspending a suspended and resuming a running instance are refused',
    run: async (host) => {
      const id = await waiting(host);
      const running = await refusal(host.act(id, 'resume'), 500);
      expect(running.ExceptionMessage).toContain('is in the Running state');
      await host.act(id, 'suspend');
      await host.until(id, ({ runtimeStatus }) => runtimeStatus === 'Suspended');
      const suspended = await refusal(host.act(id, 'suspend'), 500);
      expect(suspended.ExceptionMessage).toContain('is in the Suspended state');
      await host.act(id, 'terminate');
    },
  },
  {
    name: 'rewinding a running instance is refused',
    run: async (host) => {
      const id = await waiting(host);
      await refusal(host.act(id, 'rewind'), 500);
      await host.act(id, 'terminate');
    },
  },
  {
    name: 'an unknown operation and another verb are 404',
    run: async (host) => {
      const id = await completed(host);
      expect((await host.act(id, 'dance')).status).toBe(404);
      expect((await host.durable('PUT', `/instances/${id}`, '1')).status).toBe(404);
    },
  },
];
