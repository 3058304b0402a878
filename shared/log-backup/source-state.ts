// What is known of one source of one tenant: the fold over its manifests. Pure; whatever a cache
// keeps is this and can be folded again.
import type { ChainLink } from '../log-repository/chain.ts';
import type { Manifest } from '../log-repository/manifest.ts';
import { type Interval, overlaps, spanOf, withInterval, within } from './intervals.ts';
import { DAY, HOUR, hourOfTime, type LogTime, MINUTE, msOfTime, timeOfMs } from './log-time.ts';

/** The first read and the late sweeps; a manifest's `window.sweep` is the place in this list. */
export const SWEEPS = 5;
export const LAST_SWEEP = SWEEPS - 1;
/** The sweep after which an hour may be called complete: 25 hours. */
const SETTLED_SWEEP = 3;

export interface HourState {
  /** Different ids. */
  readonly records: number;
  /** Contents beyond the first of those ids: `records + versions` lines are stored. */
  readonly versions: number;
  /** Lines stored per sweep. */
  readonly added: readonly number[];
  /** Last manifest that names a segment of this hour, and the first 16 digits of its hash. */
  readonly last: number;
  readonly lastSha: string;
}

export interface Gap extends Interval {
  readonly reason: string;
}

/** Sums over first reads that fade by half every 24 hours of log time: what the volume costs. */
export interface Traffic {
  readonly requests: number;
  readonly records: number;
  /** Milliseconds of log time. */
  readonly span: number;
}

export interface SourceState {
  /** Of the newest manifest that is folded in; 0 and empty before the first. */
  readonly number: number;
  readonly sha256: string;
  /** Where the log begins here; nothing before was ever read, or it is no longer looked at. */
  readonly begin?: LogTime;
  /** Per sweep, sorted. */
  readonly covered: readonly (readonly Interval[])[];
  readonly gaps: readonly Gap[];
  readonly hours: Readonly<Record<string, HourState>>;
  readonly traffic: Traffic;
}

/** How long after its end a window is read by each sweep, in milliseconds. */
export type SweepDelays = readonly number[];

/** First read, +15 min, +6 h, +25 h, one day before the record can no longer be read. */
export function sweepDelays(retentionDays: number): SweepDelays {
  return [5 * MINUTE, 15 * MINUTE, 6 * HOUR, 25 * HOUR, (retentionDays - 1) * DAY];
}

export const emptyState: SourceState = {
  number: 0,
  sha256: '',
  covered: Array.from({ length: SWEEPS }, () => []),
  gaps: [],
  hours: {},
  traffic: { requests: 0, records: 0, span: 0 },
};

/** The state after one more manifest. */
export function foldLink(state: SourceState, link: ChainLink, delays: SweepDelays): SourceState {
  const { manifest, number, sha256 } = link;
  const next = { ...state, number, sha256 };
  if (manifest.kind === 'gap' && manifest.gap !== undefined) return foldGap(next, manifest.gap);
  if (manifest.checkpoint !== undefined) return foldCheckpoint(next, manifest.checkpoint);
  if (manifest.window === undefined) return next;
  return foldWindow(next, manifest, delays);
}

function foldGap(state: SourceState, gap: NonNullable<Manifest['gap']>): SourceState {
  return {
    ...state,
    begin: state.begin ?? gap.from,
    gaps: [...state.gaps, gap],
    covered: state.covered.map((list) => withInterval(list, gap)),
  };
}

function foldCheckpoint(
  state: SourceState,
  { hours }: NonNullable<Manifest['checkpoint']>,
): SourceState {
  const kept = Object.entries(hours)
    .filter(([hour]) => state.hours[hour] === undefined)
    .map(([hour, { records, versions }]) => {
      const added = Array.from({ length: SWEEPS }, () => 0);
      return [hour, { records, versions, added, last: 0, lastSha: '' }] as const;
    });
  return { ...state, hours: { ...state.hours, ...Object.fromEntries(kept) } };
}

