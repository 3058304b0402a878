// What the host has answered with 202 or 200 is in the task hub: kill -9 right after the answer
// loses none of it and doubles none of it.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { seededRandom } from '../../local/functions-host/durable/chaos.ts';
import { HostUnderTest } from './conformance/host-under-test.ts';
import { HostProcess } from './support/host-process.ts';

// Each round starts a process; on a machine busy with other things a start takes seconds.
vi.setConfig({ testTimeout: 180_000 });

const ROUNDS = 3;
const EVENTS = 3;
let local: HostProcess;
let host: HostUnderTest;

beforeAll(async () => {
  local = await HostProcess.create({
    app: join(import.meta.dirname, 'conformance-app'),
    environment: { CONFORMANCE_HUB: 'Acknowledged', CONFORMANCE_SCHEDULE: '0 0 0 1 1 *' },
    arguments: ['--quiet'],
  });
  expect(await local.start()).toBe(true);
  host = new HostUnderTest(local.url);
});

afterAll(() => local.signal('SIGKILL'));

/** What was acknowledged in all rounds, by id. */
const acknowledged = {
  events: new Map<string, number[]>(),
  terminated: new Set<string>(),
  suspended: new Set<string>(),
  purged: new Set<string>(),
  sequences: new Set<string>(),
};

let answers = 0;
let enough = { count: Number.POSITIVE_INFINITY, reached: () => {} };

/** A promise that is kept at the very moment of the `count`th answer from now on. */
function afterAnswers(count: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  enough = { count: answers + count, reached: resolve };
  return promise;
}

async function accepted(answer: Promise<Response>): Promise<boolean> {
  try {
    const { status } = await answer;
    answers += 1;
    if (answers === enough.count) enough.reached();
    return status === 202 || status === 200;
  } catch {
    return false;
  }
}

function begin(name: string, id: string, input: unknown): Promise<boolean> {
  return accepted(host.durable('POST', `/orchestrators/${name}/${id}`, input));
}

async function raiseSome(id: string): Promise<void> {
  if (!(await begin('waitsThreeTimes', id, {}))) return;
  const raised: number[] = [];
  acknowledged.events.set(id, raised);
  for (let n = 1; n <= EVENTS; n++) {
    if (!(await accepted(host.raise(id, 'go', n)))) return;
    raised.push(n);
  }
}

async function actOn(id: string, verb: 'terminate' | 'suspend', into: Set<string>): Promise<void> {
  if (!(await begin('waitsForEvent', id, {}))) return;
  if (await accepted(host.act(id, verb, 'before the kill'))) into.add(id);
}

async function purge(id: string): Promise<void> {
  if (!(await begin('returns', id, { value: 1 }))) return;
  if (await accepted(host.durable('DELETE', `/instances/${id}`))) acknowledged.purged.add(id);
}

async function sequence(id: string): Promise<void> {
  if (await begin('longSequence', id, { steps: 20 })) acknowledged.sequences.add(id);
}

function work(round: number): Promise<unknown> {
  const id = (kind: string, n: number) => `${kind}-${round}-${n}`;
  return Promise.all(
    [1, 2, 3, 4].flatMap((n) => [
      raiseSome(id('events', n)),
      actOn(id('terminated', n), 'terminate', acknowledged.terminated),
      actOn(id('suspended', n), 'suspend', acknowledged.suspended),
      purge(id('purged', n)),
      sequence(id('sequence', n)),
    ]),
  );
}

describe('what was answered before kill -9', () => {
  test('is still true after the next start', async () => {
    const seed = Date.now() % 1_000_000;
    console.log(`kills with seed ${seed}`);
    const random = seededRandom(seed);
    for (let round = 0; round < ROUNDS; round++) {
      const killTime = afterAnswers(15 + Math.floor(random() * 25));
      const working = work(round);
      await killTime;
      await local.signal('SIGKILL');
      await working;
      expect(await local.start()).toBe(true);
    }
    const counts = Object.entries(acknowledged).map(([kind, set]) => `${kind} ${set.size}`);
    console.log(`acknowledged: ${counts.join(', ')}`);
    expect(acknowledged.sequences.size).toBeGreaterThan(0);
    for (const id of acknowledged.sequences) expect((await host.finished(id)).output).toBe(380);
  });

  test('events come once, in their order, and none is missing', async () => {
    for (const [id, raised] of acknowledged.events) {
      // One that got through although its answer did not may stand where the next one would.
      for (let n = raised.length + 1; n <= EVENTS; n++) await host.raise(id, 'go', n);
      const { output } = await host.finished(id);
      expect((output as number[]).slice(0, raised.length), id).toEqual(raised);
    }
  });

  test('terminated, suspended and purged instances are so', async () => {
    for (const id of acknowledged.terminated) {
      const { runtimeStatus, output } = await host.finished(id);
      expect([runtimeStatus, output], id).toEqual(['Terminated', 'before the kill']);
    }
    for (const id of acknowledged.suspended) {
      await host.until(id, ({ runtimeStatus }) => runtimeStatus === 'Suspended');
    }
    for (const id of acknowledged.purged) {
      expect((await host.durable('GET', `/instances/${id}`)).status, id).toBe(404);
    }
  });
});
