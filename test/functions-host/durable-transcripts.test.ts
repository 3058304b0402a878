import pLimit from 'p-limit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { normalise, sortBatches } from './support/normalise.ts';
import { readTranscripts, type Transcript } from './support/transcript.ts';
import { TranscriptRunner } from './support/transcript-runner.ts';

const DAY_MS = 24 * 3600 * 1000;
const transcripts = readTranscripts();
// These two were recorded with timers of at most 2 s in one piece and pieces of 1 s.
const isLong = (t: Transcript) => t.case.startsWith('longTimer');
// Which completions share a batch was left to chance when this one was recorded.
const FREE_BATCHES = new Set(['fan30']);

interface View {
  episodes: Record<string, { history: string[]; played: string; answer: unknown }[]>;
}

/** The answer's schema version is the only thing that a newer extension changes. */
function withSchema3(answer: unknown): unknown {
  return JSON.parse(JSON.stringify(answer).replaceAll('"schemaVersion":2', '"schemaVersion":3'));
}

function episodesView(
  lists: Map<string, Transcript['episodes']>,
  unstable: boolean,
): View['episodes'] {
  const views = [...lists].map(([id, list]) => {
    const view = list.map(({ n, isReplaying, history, played, answer }) => ({
      ...{ n, isReplaying, played },
      history: unstable ? sortBatches(history) : history,
      answer: withSchema3(answer),
    }));
    return [id, view] as const;
  });
  return Object.fromEntries(views.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function expectedView(t: Transcript) {
  const { final, children, lastCommit, activityRuns } = t;
  const snapshots = t.snapshots.map(({ runtimeStatus, customStatus }) => ({
    ...{ runtimeStatus, customStatus },
  }));
  const statuses = t.operations.slice(1).map((operation) => operation.status);
  const end = { final, children, activityRuns, snapshots, statuses };
  if (FREE_BATCHES.has(t.case)) return normalise(end);
  const lists = Map.groupBy(t.episodes, (episode) => episode.instanceId);
  return normalise({ episodes: episodesView(lists, isUnstable(t)), ...end, lastCommit });
}

function isUnstable(t: Transcript): boolean {
  return t.unstable !== undefined || t.case === 'nulResults';
}

async function ownView(host: TranscriptRunner, t: Transcript) {
  const { snapshots, statuses } = await host.run(t);
  const { runtimeStatus, output, customStatus, httpStatus } = await host.status(t.instanceId);
  const ids = host.instanceIds(t.instanceId, host.executionId(t.instanceId));
  const children: Record<string, unknown> = {};
  for (const id of ids.filter((other) => other !== t.instanceId).sort()) {
    const child = await host.status(id);
    children[id] = { s: child.runtimeStatus, o: child.output };
  }
  const final = { runtimeStatus, output, customStatus, httpStatus };
  const activityRuns = host.activityRuns(ids);
  const end = { final, children, activityRuns, snapshots, statuses };
  if (FREE_BATCHES.has(t.case)) return normalise(end);
  const lists = new Map(ids.map((id) => [id, host.episodesOf(id)]));
  const lastCommit = { status: runtimeStatus, history: host.commitLines(t.instanceId) };
  return normalise({ episodes: episodesView(lists, isUnstable(t)), ...end, lastCommit });
}

// With no history kept in memory every episode starts from the store, as after a restart.
describe.each([
  ['with histories kept in memory', 500],
  ['with histories read from the store each time', 0],
])('the engine behaves as the genuine one was recorded, %s', (_, keptSessions) => {
  // Cases mostly wait; run beside each other they take seconds instead of minutes.
  const limit = pLimit(20);
  const runners: TranscriptRunner[] = [];
  const ownViews = new Map<string, Promise<unknown>>();

  beforeAll(async () => {
    const start = async (list: Transcript[], short: number, interval: number) => {
      const runner = await TranscriptRunner.start(list, { keptSessions, short, interval });
      runners.push(runner);
      for (const t of list) {
        const view = limit(() => ownView(runner, t));
        view.catch(() => undefined);
        ownViews.set(t.case, view);
      }
    };
    await start(transcripts.filter(isLong), 2000, 1000);
    await start(
      transcripts.filter((t) => !isLong(t)),
      6 * DAY_MS,
      3 * DAY_MS,
    );
  });

  afterAll(async () => {
    for (const runner of runners) await runner.stop();
  });

  test('all 112 recordings are here', () => {
    expect(transcripts.length).toBe(112);
  });

  test.each(transcripts.map((t) => [t.case, t] as const))('%s', async (_name, t) => {
    expect(await ownViews.get(t.case)).toEqual(expectedView(t));
  });
});
