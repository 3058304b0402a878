import { type Interval, overlaps, uncovered, within } from './intervals.ts';
import {
  DAY,
  earlierTime,
  HOUR,
  type LogTime,
  laterTime,
  MINUTE,
  msOfTime,
  timeOfMs,
} from './log-time.ts';
import { LAST_SWEEP, type SourceState, SWEEPS, type SweepDelays } from './source-state.ts';

export const NARROWEST = MINUTE;
export const WIDEST = 24 * HOUR;
/** A first read of a time that will be lost within this long comes before everything else. */
const URGENT = 12 * HOUR;

export interface PlanInput {
  readonly state: SourceState;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Nothing before it can be read any more. */
  readonly edge: LogTime;
  readonly delays: SweepDelays;
  /** Width of a window in milliseconds. */
  readonly width: number;
  /** Windows that failed at the narrowest width and wait for another try. */
  readonly aside?: readonly Interval[];
}

export type Plan =
  | ({ readonly kind: 'window'; readonly sweep: number } & Interval)
  | ({ readonly kind: 'gap' } & Interval)
  /** Nothing is due. */
  | { readonly kind: 'idle' };

/**
 * What to do next: state what is lost, else read the oldest time that was never read, else sweep.
 * Windows end at full minutes, wide ones at full hours, and never pass `now` less their delay.
 */
export function planWindow(input: PlanInput): Plan {
  const { state, edge } = input;
  const lost = lostInterval(state, edge);
  if (lost !== undefined) return { kind: 'gap', ...lost };
  const order = [0, ...(isLastSweepUrgent(input) ? [LAST_SWEEP] : []), 1, 2, 3, LAST_SWEEP];
  for (const sweep of order) {
    const next = nextWindow(input, sweep);
    if (next !== undefined) return { kind: 'window', sweep, ...next };
  }
  return { kind: 'idle' };
}

/** The oldest time that was not read yet; undefined when nothing was ever read. */
export function oldestUnread(state: SourceState): LogTime | undefined {
  const { begin } = state;
  if (begin === undefined) return undefined;
  const [first] = uncovered(
    { from: begin, to: '9999-12-31T23:59:59.9999999Z' },
    state.covered[0] ?? [],
  );
  return first?.from;
}

/** Time that was to be read and can no longer be: a minute more, because reading takes a while. */
function lostInterval(state: SourceState, edge: LogTime): Interval | undefined {
  const { begin } = state;
  if (begin === undefined || begin >= edge) return undefined;
  const [open] = uncovered({ from: begin, to: edge }, state.covered[0] ?? []);
  if (open === undefined) return undefined;
  const to = open.to < edge ? open.to : timeOfMs(msOfTime(edge) + MINUTE);
  return { from: open.from, to };
}

function nextWindow(input: PlanInput, sweep: number): Interval | undefined {
  const grid = sweep === 0 ? MINUTE : HOUR;
  const limit = timeOfMs(floorTo(input.now - (input.delays[sweep] ?? 0), grid));
  const [open] = openIntervals(input, sweep, limit);
  if (open === undefined) return undefined;
  return { from: open.from, to: endOf(open, input.width) };
}

/** Not covered by the sweep, long enough to be read. A sweep reads only what was read before. */
function openIntervals(input: PlanInput, sweep: number, limit: LogTime): Interval[] {
  const { state, edge, aside = [] } = input;
  const start = timeOfMs(Math.ceil(msOfTime(edge) / MINUTE) * MINUTE);
  const from = laterTime(state.begin ?? start, sweep === 0 ? edge : start);
  if (from >= limit) return [];
  const range = { from, to: limit };
  const wanted = sweep === 0 ? [range] : within(range, state.covered[0] ?? []);
  return wanted
    .flatMap((part) => uncovered(part, state.covered[sweep] ?? []))
    .flatMap((part) =>
      uncovered(
        part,
        aside.filter((one) => overlaps(one, part)),
      ),
    );
}

function endOf(open: Interval, width: number): LogTime {
  const from = msOfTime(open.from);
  const span = Math.min(Math.max(width, NARROWEST), WIDEST);
  const grid = span >= HOUR ? HOUR : MINUTE;
  const end = floorTo(from + span, grid);
  return earlierTime(open.to, timeOfMs(end > from ? end : from + span));
}

function floorTo(milliseconds: number, grid: number): number {
  return Math.floor(milliseconds / grid) * grid;
}

function isLastSweepUrgent(input: PlanInput): boolean {
  const next = nextWindow(input, LAST_SWEEP);
  return next !== undefined && msOfTime(next.from) < msOfTime(input.edge) + URGENT;
}

/** True when the oldest unread record may be lost within 24 hours: then no cache is waited for. */
export function isNearEdge(state: SourceState, edge: LogTime): boolean {
  const unread = oldestUnread(state);
  return unread === undefined || msOfTime(unread) < msOfTime(edge) + DAY;
}

/** Sweeps that are there, for loops. */
export const sweepNumbers: readonly number[] = Array.from({ length: SWEEPS }, (_, place) => place);
