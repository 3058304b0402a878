import { expect } from 'vitest';
import type { ConformanceCase } from './conformance-case.ts';
import type { HostUnderTest, InstanceStatus } from './host-under-test.ts';

const IS_RUNNING = ({ runtimeStatus }: InstanceStatus) => runtimeStatus === 'Running';

function post(host: HostUnderTest, path: string, body?: unknown) {
  const text = body === undefined ? null : JSON.stringify(body);
  return host.fetch(path, { method: 'POST', body: text });
}

async function threw(response: Promise<Response>): Promise<string> {
  const answer = await response;
  expect(answer.status).toBe(599);
  return ((await answer.json()) as { threw: string }).threw;
}

/** The durable client of the SDK, inside functions. */
export const clientCases: readonly ConformanceCase[] = [
  {
    name: 'a check-status response is 202 with links that work from outside',
    run: async (host) => {
      const id = host.id('check');
      const response = await post(host, `/api/start/waitsForEvent/${id}`, { a: 1 });
      expect(response.status).toBe(202);
      const links = (await response.json()) as Record<string, string>;
      expect(response.headers.get('location')).toBe(links['statusQueryGetUri']);
      expect(links['statusQueryGetUri']?.startsWith(host.baseUrl)).toBe(true);
      await host.until(id, ({ customStatus }) => customStatus !== null);
      const url = links['sendEventPostUri']?.replace('{eventName}', 'go') ?? '';
      const headers = { 'content-type': 'application/json' };
      expect((await fetch(url, { method: 'POST', headers, body: '"by link"' })).status).toBe(202);
      expect((await host.finished(id)).output).toEqual({ event: 'by link' });
    },
  },
  {
    name: 'waiting for completion answers with the output',
    run: async (host) => {
      const path = `/api/startAndWait/sequence/${host.id('wait')}`;
      const response = await post(host, path, {});
      expect([response.status, await response.json()]).toEqual([200, ['a', 'b', 'c']]);
    },
  },
  {
    name: 'waiting too long answers 202 with links',
    run: async (host) => {
      const id = host.id('wait-long');
      const response = await post(host, `/api/startAndWait/waitsForEvent/${id}?ms=200`, {});
      expect(response.status).toBe(202);
      expect(((await response.json()) as { id: string }).id).toBe(id);
      await host.act(id, 'terminate');
    },
  },
  {
    name: 'the management payload holds the links, rewind included',
    run: async (host) => {
      const id = host.id('payload');
      const payload = await host.json<Record<string, string>>(`/api/payload/${id}`);
      expect(payload['id']).toBe(id);
      expect(Object.keys(payload).sort()).toEqual(
        [
          'id',
          'purgeHistoryDeleteUri',
          'restartPostUri',
          'resumePostUri',
          'rewindPostUri',
          'sendEventPostUri',
          'statusQueryGetUri',
          'suspendPostUri',
          'terminatePostUri',
        ].filter((name) => name in payload),
      );
      expect(payload['rewindPostUri']).toContain(`/instances/${id}/rewind`);
    },
  },
  {
    name: 'the client raises an event and reads the status',
    run: async (host) => {
      const id = await host.start('waitsForEvent', { a: 'ž' });
      expect((await post(host, `/api/raise/${id}/go`, { n: 1 })).status).toBe(204);
      await host.finished(id);
      const status = await host.json(`/api/status/${id}`);
      expect(status).toMatchObject({
        instanceId: id,
        runtimeStatus: 'Completed',
        input: { a: 'ž' },
        output: { event: { n: 1 } },
      });
    },
  },
  {
    name: 'the client suspends, resumes and terminates',
    run: async (host) => {
      const id = await host.start('waitsForEvent');
      await host.until(id, IS_RUNNING);
      expect((await post(host, `/api/act/suspend/${id}`)).status).toBe(204);
      await host.until(id, ({ runtimeStatus }) => runtimeStatus === 'Suspended');
      expect((await post(host, `/api/act/resume/${id}`)).status).toBe(204);
      await host.until(id, IS_RUNNING);
      expect((await post(host, `/api/act/terminate/${id}?reason=over`)).status).toBe(204);
      expect((await host.finished(id)).output).toBe('over');
    },
  },
  {
    name: 'the client is told that an instance is not there',
    run: async (host) => {
      const id = host.id('nobody');
      expect(await threw(post(host, `/api/raise/${id}/go`, 1))).toContain(id);
      expect(await threw(post(host, `/api/act/terminate/${id}`))).toContain(id);
      expect(await threw(host.fetch(`/api/status/${id}`))).toContain(id);
    },
  },
  {
    name: 'acting on a finished instance is silently fine, rewinding it throws',
    run: async (host) => {
      const { instanceId } = await host.run('returns', { value: 1 });
      expect((await post(host, `/api/raise/${instanceId}/go`, 1)).status).toBe(204);
      expect((await post(host, `/api/act/terminate/${instanceId}`)).status).toBe(204);
      expect(await threw(post(host, `/api/act/rewind/${instanceId}`))).toContain('410');
    },
  },
  {
    name: 'an event without a payload throws in the client',
    run: async (host) => {
      const id = await host.start('waitsForEvent');
      await host.until(id, IS_RUNNING);
      expect(await threw(post(host, `/api/raise/${id}/go`))).toContain('400');
      await host.act(id, 'terminate');
    },
  },
  {
    name: 'the client starts an unknown orchestrator in vain',
    run: async (host) => {
      expect(await threw(post(host, `/api/start/noSuch/${host.id('n')}`, 1))).toContain("'noSuch'");
    },
  },
  {
    name: 'the client starts a running id again in vain',
    run: async (host) => {
      const id = await host.start('waitsForEvent');
      await host.until(id, IS_RUNNING);
      expect(await threw(post(host, `/api/start/returns/${id}`, 1))).toContain('already exists');
      await host.act(id, 'terminate');
    },
  },
  {
    name: 'the client purges a finished instance',
    run: async (host) => {
      const { instanceId } = await host.run('returns', { value: 1 });
      const response = await post(host, `/api/purge/${instanceId}`);
      expect(await response.json()).toEqual({ instancesDeleted: 1 });
      expect((await host.durable('GET', `/instances/${instanceId}`)).status).toBe(404);
    },
  },
  {
    name: 'the client lists instances by status',
    run: async (host) => {
      const { instanceId } = await host.run('throwsItself');
      const listed = await host.json<InstanceStatus[]>('/api/list?states=Failed');
      const ids = listed.map((status) => status.instanceId);
      expect(ids).toContain(instanceId);
      expect(new Set(listed.map(({ runtimeStatus }) => runtimeStatus))).toEqual(
        new Set(['Failed']),
      );
    },
  },
  {
    name: 'five starts of one id at once in one function make one instance',
    localOnly: 'starting is not atomic across callers with Azure Storage',
    run: async (host) => {
      const id = host.id('quintuplets');
      const response = await post(host, `/api/startTwice/waitsForEvent/${id}`);
      const outcomes = (await response.json()) as string[];
      expect(outcomes.filter((outcome) => outcome === 'fulfilled')).toHaveLength(1);
      await host.act(id, 'terminate');
    },
  },
];
