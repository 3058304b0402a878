import type { ChainLink } from '../log-repository/chain.ts';
import type { Manifest, ManifestSegment } from '../log-repository/manifest.ts';
import { type Interval, uncovered, withInterval, within } from './intervals.ts';
import { DAY, HOUR, type LogTime, parseLogTime, timeOfMs } from './log-time.ts';
import type { SearchContext, SearchGap } from './search-context.ts';
import { type BadLink, type ChainLinks, firstSince, isLink, writtenAt } from './search-links.ts';
import type { Gap } from './source-state.ts';

/** A segment that a window names, and what a repair has put in its place. */
export interface NamedSegment {
  readonly number: number;
  /** As the window names it. */
  readonly name: string;
  readonly holding: ManifestSegment;
  /** Records beyond the first content of an id. */
  readonly changed: number;
}

/** Clocks of writers differ by less. */
const SKEW = HOUR;
/** Records can be read for 30 days: a manifest about an hour is written within this time. */
const LATE = 35 * DAY;
const AHEAD = 32;

interface BadRange extends BadLink {
  /** Hours that it may have been about, in milliseconds. */
  readonly since: number;
  until: number;
}

/**
 * The part of a chain that says what an hour holds: from the first manifest that was written after
 * it, as far as records of it may have come, and on until a manifest has said how the hour was read.
 */
export class ChainSection {
  /** The newest manifest that counts. */
  readonly through: number;
  readonly #context: SearchContext;
  readonly #links: ChainLinks;
  readonly #first: number;
  #next: number;
  #last: ChainLink | undefined;
  /** In milliseconds: nothing is stated about the time before, or it is removed. */
  #begin = 0;
  #covered: Interval[] = [];
  readonly #gaps: Gap[] = [];
  readonly #segments = new Map<string, { number: number; segment: ManifestSegment }[]>();
  readonly #bad: BadRange[] = [];
  readonly #replaced: ReturnType<SearchContext['parts']['replacedSegments']>;
  readonly #days = new Map<string, Promise<ReadonlyMap<string, ReadonlySet<number>>>>();
  #turn: Promise<void> = Promise.resolve();
  #removedThrough: Promise<number> | undefined;

  private constructor(
    context: SearchContext,
    links: ChainLinks,
    numbers: { readonly first: number; readonly next: number; readonly through: number },
  ) {
    this.#context = context;
    this.#links = links;
    this.#first = numbers.first;
    this.#next = numbers.next;
    this.through = numbers.through;
    this.#replaced = context.parts.replacedSegments();
  }

  /** `through`: the newest manifest that counts; by default the newest there is. */
  static async open(
    context: SearchContext,
    links: ChainLinks,
    from: LogTime,
    through?: number,
  ): Promise<ChainSection> {
    const bounds = await links.bounds();
    const { first, last } = bounds ?? { first: 1, last: 0 };
    const end = Math.min(through ?? last, last);
    const since = Date.parse(from.slice(0, 13).concat(':00:00Z')) - SKEW;
    const next = await firstSince(links, { first, last: end }, since);
    const numbers = { first, next, through: through ?? last };
    const section = new ChainSection(context, links, numbers);
    section.#begin = await beginOf(links, first);
    return section;
  }

