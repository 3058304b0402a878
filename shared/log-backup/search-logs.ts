// Searches the logs of a tenant in one repository, hour by hour and in the order of time, within a
// budget: it reads the manifests about an hour, asks the indexes, and looks only into the frames they
// name. What cannot be read is named and never left out in silence.
import { BackupError } from '../errors/backup-error.ts';
import type { LogSource } from '../model/log-source.ts';
import { earlierTime, HOUR, type LogTime, msOfTime, timeOfMs } from './log-time.ts';
import type {
  FoundRecord,
  SearchAnswer,
  SearchContext,
  SearchLimits,
  SearchPosition,
  SearchRequest,
} from './search-context.ts';
import { termsOf } from './search-filters.ts';
import { type HourSearch, type PreparedHour, prepareHour } from './search-hour.ts';
import { ChainLinks } from './search-links.ts';
import { SearchNotes } from './search-notes.ts';
import { ChainSection } from './search-section.ts';
import { SmallestRecords } from './smallest-records.ts';

/** Hours that are prepared while one is searched: stores are far away. */
const HOURS_AHEAD = 6;
const FRAMES_AHEAD = 2;
/** A time is a key as well: it lies before the keys of all records at that time. */
const timeOf = (key: string): LogTime => key.slice(0, 28);

/** How far a search has come: always a state that can be answered. */
class Progress {
  readonly records: FoundRecord[] = [];
  readonly notes = new SearchNotes();
  after: string;
  isAtEnd = false;

  constructor(after: string) {
    this.after = after;
  }

  emit(records: readonly FoundRecord[], after: string): void {
    this.records.push(...records);
    this.after = after;
  }
}

/**
 * One answer of a search; `position`: where the one before ended. A defect of a segment, index or
 * manifest is in the answer. Throws the errors of the store and `keyUnavailable`, and
 * `logStoreUnavailable` when within the time nothing was found out.
 */
export async function searchLogs(
  context: SearchContext,
  request: SearchRequest,
  limits: SearchLimits,
  position?: SearchPosition,
): Promise<SearchAnswer> {
  const progress = new Progress(position?.after ?? request.from);
  const through = new Map(Object.entries(position?.through ?? {}));
  const started = context.clock.now().getTime();
  const deadline = started + limits.softMs;
  const run = new SearchRun(context, request, { limits, progress, through, deadline });
  const isIntime = await withinTime(context, run.toEnd(), limits.hardMs);
  const hasMoved = progress.after !== (position?.after ?? request.from);
  if (!isIntime && !hasMoved) {
    const message = `${context.store.description} did not answer within ${limits.hardMs} ms`;
    throw new BackupError('logStoreUnavailable', message);
  }
  return answerOf(progress, request, through, position?.isWhole ?? true);
}

function answerOf(
  progress: Progress,
  request: SearchRequest,
  through: ReadonlyMap<string, number>,
  wasWhole: boolean,
): SearchAnswer {
  const { records, notes, after, isAtEnd } = progress;
  const isWhole = wasWhole && notes.isWhole;
  const rest = { defects: [...notes.defects], gaps: [...notes.gaps], records: [...records] };
  if (isAtEnd) return { ...rest, scannedThrough: request.to, complete: isWhole };
  const next = { after, isWhole, through: Object.fromEntries(through) };
  return { ...rest, scannedThrough: timeOf(after), complete: false, next };
}

/** False when the time was over first; what still runs then ends at its own next step. */
async function withinTime(
  { clock }: SearchContext,
  work: Promise<void>,
  milliseconds: number,
): Promise<boolean> {
  const over = new AbortController();
  const timer = clock.sleep(milliseconds, over.signal).then(
    () => false,
    () => false,
  );
  try {
    return await Promise.race([work.then(() => true), timer]);
  } finally {
    over.abort();
    work.catch(() => undefined);
  }
}

interface RunState {
  readonly limits: SearchLimits;
  readonly progress: Progress;
  /** Filled in with what is newest now, for the pages that follow. */
  readonly through: Map<string, number>;
  readonly deadline: number;
}

class SearchRun {
  readonly #context: SearchContext;
  readonly #request: SearchRequest;
  readonly #state: RunState;

  constructor(context: SearchContext, request: SearchRequest, state: RunState) {
    this.#context = context;
    this.#request = request;
    this.#state = state;
  }

