import type { OrchestrationContext, Task } from 'durable-functions';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../local/functions-host/durable/chaos.ts';
import { type Df, finished, startClientHost } from './support/client-host.ts';

/** One step of a random orchestrator; `v` is what it must yield. */
type Step =
  | { op: 'activity'; v: number }
  | { op: 'retried'; v: number; failures: number; key: string }
  | { op: 'caught'; v: number }
  | { op: 'timer'; ms: number }
  | { op: 'all'; vs: number[] }
  | { op: 'race'; v: number }
  | { op: 'child'; steps: Step[] };

function randomSteps(random: () => number, depth: number, prefix: string): Step[] {
  const pick = (n: number) => Math.floor(random() * n);
  return Array.from({ length: 1 + pick(5) }, (_, i): Step => {
    const v = pick(1000);
    const key = `${prefix}.${i}`;
    const steps: Step[] = [
      { op: 'activity', v },
      { op: 'retried', v, failures: pick(3), key },
      { op: 'caught', v },
      { op: 'timer', ms: pick(20) },
      { op: 'all', vs: Array.from({ length: 1 + pick(6) }, () => pick(1000)) },
      { op: 'race', v },
    ];
    if (depth > 0 && random() < 0.2) {
      return { op: 'child', steps: randomSteps(random, depth - 1, key) };
    }
    return steps[pick(steps.length)] ?? { op: 'activity', v };
  });
}

/** What the steps must give, without any engine. */
function expected(steps: Step[]): unknown[] {
  return steps.map((step) => {
    if (step.op === 'timer') return 'timer';
    if (step.op === 'caught') return `caught ${step.v}`;
    if (step.op === 'all') return step.vs;
    return step.op === 'child' ? expected(step.steps) : step.v;
  });
}

function register(df: Df): void {
  const failed = new Map<string, number>();
  df.app.activity('value', { handler: ({ v }: { v: number }) => v });
  df.app.activity('fails', {
    handler: ({ v }: { v: number }) => {
      throw new Error(`no ${v}`);
    },
  });
  // Chaos may run an attempt twice, so at most `failures` attempts fail.
  df.app.activity('flaky', {
    handler: ({ v, failures, key }: { v: number; failures: number; key: string }) => {
      const count = failed.get(key) ?? 0;
      failed.set(key, count + 1);
      if (count < failures) throw new Error(`attempt ${count}`);
      return v;
    },
  });

  function* perform(c: OrchestrationContext, step: Step): Generator<Task, unknown, unknown> {
    const at = (ms: number) => new Date(c.df.currentUtcDateTime.getTime() + ms);
    switch (step.op) {
      case 'activity':
        return yield c.df.callActivity('value', { v: step.v });
      case 'retried':
        return yield c.df.callActivityWithRetry('flaky', new df.RetryOptions(5, 4), step);
      case 'caught':
        try {
          return yield c.df.callActivity('fails', { v: step.v });
        } catch (error) {
          return `caught ${/no (\d+)/.exec((error as Error).message)?.[1]}`;
        }
      case 'timer':
        yield c.df.createTimer(at(step.ms));
        return 'timer';
      case 'all':
        return yield c.df.Task.all(step.vs.map((v) => c.df.callActivity('value', { v })));
      case 'race': {
        const timer = c.df.createTimer(at(60_000));
        const work = c.df.callActivity('value', { v: step.v });
        yield c.df.Task.any([work, timer]);
        timer.cancel();
        return work.result;
      }
      case 'child':
        return yield c.df.callSubOrchestrator('program', { steps: step.steps });
    }
  }

  df.app.orchestration('program', function* (c) {
    const { steps } = c.df.getInput<{ steps: Step[] }>();
    const results: unknown[] = [];
    for (const step of steps) results.push(yield* perform(c, step));
    return results;
  });
}

describe('random orchestrators', () => {
  test.each([
    ['on a calm host', undefined, 500],
    ['with every history read from the store', undefined, 0],
    ['under chaos', Date.now() % 1_000_000, 3],
  ])('give what they must, %s', async (_, chaosSeed, keptSessions) => {
    const seed = Date.now() % 1_000_000;
    console.log(`programs with seed ${seed}, chaos ${chaosSeed}`);
    const random = seededRandom(seed);
    const { host, client } = await startClientHost(register, { chaosSeed, keptSessions });
    const programs = Array.from({ length: 25 }, (_p, i) => randomSteps(random, 2, String(i)));
    for (const [i, steps] of programs.entries()) {
      await client.startNew('program', { instanceId: `p${i}`, input: { steps } });
    }
    for (const [i, steps] of programs.entries()) {
      const status = await finished(client, `p${i}`);
      expect(status.output, JSON.stringify(steps)).toEqual(expected(steps));
    }
    await host.stop();
  });
});
