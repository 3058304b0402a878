import type { EpisodeRecord } from '../../../local/functions-host/durable/engine.ts';
import { EVENT, type HistoryEvent } from '../../../local/functions-host/durable/history.ts';
import { type FunctionsHost, startFunctionsHost } from '../../../local/functions-host/host.ts';
import { AutoClock } from './auto-clock.ts';
import { commitLine, historyLine } from './normalise.ts';
import { type PlannedOperation, planOperations, type Transcript } from './transcript.ts';
import { type RunCounts, registerTranscriptApp } from './transcript-app.ts';

export interface OwnEpisode {
  instanceId: string;
  n: number;
  isReplaying: boolean;
  history: string[];
  played: string;
  answer: unknown;
  /** The trigger value as the SDK got it, parsed. */
  trigger: TriggerValue;
}

interface TriggerValue {
  history: HistoryEvent[];
  isReplaying: boolean;
}

function answerView(answer: EpisodeRecord['answer']): unknown {
  if (answer.kind === 'failure') return { throws: answer.message };
  const { state, label } = answer;
  return label === undefined ? state : { throwsWithState: { label, state } };
}

/** When snapshots were taken: after that many episodes of the main instance. */
const SNAPSHOTS: Record<string, number[]> = {
  custStatus: [1, 2, 3],
  suspendActivity: [3],
  suspendResume: [2, 3],
};

const COMMIT_MS = 40;

/** A host with the orchestrators of all transcripts, and a log of every episode. */
export class TranscriptRunner {
  readonly #host: FunctionsHost;
  readonly #episodes = new Map<string, OwnEpisode[]>();
  readonly #counts: RunCounts;
  readonly #clock: AutoClock;
  #onEpisode: (() => void)[] = [];

  private constructor(host: FunctionsHost, counts: RunCounts, clock: AutoClock) {
    this.#host = host;
    this.#clock = clock;
    this.#counts = counts;
  }

  static async start(
    transcripts: Transcript[],
    limits: { short: number; interval: number; keptSessions: number },
  ) {
    const counts: RunCounts = { byInstance: new Map() };
    const clock = new AutoClock();
    let runner: TranscriptRunner | undefined;
    const host = await startFunctionsHost({
      directory: import.meta.dirname,
      port: 0,
      hub: ':memory:',
      log: () => {},
      register: () => registerTranscriptApp(transcripts, counts, clock),
      clock,
      settings: { hubName: 'RefHub', maxConcurrentActivities: 100, maxConcurrentOrchestrators: 50 },
      maxPayloadBytes: Number.POSITIVE_INFINITY,
      keptSessions: limits.keptSessions,
      limits: { maximumShortTimerMs: limits.short, longTimerIntervalMs: limits.interval },
      onEpisode: (episode) => runner?.record(episode),
    });
    runner = new TranscriptRunner(host, counts, clock);
    return runner;
  }

  get url(): string {
    return this.#host.url;
  }

  stop(): Promise<void> {
    this.#clock.stop();
    return this.#host.stop();
  }

  record(episode: EpisodeRecord): void {
    this.#clock.alive();
    const trigger = JSON.parse(episode.trigger) as TriggerValue;
    const list = this.#episodes.get(episode.instanceId) ?? [];
    list.push({
      instanceId: episode.instanceId,
      n: list.length + 1,
      isReplaying: trigger.isReplaying,
      history: trigger.history.map(historyLine),
      played: trigger.history.map((event) => Number(event.IsPlayed)).join(''),
      answer: answerView(episode.answer),
      trigger,
    });
    this.#episodes.set(episode.instanceId, list);
    for (const notify of this.#onEpisode) notify();
  }

  episodesOf(instanceId: string): OwnEpisode[] {
    return this.#episodes.get(instanceId) ?? [];
  }

  /** Ids this run used that begin like the main instance's or were generated below it. */
  instanceIds(mainId: string, executionId: string): string[] {
    return [...this.#episodes.keys()].filter(
      (id) => id === mainId || id.startsWith(`${mainId}:`) || id.startsWith(`${executionId}:`),
    );
  }

