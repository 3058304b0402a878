// Search results equal a filter over the truth, for random logs and random questions.
import { describe, expect, it } from 'vitest';
import type { SearchRequest } from '../../shared/log-backup/search-context.ts';
import type { SearchFilters } from '../../shared/log-backup/search-filters.ts';
import type { LogSource } from '../../shared/model/log-source.ts';
import { newFastFolder, openFolder } from '../support/log-stores.ts';
import { searchAll } from '../support/search-all.ts';
import {
  expected,
  hourTime,
  numbersOf,
  randomRecord,
  SearchScene,
  sceneSources,
  type TrueRecord,
} from '../support/search-scene.ts';

const HOURS = 6;
const seeds = Array.from(
  { length: 3 },
  (_, place) => Number(process.env['SEARCH_SEED'] ?? 1) + place,
);

type Pick = (below: number) => number;

interface Act {
  readonly hour: number;
  readonly number: number;
}

/** First reads of one or two hours, then sweeps with late and with changed records. */
async function randomScene(pick: Pick): Promise<SearchScene> {
  const scene = new SearchScene(openFolder(await newFastFolder()));
  for (const source of sceneSources) {
    const acts: Act[] = [];
    for (let from = 0; from < HOURS; ) {
      const to = Math.min(HOURS, from + 1 + pick(2));
      const own = actsOf(from, to, pick);
      acts.push(...own);
      // a page may show a record twice, changed in between
      const again = own.slice(0, pick(3));
      await scene.window(
        source,
        [from, to],
        [
          ...own.map(({ hour, number }) => randomRecord(source, hour, number, pick)),
          ...again.map(({ hour, number }) => randomRecord(source, hour, number, pick, 1)),
        ],
      );
      from = to;
    }
    for (let sweep = 1; sweep < 3; sweep += 1) {
      await scene.window(source, [0, HOURS], sweepOf(source, sweep, acts, pick), sweep);
    }
  }
  return scene;
}

function actsOf(from: number, to: number, pick: Pick): Act[] {
  const hours = Array.from({ length: to - from }, (_, place) => from + place);
  return hours.flatMap((hour) =>
    Array.from({ length: pick(30) }, (_, number) => ({ hour, number })),
  );
}

function sweepOf(source: LogSource, sweep: number, acts: readonly Act[], pick: Pick) {
  const late = Array.from({ length: pick(8) }, (_, place) =>
    randomRecord(source, pick(HOURS), 100 * sweep + place, pick),
  );
  const changed = Array.from({ length: pick(12) }, () => acts[pick(acts.length)]).flatMap((act) =>
    act === undefined ? [] : [randomRecord(source, act.hour, act.number, pick, sweep + 1)],
  );
  return [...late, ...changed];
}

function randomCase(value: string, pick: Pick): string {
  return pick(2) === 0 ? value : pick(2) === 0 ? value.toUpperCase() : value.toLowerCase();
}

/** Mostly the members of a record that exists, so that something is found. */
function randomFilters(record: TrueRecord | undefined, pick: Pick): SearchFilters {
  const filters: Record<string, string> = {};
  for (const kind of ['actor', 'target', 'application', 'address', 'correlation'] as const) {
    const values = record?.[kind] ?? [];
    const value = values[pick(Math.max(1, values.length))];
    if (value !== undefined && pick(4) === 0) filters[kind] = randomCase(value, pick);
  }
  if (pick(4) === 0) filters['result'] = record?.result ?? 'failure';
  if (pick(6) === 0 && record?.errorCode !== undefined) filters['errorCode'] = record.errorCode;
  const text = ['second FACTOR', 'näher', 'teams'][pick(3)] ?? '';
  if (pick(3) === 0) filters['text'] = randomCase(text, pick);
  return filters as SearchFilters;
}

function randomRequest(truth: readonly TrueRecord[], pick: Pick): SearchRequest {
  const ends = [pick(10 * HOURS) / 10, pick(10 * HOURS) / 10].sort((one, other) => one - other);
  const [from = 0, to = 0] = pick(3) === 0 ? [0, HOURS] : ends;
  return {
    sources: pick(2) === 0 ? [...sceneSources] : [sceneSources[pick(3)] ?? 'signIns'],
    from: hourTime(from),
    to: hourTime(Math.min(HOURS, to + 0.001)),
    filters: randomFilters(truth[pick(truth.length)], pick),
    versions: pick(3) === 0 ? 'all' : 'newest',
  };
}

describe('search in logs', () => {
  it.each(seeds)('finds what a filter over the truth finds, seed %i', async (seed) => {
    const pick = numbersOf(seed);
    const scene = await randomScene(pick);
    let found = 0;
    for (let question = 0; question < 25; question += 1) {
      const request = randomRequest(scene.truth, pick);
      const wanted = expected(scene.truth, request);
      const limits = pick(2) === 0 ? {} : { records: 4 + pick(40), bytes: 4000 + pick(20_000) };
      const answer = await searchAll(scene.context(), request, limits);
      const where = `seed ${seed}, question ${question}: ${JSON.stringify(request)}`;
      expect(answer.times, where).toEqual(wanted.map(({ time }) => time));
      const texts = wanted.map(({ text }) => text);
      expect([...answer.texts].sort(), where).toEqual([...texts].sort());
      expect(answer.defects, where).toEqual([]);
      expect(answer.complete, where).toBe(true);
      found += wanted.length;
    }
    expect(found).toBeGreaterThan(50);
  });
});