  async toEnd(): Promise<void> {
    const { progress } = this.#state;
    const sections = await this.#openSections(timeOf(progress.after));
    const search = { context: this.#context, request: this.#request, sections };
    for await (const [hour, prepared] of this.#hours(search)) {
      const isDone = await this.#searchHour(hour, prepared);
      progress.notes.add(prepared.notes);
      if (!isDone) return;
    }
    progress.isAtEnd = true;
  }

  async #openSections(from: LogTime): Promise<Map<LogSource, ChainSection>> {
    const { tenant } = this.#context;
    const { through } = this.#state;
    const opened = await Promise.all(
      this.#request.sources.map(async (source) => {
        const links = new ChainLinks(this.#context, { tenant, source });
        const known = through.get(source);
        const section = await ChainSection.open(this.#context, links, from, known);
        return [source, section] as const;
      }),
    );
    for (const [source, section] of opened) through.set(source, section.through);
    return new Map(opened);
  }

  /** The hours that are left, some prepared ahead when only few frames of each are wanted. */
  async *#hours(search: HourSearch): AsyncGenerator<readonly [number, PreparedHour]> {
    const from = timeOf(this.#state.progress.after);
    const end = msOfTime(this.#request.to);
    const isSelective = termsOf(this.#request.filters).length > 0;
    const waiting: { hour: number; prepared: Promise<PreparedHour> }[] = [];
    let next = Math.floor(msOfTime(from) / HOUR) * HOUR;
    for (;;) {
      const isFull = waiting.length >= (isSelective ? HOURS_AHEAD : 1);
      if (!isFull && isBefore(next, end, this.#request.to)) {
        const prepared = prepareHour(search, next, from).then((hour) => {
          if (isSelective) startScans(hour);
          return hour;
        });
        // an error is heard when its turn comes
        prepared.catch(() => undefined);
        waiting.push({ hour: next, prepared });
        next += HOUR;
        continue;
      }
      const first = waiting.shift();
      if (first === undefined) return;
      yield [first.hour, await first.prepared];
    }
  }

  /** False when the answer ends within or behind this hour. */
  async #searchHour(hour: number, { frames }: PreparedHour): Promise<boolean> {
    const { progress, limits, deadline } = this.#state;
    const wanted = new SmallestRecords(limits.records - progress.records.length);
    for (const [place, frame] of frames.entries()) {
      if (wanted.isFull && frame.minTime > timeOf(wanted.lastKey)) break;
      const isLate = this.#context.clock.now().getTime() >= deadline;
      // frames begin in this order: nothing before this one's first record is still to come
      if (isLate && frame.minTime > timeOf(progress.after)) {
        return this.#emit(wanted.before(frame.minTime), frame.minTime);
      }
      if (!wanted.isFull) frames[place + 1]?.scan().catch(() => undefined);
      const found = await frame.scan();
      wanted.add(found.filter(({ key }) => key > progress.after));
    }
    const end = earlierTime(this.#request.to, timeOfMs(hour + HOUR));
    const records = wanted.sorted();
    return this.#emit(records, wanted.isFull ? (records.at(-1)?.key ?? end) : end, true);
  }

  /** Answers as many as there is room for; false when the answer ends here. */
  #emit(records: readonly FoundRecord[], after: string, isHour = false): boolean {
    const { progress, limits, deadline } = this.#state;
    let bytes = progress.records.reduce((sum, { line }) => sum + line.length, 0);
    const room = records.findIndex(({ line }) => {
      bytes += line.length;
      return bytes >= limits.bytes;
    });
    const isCut = room >= 0 && room < records.length - 1;
    const shown = isCut ? records.slice(0, room + 1) : records;
    progress.emit(shown, isCut ? (shown.at(-1)?.key ?? after) : after);
    const isFull = progress.records.length >= limits.records || bytes >= limits.bytes;
    return isHour && !isFull && this.#context.clock.now().getTime() < deadline;
  }
}

function startScans({ frames }: PreparedHour): void {
  for (const frame of frames.slice(0, FRAMES_AHEAD)) frame.scan().catch(() => undefined);
}

/** The end may lie less than a millisecond behind the beginning of its hour. */
function isBefore(hour: number, end: number, to: LogTime): boolean {
  return hour < end || timeOfMs(hour) < to;
}
