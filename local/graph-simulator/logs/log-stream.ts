// A seeded stream of records: what happened, when, and when the log shows it. Times and arrivals
// are computed per hour when they are first asked for; texts are rendered when they are sent, so
// that a million records take a few megabytes.
import { roll, share } from '../seed/dice.ts';
import { type LogSource, type LogVariant, logSources } from './log-source.ts';
import { createPopulation, type Population } from './population.ts';
import type { LogVersion, RecordBlock } from './record-block.ts';
import { RecordOverrides } from './record-overrides.ts';
import { idOfRecord, renderRecord } from './render-record.ts';
import { millisecondsPerHour, ticksOfMilliseconds, ticksPerMillisecond } from './ticks.ts';

export type LogStreamPlan = {
  readonly source: LogSource;
  /** Milliseconds since 1970: the first record is not before `from`, the last is before `to`. */
  readonly from: number;
  readonly to: number;
  /** Records in all, or so many an hour; an hour may lie in the future of the clock. */
  readonly records?: number;
  readonly perHour?: number;
  readonly seed?: number;
  readonly users?: number;
  readonly applications?: number;
  readonly addresses?: number;
  /** Bytes of a sign-in; 5,000 unless given. Other records have sizes of their own. */
  readonly bytes?: number;
  /** Names that break careless code; on unless given. */
  readonly nasty?: boolean;
  /** Records reach the log 20 s to this long after they happened; 4 min unless given. */
  readonly latencyMilliseconds?: number;
  /** Share of records that come later, evenly up to `latestHours` (48 unless given). */
  readonly lateShare?: number;
  readonly latestHours?: number;
  /** Share of records whose content changes, up to `changedWithinHours` after they arrived (24). */
  readonly changedShare?: number;
  readonly changedWithinHours?: number;
  /** Share of the changed records whose earlier content stays in the list beside the new one. */
  readonly keptShare?: number;
  /** Share of records that stand in the list twice. */
  readonly repeatedShare?: number;
  /** Share of records with the time of the record before; 0.02 unless given. */
  readonly equalTimeShare?: number;
  /** Share of records at a full minute, where windows begin and end; 0.01 unless given. */
  readonly fullMinuteShare?: number;
};

export type FullStreamPlan = Required<Omit<LogStreamPlan, 'perHour'>>;

/** Two sources with one seed must not have the same ids. */
export function seedOf(source: LogSource, seed: number): number {
  return roll(seed, draws.source, logSources.indexOf(source)) >>> 1;
}

const draws = {
  time: 60,
  equal: 61,
  minute: 62,
  latency: 63,
  late: 64,
  lateness: 65,
  source: 71,
} as const;
const changeDraws = { whether: 66, when: 67, twice: 68, kept: 69, repeated: 70 } as const;

export function completePlan(plan: LogStreamPlan): FullStreamPlan {
  const { perHour, ...given } = plan;
  const hours = (plan.to - plan.from) / millisecondsPerHour;
  const records = plan.records ?? Math.floor((perHour ?? 0) * hours);
  if (!logSources.includes(plan.source)) {
    throw new Error(`unknown log source ${plan.source}`);
  }
  if (!(hours > 0) || !Number.isInteger(records) || records < 0) {
    throw new Error('a log stream needs from < to and a whole number of records');
  }
  return {
    users: 500,
    applications: 60,
    addresses: 400,
    bytes: 5_000,
    nasty: true,
    latencyMilliseconds: 240_000,
    lateShare: 0,
    latestHours: 48,
    changedShare: 0,
    changedWithinHours: 24,
    keptShare: 0,
    repeatedShare: 0,
    equalTimeShare: 0.02,
    fullMinuteShare: 0.01,
    ...given,
    seed: seedOf(plan.source, plan.seed ?? 1),
    records,
  };
}

export class LogStream {
  readonly plan: FullStreamPlan;
  /** Blocks of one hour each, made when they are first asked for. */
  readonly #blocks = new Map<number, StreamBlock>();
  readonly #order: number;
  readonly population: Population;

  constructor(plan: LogStreamPlan, order: number) {
    this.plan = completePlan(plan);
    this.#order = order;
    this.population = createPopulation(this.plan);
  }

  get hours(): number {
    return Math.ceil((this.plan.to - this.plan.from) / millisecondsPerHour);
  }

  /** The blocks with records between these ticks, both ends included; oldest first. */
  blocksBetween(from: number, to: number): readonly StreamBlock[] {
    const start = ticksOfMilliseconds(this.plan.from);
    const width = millisecondsPerHour * ticksPerMillisecond;
    const first = Math.max(0, Math.floor((from - start) / width));
    const last = Math.min(this.hours - 1, Math.floor((to - start) / width));
    const blocks: StreamBlock[] = [];
    for (let hour = first; hour <= last; hour += 1) {
      blocks.push(this.block(hour));
    }
    return blocks;
  }

