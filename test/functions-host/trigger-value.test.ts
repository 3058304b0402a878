import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventTypeName } from '../../local/functions-host/durable/history.ts';
import { normalise } from './support/normalise.ts';
import { readFixture, type Transcript } from './support/transcript.ts';
import { type OwnEpisode, TranscriptRunner } from './support/transcript-runner.ts';

const CASES = [
  ...['subOk', 'suspendResume', 'terminate', 'anyEventWins', 'actFailCaught', 'subFailCaught'],
  ...['timer', 'canEventLoop'],
];
const DAY_MS = 24 * 3600 * 1000;

interface FullTranscript {
  episodes: { instanceId: string; n: number; trigger: Record<string, unknown> }[];
}

const transcripts = CASES.map((name) => readFixture(`${name}.json`) as Transcript);
let runner: TranscriptRunner;

beforeAll(async () => {
  const limits = { short: 6 * DAY_MS, interval: 3 * DAY_MS, keptSessions: 0 };
  runner = await TranscriptRunner.start(transcripts, limits);
});

afterAll(() => runner.stop());

/** Event types by name; times only as present, because how they coincide is left to chance. */
function comparable(trigger: unknown): unknown {
  const text = JSON.stringify(normalise(trigger)).replace(/<t\d+>/g, '<t>');
  return JSON.parse(text) as unknown;
}

function ownTrigger({ trigger }: OwnEpisode): unknown {
  const history = trigger.history.map(({ EventType, ...event }) => ({
    type: eventTypeName(EventType),
    ...event,
  }));
  return { ...trigger, history };
}

describe('the trigger value is the genuine one, member for member', () => {
  test.each(transcripts.map((t) => [t.case, t] as const))('%s', async (name, transcript) => {
    await runner.run(transcript);
    const { episodes } = readFixture(`full/${name}.json`) as FullTranscript;
    for (const { instanceId, n, trigger } of episodes) {
      const own = runner.episodesOf(instanceId)[n - 1];
      if (!own) throw new Error(`no episode ${n} of ${instanceId}`);
      const expected = { ...trigger, upperSchemaVersionNew: 3 };
      expect(comparable(ownTrigger(own)), `episode ${n} of ${instanceId}`).toEqual(
        comparable(expected),
      );
    }
  });
});
