import { earlierTime, type LogTime, laterTime, msOfTime } from './log-time.ts';

/** Both ends included; neighbours share the time of their border. */
export interface Interval {
  readonly from: LogTime;
  readonly to: LogTime;
}

/** Sorted, without overlaps; intervals that touch become one. */
export function withInterval(list: readonly Interval[], added: Interval): Interval[] {
  const before = list.filter(({ to }) => to < added.from);
  const behind = list.filter(({ from }) => from > added.to);
  const touching = list.filter(({ from, to }) => to >= added.from && from <= added.to);
  const merged = touching.reduce<Interval>(
    (all, one) => ({ from: earlierTime(all.from, one.from), to: laterTime(all.to, one.to) }),
    added,
  );
  return [...before, merged, ...behind];
}

/** Parts of `range` that no interval of the sorted list covers. */
export function uncovered(range: Interval, list: readonly Interval[]): Interval[] {
  const open: Interval[] = [];
  let at = range.from;
  for (const { from, to } of list) {
    if (from >= range.to) break;
    if (from > at) open.push({ from: at, to: from });
    at = laterTime(at, to);
  }
  if (at < range.to) open.push({ from: at, to: range.to });
  return open;
}

/** Parts of the sorted list inside `range`. */
export function within(range: Interval, list: readonly Interval[]): Interval[] {
  return list
    .map(({ from, to }) => ({
      from: laterTime(from, range.from),
      to: earlierTime(to, range.to),
    }))
    .filter(({ from, to }) => from < to);
}

export function overlaps(one: Interval, other: Interval): boolean {
  return one.from <= other.to && other.from <= one.to;
}

/** Milliseconds. */
export function spanOf({ from, to }: Interval): number {
  return Math.max(0, msOfTime(to) - msOfTime(from));
}