  /** Reads on until everything about the hour (in milliseconds) is known. */
  async reach(hour: number): Promise<void> {
    const turn = this.#turn.then(async () => {
      while (this.#next <= this.through && !this.#isReached(hour)) await this.#readOn();
    });
    this.#turn = turn;
    await turn;
  }

  /** What windows up to `through` name in the hour; call `reach` before. */
  async segmentsOf(hour: string): Promise<NamedSegment[]> {
    const named = this.#segments.get(hour) ?? [];
    if (named.length > 0) await this.#seeRepairs(hour);
    return named.map(({ number, segment }) => ({
      number,
      name: segment.name,
      holding: this.#replaced.holding(segment),
      changed: segment.changed,
    }));
  }

  /** Manifests that may have named something in the hour and cannot be read. */
  badOf(hour: number): readonly BadLink[] {
    return this.#bad.filter(({ since, until }) => hour + HOUR >= since && hour <= until);
  }

  /** Parts of the range without their records, as far as manifests state it. */
  gapsOf(range: Interval): Omit<SearchGap, 'source'>[] {
    const stated = this.#gaps.flatMap(({ reason, ...gap }) =>
      within(range, [gap]).map((part) => ({ ...part, kind: 'gap' as const, reason })),
    );
    const isBefore = this.#first > 1 && Date.parse(`${range.from.slice(0, 19)}Z`) < this.#begin;
    const kind = isBefore ? ('removed' as const) : ('notRead' as const);
    return [...stated, ...uncovered(range, this.#covered).map((part) => ({ ...part, kind }))];
  }

  /**
   * Whether a checkpoint has let this manifest go, and what only it names. Removal begins with the
   * oldest: only of the first one there is may parts be missing.
   */
  async isRemoved(number: number): Promise<boolean> {
    const { first } = (await this.#links.bounds()) ?? { first: number + 1 };
    if (number !== first) return number < first;
    this.#removedThrough ??= newestCheckpoint(this.#links);
    return number <= (await this.#removedThrough);
  }

  #isReached(hour: number): boolean {
    const end = hour + HOUR;
    if (this.#last === undefined || writtenAt(this.#last) <= end + LATE) return false;
    const range = { from: timeOfMs(hour), to: timeOfMs(end) };
    return end <= this.#begin || uncovered(range, this.#covered).length === 0;
  }

  async #readOn(): Promise<void> {
    const end = Math.min(this.#next + AHEAD - 1, this.through);
    const numbers = Array.from({ length: end - this.#next + 1 }, (_, place) => this.#next + place);
    const read = await Promise.all(numbers.map(async (number) => await this.#links.read(number)));
    for (const each of read) this.#see(each);
    this.#next = end + 1;
  }

  #see(read: ChainLink | BadLink): void {
    if (!isLink(read)) {
      this.#addBad(read);
      return;
    }
    const written = writtenAt(read);
    for (const bad of this.#bad) bad.until = Math.min(bad.until, written);
    const last = this.#last;
    if (last?.number === read.number - 1 && last.sha256 !== read.manifest.previous) {
      const name = this.#context.parts.manifestName(this.#links.chain, read.number);
      this.#addBad({ number: read.number, name, code: 'chainBroken' });
    }
    this.#fold(read.manifest);
    this.#last = read;
  }

  #addBad(bad: BadLink): void {
    const since = this.#last === undefined ? 0 : writtenAt(this.#last) - LATE;
    this.#bad.push({ ...bad, since, until: Number.POSITIVE_INFINITY });
  }

  #fold(manifest: Manifest): void {
    const { kind, number, window, gap, segments } = manifest;
    this.#replaced.see(manifest);
    if (gap !== undefined) this.#gaps.push(gap);
    const read = gap ?? (window?.sweep === 0 ? window : undefined);
    if (read !== undefined) this.#covered = withInterval(this.#covered, normal(read));
    if (kind !== 'window') return;
    for (const segment of segments) {
      const named = this.#segments.get(segment.hour) ?? [];
      this.#segments.set(segment.hour, [...named, { number, segment }]);
    }
  }

  /** A repair may come years later; its segments lie beside those that they replace. */
  async #seeRepairs(hour: string): Promise<void> {
    const day = hour.slice(0, 10);
    const listed = this.#days.get(day) ?? this.#listDay(day);
    this.#days.set(day, listed);
    for (const number of (await listed).get(hour) ?? []) {
      const read = await this.#links.read(number);
      if (isLink(read)) this.#replaced.see(read.manifest);
    }
  }

  async #listDay(day: string): Promise<ReadonlyMap<string, ReadonlySet<number>>> {
    const { store, parts } = this.#context;
    const hours = new Map<string, Set<number>>();
    for await (const { name } of store.list(parts.timePrefix(this.#links.chain, day))) {
      const parsed = parts.parseLogName(name);
      if (parsed?.kind !== 'segment') continue;
      const numbers = hours.get(parsed.hour) ?? new Set();
      hours.set(parsed.hour, numbers.add(parsed.number));
    }
    return hours;
  }
}

/** Looks from the newest manifest backwards; 0 when nothing was ever removed. */
async function newestCheckpoint(links: ChainLinks): Promise<number> {
  const { first, last } = (await links.bounds()) ?? { first: 1, last: 0 };
  for (let end = last; end >= first; end -= AHEAD) {
    const length = Math.min(AHEAD, end - first + 1);
    const numbers = Array.from({ length }, (_, place) => end - place);
    const read = await Promise.all(numbers.map(async (number) => await links.read(number)));
    const newest = read.find((each) => isLink(each) && each.manifest.checkpoint !== undefined);
    if (newest !== undefined && isLink(newest)) {
      return newest.manifest.checkpoint?.removedThrough ?? 0;
    }
  }
  return 0;
}

/** Where statements begin: with the first window, or where the retention has removed up to. */
async function beginOf(links: ChainLinks, first: number): Promise<number> {
  const read = await links.read(first);
  if (!isLink(read)) return 0;
  const { window, gap } = read.manifest;
  const stated = first === 1 ? (window ?? gap) : undefined;
  return stated === undefined
    ? writtenAt(read)
    : Date.parse(normal(stated).from.slice(0, 23).concat('Z'));
}

/** Manifests hold times with fewer digits too. */
function normal({ from, to }: Interval): Interval {
  return { from: parseLogTime(from) ?? from, to: parseLogTime(to) ?? to };
}
