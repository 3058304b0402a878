import { BackupError, isBackupError } from '../errors/backup-error.ts';
import type { CallOptions, RawPage } from '../graph/graph-request.ts';
import { type CollectContext, reach } from './collect-context.ts';
import { type Interval, spanOf } from './intervals.ts';
import { type LogRecord, readRecord } from './log-record.ts';
import { type LogSourceEntry, windowRequest } from './log-sources.ts';
import { besideTime, type LogTime, msOfTime } from './log-time.ts';
import { NARROWEST } from './plan-window.ts';

export interface WindowRead {
  /** What was read in full; undefined when nothing can be said. */
  readonly covered?: Interval;
  /** Records of the window, repeated ones included. */
  readonly read: number;
  /** Why reading ended before the last page; `budget`: the slice is over. */
  readonly stopped?: BackupError | 'budget';
}

/** A narrower window, or the same later, may do better. */
const passing = [
  'graphThrottled',
  'graphUnavailable',
  'graphPageTokenExpired',
  'graphBadAnswer',
] as const;
/** Wide windows may never be answered: they are given up soon and narrowed. */
const wideTry = { tries: 2, tryTimeoutMs: 30_000 };
const narrowTry = { tries: 4, tryTimeoutMs: 60_000 };
/** Graph compares times more coarsely than it writes them, perhaps. */
const TOLERANCE_MS = 1000;

/**
 * Reads the records of a window page by page, newest first, and hands each to `take`. When reading
 * ends early, the newer part counts as read. Errors that no narrower window avoids are thrown, and
 * those of `take`.
 */
export async function readWindow(
  context: CollectContext,
  entry: LogSourceEntry,
  window: Interval,
  deadline: Date,
  take: (record: LogRecord) => Promise<void>,
): Promise<WindowRead> {
  const patience = spanOf(window) > NARROWEST ? wideTry : narrowTry;
  const options: CallOptions = {
    ...patience,
    deadline,
    ...(context.signal === undefined ? {} : { signal: context.signal }),
  };
  const pages = context.graph.rawPages(windowRequest(entry, window, context.pageRecords), options);
  const order = new NewestFirst();
  let read = 0;
  for (;;) {
    const page = await nextPage(pages, entry, window);
    if (page === undefined) return { covered: window, read };
    if (page instanceof BackupError) return { ...order.newerPart(window), read, stopped: page };
    order.see(page.records.map(({ time }) => time));
    read += await takeAll(page.records, window, take);
    if (page.isLast) return { covered: window, read };
    await reach(context, 'page.read');
    if (context.clock.now() >= deadline) {
      await pages.return();
      return { ...order.newerPart(window), read, stopped: 'budget' };
    }
  }
}

async function takeAll(
  records: readonly LogRecord[],
  window: Interval,
  take: (record: LogRecord) => Promise<void>,
): Promise<number> {
  let taken = 0;
  for (const record of records) {
    if (record.time < window.from || record.time > window.to) continue;
    taken += 1;
    await take(record);
  }
  return taken;
}

interface ReadPage {
  readonly records: readonly LogRecord[];
  readonly isLast: boolean;
}

async function nextPage(
  pages: AsyncGenerator<RawPage, void, undefined>,
  entry: LogSourceEntry,
  window: Interval,
): Promise<ReadPage | BackupError | undefined> {
  try {
    const next = await pages.next();
    if (next.done === true) return undefined;
    const { items, nextLink } = next.value;
    const records = items.map((raw) => readRecord(entry, raw));
    refuseStrays(records, window);
    return { records, isLast: nextLink === undefined };
  } catch (error) {
    if (isBackupError(error, ...passing)) return error;
    throw error;
  }
}

/** An answer to another question than was asked: a filter that was not heeded. */
function refuseStrays(records: readonly LogRecord[], window: Interval): void {
  const [from, to] = [msOfTime(window.from) - TOLERANCE_MS, msOfTime(window.to) + TOLERANCE_MS];
  const strays = records.filter(({ time }) => msOfTime(time) < from || msOfTime(time) > to);
  if (strays.length === 0) return;
  throw new BackupError('graphBadAnswer', 'graph answered records outside the window asked for', {
    details: { defect: 'filter', records: strays.length },
  });
}

/** Follows the times of pages that come newest first, and knows when they do not. */
class NewestFirst {
  #isOrdered = true;
  #firstOfPage: LogTime | undefined;
  #lowest: LogTime | undefined;

  see(times: readonly LogTime[]): void {
    const [first] = times;
    if (first === undefined) return;
    if (this.#firstOfPage !== undefined && first > this.#firstOfPage) this.#isOrdered = false;
    this.#firstOfPage = first;
    let last = first;
    for (const time of times) {
      if (time > last) this.#isOrdered = false;
      last = time;
    }
    if (this.#lowest === undefined || last < this.#lowest) this.#lowest = last;
  }

  /** More records of the lowest time may follow, none above it. */
  newerPart(window: Interval): { covered?: Interval } {
    if (!this.#isOrdered || this.#lowest === undefined) return {};
    const from = besideTime(this.#lowest, 1);
    return from > window.from && from < window.to ? { covered: { from, to: window.to } } : {};
  }
}
