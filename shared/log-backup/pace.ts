import type { BackupError } from '../errors/backup-error.ts';
import type { Pace } from './cached-state.ts';
import type { WindowOutcome } from './collect-window.ts';
import { type Interval, overlaps, spanOf } from './intervals.ts';
import { HOUR, MINUTE } from './log-time.ts';
import { NARROWEST, WIDEST } from './plan-window.ts';

/** Windows grow while they hold no more: deep paging is slow and, from 487,000 rows on, refused. */
const FEW_RECORDS = 25_000;
const MANY_RECORDS = 100_000;
const FIRST_PAUSE = 5 * MINUTE;
const LONGEST_PAUSE = 6 * HOUR;

/** Graph itself had trouble; our own quota and the end of a slice say nothing about the width. */
export function isTrouble(stopped: BackupError | 'budget' | 'expired' | undefined): boolean {
  if (stopped === undefined || stopped === 'expired' || stopped === 'budget') return false;
  return stopped.code !== 'graphThrottled' || stopped.details['status'] !== undefined;
}

/** Width and windows put aside after what happened to `window`. */
export function paceAfter(pace: Pace, window: Interval, outcome: WindowOutcome, now: number): Pace {
  if (outcome.kind === 'lost') return pace;
  const { stopped } = outcome;
  const isStored = outcome.kind === 'stored';
  const aside = isStored
    ? pace.aside.filter((one) => one.to > outcome.covered.to || one.from < outcome.covered.from)
    : pace.aside;
  if (isTrouble(stopped) || (stopped === 'budget' && !isStored)) {
    const width = Math.max(NARROWEST, spanOf(window) / 2);
    if (isStored || spanOf(window) > NARROWEST) return { ...pace, aside, width };
    return { ...pace, width, aside: withAside(pace, window, codeOf(stopped), now) };
  }
  if (!isStored) return pace;
  if (stopped !== undefined) {
    return { ...pace, aside, width: Math.max(NARROWEST, spanOf(outcome.covered)) };
  }
  return { ...pace, aside, width: widthAfter(pace.width, window, outcome.read) };
}

function widthAfter(width: number, window: Interval, read: number): number {
  if (read > MANY_RECORDS) return Math.max(NARROWEST, width / 2);
  // a window that ended early for want of time says nothing about a wide one
  const isFull = spanOf(window) * 2 > width;
  return isFull && read <= FEW_RECORDS ? Math.min(WIDEST, width * 2) : width;
}

function withAside(pace: Pace, { from, to }: Interval, code: string, now: number): Pace['aside'] {
  const before = pace.aside.find((one) => overlaps(one, { from, to }) && one.from === from);
  const failures = (before?.failures ?? 0) + 1;
  const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (failures - 1));
  return [
    ...pace.aside.filter((one) => one !== before),
    { from, to, failures, notBefore: now + pause, code },
  ].sort((a, b) => (a.from < b.from ? -1 : 1));
}

function codeOf(stopped: BackupError | 'budget' | 'expired' | undefined): string {
  return typeof stopped === 'object' ? stopped.code : String(stopped);
}
