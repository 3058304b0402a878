import { isBackupError } from '../errors/backup-error.ts';
import type { Term } from '../log-repository/index-blocks.ts';
import type { Segment } from '../log-repository/segment-reader.ts';
import type { LogSource } from '../model/log-source.ts';
import { earlierTime, HOUR, type LogTime, laterTime, parseLogTime, timeOfMs } from './log-time.ts';
import type { FoundRecord, SearchContext, SearchRequest } from './search-context.ts';
import { type RecordMatcher, recordMatcher, termsOf } from './search-filters.ts';
import { SearchNotes } from './search-notes.ts';
import type { ChainSection, NamedSegment } from './search-section.ts';
import { HourVersions } from './search-versions.ts';

/** A frame that may hold records of the answer; `scan` reads it, once. */
export interface HourFrame {
  readonly minTime: LogTime;
  scan(): Promise<readonly FoundRecord[]>;
}

export interface PreparedHour {
  /** By the time of their first record. */
  readonly frames: readonly HourFrame[];
  readonly notes: SearchNotes;
}

export interface HourSearch {
  readonly context: SearchContext;
  readonly request: SearchRequest;
  readonly sections: ReadonlyMap<LogSource, ChainSection>;
}

/** One chain in one hour. */
interface Part extends HourSearch {
  readonly source: LogSource;
  readonly section: ChainSection;
  readonly hour: string;
  /** The part of the hour that was asked for; the end is not included. */
  readonly range: { readonly from: LogTime; readonly to: LogTime };
  readonly notes: SearchNotes;
  readonly matches: RecordMatcher;
  readonly terms: readonly Term[];
}

/**
 * Finds the frames of an hour (milliseconds) that may hold records after `from`: opens the indexes of
 * its segments and the ends of those segments that are left. Throws the errors of the store and
 * `keyUnavailable`; what is defective is noted.
 */
export async function prepareHour(
  search: HourSearch,
  hour: number,
  from: LogTime,
): Promise<PreparedHour> {
  const { request, sections } = search;
  const notes = new SearchNotes();
  const range = {
    from: laterTime(from, timeOfMs(hour)),
    to: earlierTime(request.to, timeOfMs(hour + HOUR)),
  };
  const found = await Promise.all(
    [...sections].map(async ([source, section]) => {
      await section.reach(hour);
      const part: Part = {
        ...{ ...search, source, section, range, notes, hour: timeOfMs(hour).slice(0, 13) },
        matches: recordMatcher(source, request.filters),
        terms: termsOf(request.filters),
      };
      noteStatements(part, hour);
      return await prepareChain(part);
    }),
  );
  const frames = found.flat().sort((one, other) => (one.minTime < other.minTime ? -1 : 1));
  return { frames, notes };
}

function noteStatements({ section, source, hour, range, notes }: Part, start: number): void {
  for (const gap of section.gapsOf(range)) notes.gap({ source, ...gap });
  for (const { name, code } of section.badOf(start)) {
    notes.bad({ source, name, hour, effect: 'notSearched', code });
  }
}

async function prepareChain(part: Part): Promise<HourFrame[]> {
  const { section, context, source, hour } = part;
  const segments = await section.segmentsOf(hour);
  const versions = new HourVersions(context, source, segments);
  const frames = await Promise.all(
    segments.map(async (named, place) => await prepareSegment(part, named, place, versions)),
  );
  return frames.flat();
}