  async run(transcript: Transcript) {
    const { instanceId } = transcript;
    const planned = planOperations(transcript);
    const takesSnapshots = (SNAPSHOTS[transcript.case] ?? []).map(async (after) => {
      await this.#reached(instanceId, after);
      await this.#clock.sleep(COMMIT_MS / 4);
      const status = await this.status(instanceId);
      return { runtimeStatus: status.runtimeStatus, customStatus: status.customStatus };
    });
    const input = 'input' in transcript ? JSON.stringify(expand(transcript.input)) : null;
    this.#host.engine.startInstance({ name: transcript.main, instanceId, input });
    const operations = this.#operate(planned);
    await this.#ended(transcript);
    const statuses = await operations;
    return { snapshots: await Promise.all(takesSnapshots), statuses };
  }

  async status(instanceId: string) {
    const response = await fetch(
      `${this.url}/durabletask/instances/${encodeURIComponent(instanceId)}`,
    );
    const body = (await response.json()) as {
      runtimeStatus: string;
      output: unknown;
      customStatus: unknown;
    };
    return { ...body, httpStatus: response.status };
  }

  commitLines(instanceId: string): string[] {
    return this.#host.readHistory(instanceId).map(commitLine);
  }

  executionId(instanceId: string): string {
    const started = this.#host
      .readHistory(instanceId)
      .find((event) => event.EventType === EVENT.ExecutionStarted);
    return started?.OrchestrationInstance?.ExecutionId ?? '';
  }

  activityRuns(ids: string[]): number {
    return ids.reduce((sum, id) => sum + (this.#counts.byInstance.get(id) ?? 0), 0);
  }

  async #operate(planned: PlannedOperation[]): Promise<number[]> {
    const statuses: number[] = [];
    for (const operation of planned) {
      if (operation.after > 0) {
        await this.#reached(operation.target, operation.after);
        await this.#clock.sleep(COMMIT_MS);
      }
      statuses.push(await this.#perform(operation));
    }
    return statuses;
  }

  async #perform({ verb, argument, payload, target }: PlannedOperation): Promise<number> {
    if (verb === 'raiseEvent' && payload !== 'undefined') {
      const result = this.#host.engine.raiseEvent(target, argument, payload ?? '');
      return result === 'accepted' ? 202 : 410;
    }
    const instance = `${this.url}/durabletask/instances/${encodeURIComponent(target)}`;
    const query = argument ? `?reason=${encodeURIComponent(argument)}` : '';
    const url =
      verb === 'raiseEvent' ? `${instance}/raiseEvent/${argument}` : `${instance}/${verb}${query}`;
    return this.#clock.hold(async () => (await fetch(url, { method: 'POST' })).status);
  }

  #reached(instanceId: string, count: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const check = () => {
      if (this.episodesOf(instanceId).length < count) return;
      this.#onEpisode = this.#onEpisode.filter((entry) => entry !== check);
      resolve();
    };
    this.#onEpisode.push(check);
    check();
    return promise;
  }

  /** Until every instance has had as many episodes as recorded and all activities have ended. */
  async #ended(transcript: Transcript): Promise<void> {
    const expected = Map.groupBy(transcript.episodes, (episode) => episode.instanceId);
    const reached = [...expected].map(([id, list]) =>
      id.startsWith('<') ? this.#clock.sleep(500) : this.#reached(id, list.length),
    );
    await Promise.race([Promise.all(reached), this.#clock.sleep(20_000)]);
    // Late activities and episodes too many must have had their time to show.
    await this.#clock.sleep(2000);
  }
}

/** `<x*300000>` back to what it stands for. */
function expand(input: unknown): unknown {
  const [, letter = '', count] = /^<(.)\*(\d+)>$/.exec(String(input)) ?? [];
  return count === undefined ? input : letter.repeat(Number(count));
}
