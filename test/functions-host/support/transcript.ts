import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface RecordedEpisode {
  instanceId: string;
  n: number;
  isReplaying: boolean;
  history: string[];
  played: string;
  answer: unknown;
}

export interface Transcript {
  case: string;
  note: string;
  unstable?: string;
  orchestrators: Record<string, string>;
  main: string;
  instanceId: string;
  input?: unknown;
  operations: { op: string; status: number }[];
  final: { runtimeStatus: string; output: unknown; customStatus: unknown; httpStatus: number };
  children: Record<string, { s: string; o: unknown }>;
  snapshots: { at: string; runtimeStatus: string; customStatus: unknown }[];
  episodes: RecordedEpisode[];
  lastCommit: { status: string; history: string[] };
  activityRuns: number;
}

const directory = join(import.meta.dirname, '../fixtures/durable-transcripts');

export function readFixture(name: string): unknown {
  return JSON.parse(readFileSync(join(directory, name), 'utf8'));
}

export function readTranscripts(): Transcript[] {
  return readdirSync(directory)
    .filter((file) => file.endsWith('.json') && file !== 'http.json')
    .map((file) => readFixture(file) as Transcript);
}

/** An operation of a transcript and the moment at which it was done. */
export interface PlannedOperation {
  verb: string;
  argument: string;
  payload: string | undefined;
  target: string;
  /** After how many answered episodes of the target. */
  after: number;
  status: number;
}

const EVENT_OF: Record<string, string> = {
  suspend: 'ExecutionSuspended',
  resume: 'ExecutionResumed',
  terminate: 'ExecutionTerminated',
};

/** Lines of an episode that were new in it; a carried event stands before OrchestratorCompleted. */
function newLines(episode: RecordedEpisode): string[] {
  const start = episode.history.lastIndexOf('OrchestratorStarted');
  const lines = episode.history.slice(start);
  return lines.includes('OrchestratorCompleted') ? [] : lines;
}

/** The recordings say in which episode an operation arrived; it is done right before that one. */
export function planOperations(transcript: Transcript): PlannedOperation[] {
  const seen = new Map<string, number>();
  return transcript.operations.slice(1).map(({ op, status }) => {
    const [, verb = '', rest = ''] = /^(\w+) ?(.*)$/s.exec(op) ?? [];
    const [, name = '', payload] = /^(\S+) ?(.*)$/s.exec(rest) ?? [];
    const raise = verb === 'raiseEvent';
    const line = raise ? `EventRaised ${name}` : (EVENT_OF[verb] ?? '');
    const skip = seen.get(line) ?? 0;
    seen.set(line, skip + 1);
    const arrivals = transcript.episodes.flatMap((episode) =>
      newLines(episode)
        .filter((l) => l === line)
        .map(() => ({ target: episode.instanceId, after: episode.n - 1 })),
    );
    const at = arrivals[skip] ?? { target: transcript.instanceId, after: 1 };
    return {
      verb,
      argument: raise ? name : rest,
      payload: raise ? payload : undefined,
      ...at,
      status,
    };
  });
}
