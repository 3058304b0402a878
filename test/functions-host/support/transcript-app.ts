import type { FunctionHandler, InvocationContext } from '@azure/functions';
import type { AutoClock } from './auto-clock.ts';
import type { Transcript } from './transcript.ts';

/** How often activities ran, by instance. */
export interface RunCounts {
  byInstance: Map<string, number>;
}

const KINDS: Record<string, unknown> = {
  int: 5,
  float: 1.5,
  str: 'abc',
  numstr: '123',
  jsonstr: '{"a":1}',
  bool: true,
  fals: false,
  arr: [1, 'x', null],
  obj: { a: { b: [1] } },
  date: new Date(0),
  datestr: '2020-01-02T03:04:05.678Z',
  datestr2: '2020-01-02T03:04:05+02:00',
  uni: 'žluťoučký 🐎 漢',
  zero: 0,
  empty: '',
  big: 9007199254740992,
  neg: -0.5,
  buf: Buffer.from('hi'),
  nested: { d: new Date(0), n: null },
};

class CustomError extends Error {}
CustomError.prototype.name = 'MyErr';

interface BoomInput {
  k: string;
  ms?: number;
  fails?: number;
}

// retryTimeout depends on how slow the recorded engine was: its second attempt came after 100 ms.
const LATENCY: Record<string, number> = { rt: 50 };

/** The activities that the recorded orchestrators call. */
function buildActivities(clock: AutoClock): Record<string, (input: never) => unknown> {
  const booms = new Map<string, number>();
  return {
    echo: (input: unknown) => input,
    nothing: () => undefined,
    nul: () => null,
    delay: async ({ ms, v }: { ms: number; v: unknown }) => {
      await clock.sleep(ms);
      return v;
    },
    boom: async ({ k, ms = 0, fails = Number.POSITIVE_INFINITY }: BoomInput) => {
      await clock.sleep(ms || (LATENCY[k] ?? 0));
      const count = (booms.get(k) ?? 0) + 1;
      booms.set(k, count);
      if (count <= fails) throw new Error(`kaboom ${count}`);
      return `ok after ${count}`;
    },
    throwStr: () => Promise.reject('just a string' as unknown as Error),
    throwCustom: () => {
      throw new CustomError('custom žluť 🐎\nsecond line');
    },
    kindOf: ({ k }: { k: string }) => KINDS[k],
    typeofInput: (value: unknown) => ({
      type: Array.isArray(value) ? 'array' : typeof value,
      value: value === undefined ? '(undefined)' : value,
    }),
    bigout: ({ n }: { n: number }) => 'o'.repeat(n),
  };
}

type Compile = (df: unknown, flip: (key: string) => number) => Record<string, never>;

/** Registers the orchestrators of all transcripts and the activities they call. */
export async function registerTranscriptApp(
  transcripts: Transcript[],
  counts: RunCounts,
  clock: AutoClock,
): Promise<void> {
  const df = await import('durable-functions');
  const flips = new Map<string, number>();
  const flip = (key: string) => {
    const count = flips.get(key) ?? 0;
    flips.set(key, count + 1);
    return count;
  };
  for (const [name, handler] of Object.entries(buildActivities(clock))) {
    const counted: FunctionHandler = (input: unknown, context: InvocationContext) => {
      clock.alive();
      const id = String(context.triggerMetadata?.['instanceId']);
      counts.byInstance.set(id, (counts.byInstance.get(id) ?? 0) + 1);
      return handler(input as never);
    };
    df.app.activity(name, { handler: counted });
  }
  const sources = new Map(transcripts.flatMap((t) => Object.entries(t.orchestrators)));
  for (const [name, source] of sources) {
    const compile = new Function('df', 'flip', `return { ${source} };`) as Compile;
    const handler = compile(df, flip)[name];
    if (handler) df.app.orchestration(name, handler);
  }
}
