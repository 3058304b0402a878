import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { app } from '@azure/functions';
import * as df from 'durable-functions';

interface Step {
  run: string;
  step: string;
  ms?: number;
}

const effects = process.env['EFFECTS_FILE'];

/** Dies as by `kill -9`, once for each name; the file remembers across restarts. */
function dieOnce(name: string): void {
  const marker = `${effects}.${name}`;
  if (!process.env['DIE_AT']?.split(',').includes(name) || existsSync(marker)) return;
  writeFileSync(marker, '');
  process.kill(process.pid, 'SIGKILL');
}

df.app.activity('step', {
  handler: async ({ run, step, ms = 5 }: Step) => {
    dieOnce(`before-${step}`);
    await sleep(ms);
    if (effects) appendFileSync(effects, `${run} ${step}\n`);
    dieOnce(`after-${step}`);
    return { step };
  },
});

df.app.activity('payload', {
  handler: ({ bytes }: { bytes: number; text?: string }) => 'x'.repeat(bytes),
});

function* half(context: df.OrchestrationContext): Generator<df.Task, unknown, { step: string }> {
  const { run, from } = context.df.getInput<{ run: string; from: number }>();
  const steps: string[] = [];
  for (let i = from; i < from + 3; i++) {
    steps.push((yield context.df.callActivity('step', { run, step: `s${i}` })).step);
  }
  return steps;
}

df.app.orchestration('half', half);

/** Every kind of step once, so that a kill may hit any of them. */
df.app.orchestration('journey', function* (context) {
  const { run, round } = context.df.getInput<{ run: string; round: number }>();
  const { df: durable } = context;
  dieOnce(`episode-start-${round}`);
  const first: unknown = yield durable.callActivity('step', { run, step: `a${round}` });
  dieOnce(`episode-middle-${round}`);
  yield durable.createTimer(new Date(durable.currentUtcDateTime.getTime() + 60));
  const fan: unknown = yield durable.Task.all(
    [1, 2, 3, 4].map((i) =>
      durable.callActivity('step', { run, step: `f${round}.${i}`, ms: 5 * i }),
    ),
  );
  const child: unknown = yield durable.callSubOrchestrator(
    'half',
    { run, from: round * 10 },
    `${durable.instanceId}:half${round}`,
  );
  durable.setCustomStatus({ round });
  if (round < 3) {
    durable.continueAsNew({ run, round: round + 1 });
    return undefined;
  }
  const signal: unknown = yield durable.waitForExternalEvent('finish');
  return { first, fan, child, signal };
});

df.app.orchestration('sequence', function* (context) {
  let sum = 0;
  const { n } = context.df.getInput<{ n: number }>();
  for (let i = 0; i < n; i++) {
    const value = (yield context.df.callActivity('number', { i })) as number;
    sum += value;
  }
  return sum;
});

df.app.orchestration('fan', function* (context) {
  const { n } = context.df.getInput<{ n: number }>();
  const tasks = Array.from({ length: n }, (_, i) => context.df.callActivity('number', { i }));
  const values = (yield context.df.Task.all(tasks)) as number[];
  return values.reduce((sum, value) => sum + value, 0);
});

df.app.activity('number', { handler: ({ i }: { i: number }) => i });

df.app.orchestration('oversize', function* (context) {
  const { input, output } = context.df.getInput<{ input: number; output: number }>();
  try {
    const text = (yield context.df.callActivity('payload', {
      bytes: output,
      text: 'y'.repeat(input),
    })) as string;
    return text.length;
  } catch (error) {
    return (error as Error).message.split('\n')[0];
  }
});

app.http('startAndWait', {
  methods: ['POST'],
  route: 'run/{name}/{id}',
  extraInputs: [df.input.durableClient()],
  handler: async (request, context) => {
    const client = df.getClient(context);
    const { name = '', id = '' } = request.params;
    await client.startNew(name, { instanceId: id, input: await request.json() });
    dieOnce('after-start');
    return client.createCheckStatusResponse(request, id);
  },
});