  block(hour: number): StreamBlock {
    const known = this.#blocks.get(hour);
    if (known !== undefined) {
      return known;
    }
    const made = new StreamBlock(this, hour, this.#order);
    this.#blocks.set(hour, made);
    return made;
  }

  /** Number of the first record of an hour: records are spread evenly. */
  firstOf(hour: number): number {
    const { from, to, records } = this.plan;
    const passed = Math.min(hour * millisecondsPerHour, to - from);
    return Math.floor((records * passed) / (to - from));
  }
}

/** The records of one hour of a stream, oldest first. */
export class StreamBlock implements RecordBlock {
  readonly stream: LogStream;
  readonly hour: number;
  readonly order: number;
  readonly first: number;
  readonly times: Float64Array;
  readonly arrivals: Float64Array;
  readonly overrides = new RecordOverrides();
  readonly #seededPlain: boolean;

  constructor(stream: LogStream, hour: number, order: number) {
    const { plan } = stream;
    this.stream = stream;
    this.hour = hour;
    this.order = order;
    this.first = stream.firstOf(hour);
    const count = stream.firstOf(hour + 1) - this.first;
    this.times = timesOf(plan, hour, this.first, count);
    this.arrivals = arrivalsOf(plan, this.first, this.times);
    this.#seededPlain = plan.changedShare === 0 && plan.repeatedShare === 0;
  }

  get isPlain(): boolean {
    return this.#seededPlain && this.overrides.isEmpty;
  }

  get count(): number {
    return this.times.length;
  }

  id(index: number): string {
    return idOfRecord(this.stream.plan, this.first + index);
  }

  text(index: number, version: number, variant: LogVariant): string {
    const { plan, population } = this.stream;
    const given = this.overrides.text(index, version);
    if (given !== undefined) {
      return given;
    }
    const number = this.first + index;
    return renderRecord(plan, population, number, this.times[index] ?? 0, version, variant);
  }

  copies(index: number): number {
    const { seed, repeatedShare } = this.stream.plan;
    const seeded = share(seed, changeDraws.repeated, this.first + index) < repeatedShare ? 2 : 1;
    return seeded + this.overrides.extraCopies(index);
  }

  versions(index: number): readonly LogVersion[] {
    return this.overrides.versions(index, this.#seededVersions(index));
  }

  #seededVersions(index: number): readonly LogVersion[] {
    const { seed, changedShare, changedWithinHours, keptShare } = this.stream.plan;
    const number = this.first + index;
    const arrival = this.arrivals[index] ?? 0;
    const versions: LogVersion[] = [{ number: 0, from: arrival, keepsOlder: false }];
    if (share(seed, changeDraws.whether, number) >= changedShare) {
      return versions;
    }
    const within = changedWithinHours * millisecondsPerHour;
    const keepsOlder = share(seed, changeDraws.kept, number) < keptShare;
    const after = 1_000 + Math.floor(share(seed, changeDraws.when, number) * (within - 1_000));
    versions.push({ number: 1, from: arrival + after, keepsOlder });
    if (roll(seed, changeDraws.twice, number) % 5 === 0) {
      const later = after + Math.floor((within - after) / 2) + 1;
      versions.push({ number: 2, from: arrival + later, keepsOlder });
    }
    return versions;
  }
}

function timesOf(plan: FullStreamPlan, hour: number, first: number, count: number): Float64Array {
  const start = plan.from + hour * millisecondsPerHour;
  const width = (Math.min(start + millisecondsPerHour, plan.to) - start) * ticksPerMillisecond;
  const base = ticksOfMilliseconds(start);
  const minute = 60_000 * ticksPerMillisecond;
  const times = new Float64Array(count);
  for (let index = 0; index < count; index += 1) {
    const number = first + index;
    // Two draws: one has too few bits for the ticks of an hour.
    const fine = roll(plan.seed, draws.time + 100, number) / 4_294_967_296;
    const share01 = (roll(plan.seed, draws.time, number) + fine) / 4_294_967_296;
    const drawn = base + Math.floor(share01 * width);
    const isFull = share(plan.seed, draws.minute, number) < plan.fullMinuteShare;
    const full = Math.floor(drawn / minute) * minute;
    times[index] = isFull && full >= base ? full : drawn;
  }
  times.sort();
  for (let index = 1; index < count; index += 1) {
    if (share(plan.seed, draws.equal, first + index) < plan.equalTimeShare) {
      times[index] = times[index - 1] ?? 0;
    }
  }
  return times;
}

function arrivalsOf(plan: FullStreamPlan, first: number, times: Float64Array): Float64Array {
  const { seed, latencyMilliseconds, lateShare, latestHours } = plan;
  const shortest = Math.min(20_000, latencyMilliseconds);
  return times.map((ticks, index) => {
    const number = first + index;
    const happened = Math.ceil(ticks / ticksPerMillisecond) + Date.UTC(2020, 0, 1);
    const usual = shortest + share(seed, draws.latency, number) * (latencyMilliseconds - shortest);
    const isLate = share(seed, draws.late, number) < lateShare;
    const late = share(seed, draws.lateness, number) * latestHours * millisecondsPerHour;
    return happened + Math.floor(isLate ? Math.max(usual, late) : usual);
  });
}
