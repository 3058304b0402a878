// Rows of the last queries: a client that reads a window page by page asks for the same list again
// and again, and building it looks at every record.

import { type LogQuery, type LogRow, shownVersions } from './log-row.ts';
import type { LogSource } from './log-source.ts';
import type { RecordBlock } from './record-block.ts';

type Entry = {
  readonly revision: number;
  readonly from: number;
  /** Milliseconds since 1970: until then no record arrives or changes. */
  readonly until: number;
  readonly rows: readonly LogRow[];
};

const kept = 6;

type FindBlocks = (source: LogSource, from: number, to: number) => readonly RecordBlock[];

export class RowCache {
  readonly #entries = new Map<string, Entry>();
  readonly #blocks: FindBlocks;

  constructor(blocks: FindBlocks) {
    this.#blocks = blocks;
  }

  /** `edge` in ticks: older rows are left out. */
  rows(query: LogQuery, revision: number, now: number, edge: number): readonly LogRow[] {
    const known = this.#entries.get(query.key);
    const isFresh = known?.revision === revision && known.from <= now && now < known.until;
    const entry = isFresh ? known : { ...collect(this.#blocks, query, now, edge), revision };
    if (!isFresh) {
      this.#entries.delete(query.key);
      this.#entries.set(query.key, entry);
      const [oldest] = this.#entries.keys();
      if (this.#entries.size > kept && oldest !== undefined) {
        this.#entries.delete(oldest);
      }
    }
    return withinRetention(entry.rows, edge, query.oldestFirst);
  }
}

function timeOf(row: LogRow | undefined): number {
  return row?.block.times[row.index] ?? 0;
}

function withinRetention(
  rows: readonly LogRow[],
  edge: number,
  oldestFirst: boolean,
): readonly LogRow[] {
  const oldest = oldestFirst ? rows[0] : rows.at(-1);
  if (oldest === undefined || timeOf(oldest) >= edge) {
    return rows;
  }
  return rows.filter((row) => timeOf(row) >= edge);
}

function collect(
  find: FindBlocks,
  query: LogQuery,
  now: number,
  edge: number,
): Omit<Entry, 'revision'> {
  const rows: LogRow[] = [];
  let until = Number.POSITIVE_INFINITY;
  let blocks = 0;
  const from = Math.max(query.from, edge);
  for (const source of query.sources) {
    const ordered = [...find(source, from, query.to)].reverse();
    for (const block of ordered) {
      const before = rows.length;
      until = Math.min(until, collectBlock(rows, { source, block, from, query, now }));
      blocks += rows.length > before ? 1 : 0;
    }
  }
  if (blocks > 1 && !isOrdered(rows)) {
    rows.sort(newestFirst);
  }
  if (query.oldestFirst) {
    rows.reverse();
  }
  return { from: now, until, rows };
}

type Collecting = {
  readonly source: LogSource;
  readonly block: RecordBlock;
  readonly from: number;
  readonly query: LogQuery;
  readonly now: number;
};

/** Appends the rows of one block, newest first; returns when the next of them changes. */
function collectBlock(rows: LogRow[], collecting: Collecting): number {
  const { source, block, from, query, now } = collecting;
  let until = Number.POSITIVE_INFINITY;
  const last = firstAbove(block.times, query.to) - 1;
  for (let index = last; index >= 0 && (block.times[index] ?? 0) >= from; index -= 1) {
    const arrival = block.arrivals[index] ?? 0;
    if (arrival > now) {
      until = Math.min(until, arrival);
    } else if (block.isPlain) {
      push(rows, query, { source, block, index, version: 0 });
    } else {
      until = Math.min(until, pushVersions(rows, collecting, index));
    }
  }
  return until;
}

function pushVersions(rows: LogRow[], collecting: Collecting, index: number): number {
  const { source, block, query, now } = collecting;
  const { shown, nextChange } = shownVersions(block.versions(index), now);
  for (let copy = block.copies(index); copy > 0; copy -= 1) {
    for (const version of shown) {
      push(rows, query, { source, block, index, version });
    }
  }
  return nextChange;
}

function push(rows: LogRow[], query: LogQuery, row: LogRow): void {
  if (query.matches?.(row) ?? true) {
    rows.push(row);
  }
}

/** Place of the first time above `limit`. */
function firstAbove(times: ArrayLike<number>, limit: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] ?? 0) <= limit) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

function isOrdered(rows: readonly LogRow[]): boolean {
  return rows.every((row, place) => place === 0 || newestFirst(rows[place - 1] ?? row, row) <= 0);
}

/** The same order every time; copies and contents of one record keep theirs (the sort is stable). */
function newestFirst(a: LogRow, b: LogRow): number {
  return (
    timeOf(b) - timeOf(a) ||
    b.block.order - a.block.order ||
    (a.block === b.block ? b.index - a.index : 0)
  );
}