function foldWindow(state: SourceState, manifest: Manifest, delays: SweepDelays): SourceState {
  const { from, to, sweep, requests, read } = manifest.window ?? never();
  const hours = { ...state.hours };
  for (const segment of manifest.segments) {
    hours[segment.hour] = foldSegment(hours[segment.hour], segment, sweep, state);
  }
  return {
    ...state,
    begin: state.begin ?? from,
    covered: state.covered.map((list, place) =>
      isCovering(manifest, place, delays) ? withInterval(list, { from, to }) : list,
    ),
    hours,
    traffic:
      sweep === 0
        ? fadedTraffic(state.traffic, { requests, records: read, span: spanOf({ from, to }) })
        : state.traffic,
  };
}

/** A window that was read so late that a later sweep would not see more counts for that one too. */
function isCovering(manifest: Manifest, place: number, delays: SweepDelays): boolean {
  const { sweep, to } = manifest.window ?? never();
  if (place === sweep) return true;
  // the manifest is written some time after its first page was asked for
  const readAt = Date.parse(manifest.createdDateTime) - 10 * MINUTE;
  return place > sweep && readAt >= msOfTime(to) + (delays[place] ?? Number.POSITIVE_INFINITY);
}

function foldSegment(
  known: HourState | undefined,
  segment: Manifest['segments'][number],
  sweep: number,
  { number, sha256 }: SourceState,
): HourState {
  const {
    records = 0,
    versions = 0,
    added = Array.from({ length: SWEEPS }, () => 0),
  } = known ?? {};
  return {
    records: records + segment.new,
    versions: versions + segment.changed,
    added: added.map((lines, place) => (place === sweep ? lines + segment.records : lines)),
    last: number,
    lastSha: sha256.slice(0, 16),
  };
}

function fadedTraffic(traffic: Traffic, more: Traffic): Traffic {
  const kept = 0.5 ** (more.span / DAY);
  return {
    requests: traffic.requests * kept + more.requests,
    records: traffic.records * kept + more.records,
    span: traffic.span * kept + more.span,
  };
}

/** Forgets hours and coverage before `horizon`; gaps stay. */
export function forgetBefore(state: SourceState, horizon: LogTime): SourceState {
  if (state.begin === undefined || state.begin > horizon) return state;
  const range = { from: horizon, to: '9999-12-31T23:59:59.9999999Z' };
  const first = hourOfTime(horizon);
  return {
    ...state,
    begin: horizon,
    covered: state.covered.map((list) => within(range, list)),
    hours: Object.fromEntries(Object.entries(state.hours).filter(([hour]) => hour >= first)),
  };
}

export interface HourStatement {
  readonly hour: string;
  readonly records: number;
  readonly versions: number;
  /** Last sweep that covers the whole hour; -1: not read in full yet. */
  readonly sweep: number;
  /**
   * True when the sweep after 25 hours, or the last one, covers the whole hour and found nothing
   * more, and no gap touches it.
   */
  readonly complete: boolean;
  readonly gaps: readonly Gap[];
}

/** What can be said of one hour, `2026-03-04T05`. */
export function hourStatement(state: SourceState, hour: string): HourStatement {
  const start = Date.parse(`${hour}:00:00Z`);
  const range = { from: timeOfMs(start), to: timeOfMs(start + HOUR) };
  const { records = 0, versions = 0, added = [] } = state.hours[hour] ?? {};
  const gaps = state.gaps.filter((gap) => overlaps(gap, range));
  const isWhole = (sweep: number): boolean =>
    state.covered[sweep]?.some(({ from, to }) => from <= range.from && to >= range.to) ?? false;
  const isSettled = (sweep: number): boolean => isWhole(sweep) && (added[sweep] ?? 0) === 0;
  const sweep = state.covered.findLastIndex((_, place) => isWhole(place));
  const complete = gaps.length === 0 && (isSettled(SETTLED_SWEEP) || isSettled(LAST_SWEEP));
  return { hour, records, versions, sweep, complete, gaps };
}

function never(): never {
  throw new Error('a window manifest without a window');
}