async function prepareSegment(
  part: Part,
  named: NamedSegment,
  place: number,
  versions: HourVersions,
): Promise<HourFrame[]> {
  const { range, context } = part;
  const { holding } = named;
  if (paddedTime(holding.maxTime) < range.from || paddedTime(holding.minTime) >= range.to) {
    return [];
  }
  const wanted = await framesByIndex(part, named);
  if (wanted?.size === 0) return [];
  const { store, keys, parts } = context;
  const segment = await tolerated(part, named, 'notSearched', holding.name, async () =>
    parts.openSegment(store, holding.name, keys, holding),
  );
  if (segment === undefined) return [];
  return [...segment.footer.frames.entries()].flatMap(([frame, { minTime, maxTime }]) => {
    const first = paddedTime(minTime ?? holding.minTime);
    const last = paddedTime(maxTime ?? holding.maxTime);
    const isOutside = last < range.from || first >= range.to;
    if (isOutside || wanted?.has(frame) === false) return [];
    let scanned: Promise<readonly FoundRecord[]> | undefined;
    const scan = () => (scanned ??= scanFrame(part, named, segment, { place, frame, versions }));
    return [{ minTime: laterTime(first, range.from), scan }];
  });
}

/** Frames in which all wanted values may occur; undefined: any. */
async function framesByIndex(
  part: Part,
  named: NamedSegment,
): Promise<ReadonlySet<number> | undefined> {
  const { terms, context } = part;
  if (terms.length === 0) return undefined;
  const { store, keys, parts } = context;
  const { holding } = named;
  return await tolerated(part, named, 'searchedWithoutIndex', holding.index.name, async () => {
    const index = await parts.openIndex(store, holding.index.name, keys, parts.namedIndex(holding));
    const lists = await Promise.all(terms.map(async (term) => await index.framesOf(term)));
    const [first = [], ...others] = lists;
    return new Set(first.filter((frame) => others.every((list) => list.includes(frame))));
  });
}

interface FramePlace {
  readonly place: number;
  readonly frame: number;
  readonly versions: HourVersions;
}

async function scanFrame(
  part: Part,
  named: NamedSegment,
  segment: Segment,
  at: FramePlace,
): Promise<readonly FoundRecord[]> {
  const { frame } = at;
  const scan = async () => await foundIn(part, await segment.readLines(frame), at);
  return (await tolerated(part, named, 'notSearched', segment.name, scan, frame)) ?? [];
}

async function foundIn(
  { matches, range, context, request, source }: Part,
  lines: readonly Buffer[],
  { place, frame, versions }: FramePlace,
): Promise<FoundRecord[]> {
  const found: FoundRecord[] = [];
  for (const [number, line] of lines.entries()) {
    const record = matches(line);
    if (record === undefined || record.time < range.from || record.time >= range.to) continue;
    const digest = context.parts.recordDigest(record.id, line);
    const at = { segment: place, frame, line: number };
    const isSuperseded = await versions.isSuperseded(record.id, digest, at);
    if (isSuperseded && request.versions === 'newest') continue;
    const key = `${record.time} ${source} ${digest.toString('hex')}`;
    // a copy, so that the frame can go
    found.push({ key, source, time: record.time, line: Buffer.from(line), isSuperseded });
  }
  return found;
}

/** Runs `act`; what is defective is noted, or stated as removed when the retention let it go. */
async function tolerated<Result>(
  { context, section, notes, source, hour, range }: Part,
  { number }: NamedSegment,
  effect: 'notSearched' | 'searchedWithoutIndex',
  name: string,
  act: () => Promise<Result>,
  frame?: number,
): Promise<Result | undefined> {
  try {
    return await act();
  } catch (error) {
    const code = defectCode(error, context);
    if (code === undefined) throw error;
    if (code === 'logBlobMissing' && (await section.isRemoved(number))) {
      notes.gap({ source, ...range, kind: 'removed' });
      return undefined;
    }
    notes.bad({ source, name, hour, effect, code, ...(frame === undefined ? {} : { frame }) });
    return undefined;
  }
}

/** Undefined: the error is none of the data. */
function defectCode(error: unknown, { parts }: SearchContext): string | undefined {
  if (!isBackupError(error)) return undefined;
  // a record that cannot be read is damage of what holds it
  if (error.code === 'graphBadAnswer') return 'containerDamaged';
  return parts.isContainerDefect(error) ? error.code : undefined;
}

function paddedTime(time: string): LogTime {
  return parseLogTime(time) ?? time;
}
