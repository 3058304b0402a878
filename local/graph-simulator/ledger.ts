// Every request the simulator answered, in order: the yardstick tests and benchmarks count with.
// The newest entries stay in memory; totals cover everything since the last clear.

import type { WriteStream } from 'node:fs';
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import type { LedgerEntry, RecordRequest } from './types.ts';

export type LedgerFilter = {
  /** Entries with a larger number only: what `lastNumber` was before. */
  readonly after?: number;
  readonly tenantId?: string;
  readonly appId?: string;
  readonly method?: string;
  readonly template?: string;
  readonly status?: number;
  /** True for requests that changed something. */
  readonly applied?: boolean;
};

export type LedgerTotals = {
  /** Requests on the wire: a `$batch` is one. */
  readonly httpCalls: number;
  /** Requests as Graph counts them: the items of a `$batch`, never the batch itself. */
  readonly graphRequests: number;
  readonly resourceUnits: number;
  readonly bytes: number;
  readonly throttled: number;
  readonly applied: number;
  /** Rows of log pages sent. */
  readonly logRows: number;
  /** By `METHOD template`. */
  readonly byTemplate: Readonly<Record<string, number>>;
  /** By status. */
  readonly byStatus: Readonly<Record<string, number>>;
};

export type Ledger = {
  readonly record: RecordRequest;
  readonly lastNumber: number;
  /** Entries in memory that match, oldest first; throws when `after` reaches back too far. */
  entries(filter?: LedgerFilter, limit?: number): readonly LedgerEntry[];
  /** Totals of the matching entries; the same rule for `after`. */
  totals(filter?: LedgerFilter): LedgerTotals;
  clear(): void;
  /** Ends the NDJSON file, when there is one. */
  close(): Promise<void>;
};

/** Keeps `capacity` entries; with `file`, every entry is also a line of that NDJSON file. */
export function createLedger(options: { capacity?: number; file?: string } = {}): Ledger {
  const capacity = options.capacity ?? 200_000;
  const file = options.file ? createWriteStream(options.file, { flags: 'a' }) : undefined;
  let ring: LedgerEntry[] = [];
  let start = 0;
  let next = 1;

  const inOrder = () => [...ring.slice(start), ...ring.slice(0, start)];
  const matching = (filter: LedgerFilter) => {
    const oldest = ring[start]?.number ?? next;
    if ((filter.after ?? 0) + 1 < oldest && oldest > 1) {
      throw new Error(`the ledger begins at entry ${oldest}: ask for a later one or clear it`);
    }
    return inOrder().filter((entry) => matches(entry, filter));
  };

  return {
    record: (entry) => {
      const numbered: LedgerEntry = { number: next, ...entry };
      next += 1;
      file?.write(`${JSON.stringify(numbered)}\n`);
      if (ring.length < capacity) {
        ring.push(numbered);
      } else {
        ring[start] = numbered;
        start = (start + 1) % capacity;
      }
    },
    get lastNumber() {
      return next - 1;
    },
    entries: (filter = {}, limit = Number.POSITIVE_INFINITY) => matching(filter).slice(0, limit),
    totals: (filter = {}) => total(matching(filter)),
    clear: () => {
      ring = [];
      start = 0;
      next = 1;
    },
    close: () => closeFile(file),
  };
}

async function closeFile(file: WriteStream | undefined): Promise<void> {
  if (!file) return;
  file.end();
  await finished(file);
}

function matches(entry: LedgerEntry, filter: LedgerFilter): boolean {
  const { after = 0, ...exact } = filter;
  return (
    entry.number > after &&
    Object.entries(exact).every(
      ([name, value]) => value === undefined || entry[name as keyof LedgerEntry] === value,
    )
  );
}

function total(entries: readonly LedgerEntry[]): LedgerTotals {
  const calls = entries.filter((entry) => entry.batch === undefined);
  const requests = entries.filter((entry) => !isBatch(entry));
  return {
    httpCalls: calls.length,
    graphRequests: requests.length,
    resourceUnits: requests.reduce((sum, entry) => sum + entry.resourceUnits, 0),
    bytes: calls.reduce((sum, entry) => sum + entry.bytes, 0),
    throttled: requests.filter((entry) => entry.status === 429).length,
    applied: requests.filter((entry) => entry.applied).length,
    logRows: requests.reduce((sum, entry) => sum + (entry.log?.rows ?? 0), 0),
    byTemplate: countBy(entries, nameOf),
    byStatus: countBy(requests, (entry) => String(entry.status)),
  };
}

function isBatch(entry: LedgerEntry): boolean {
  return entry.batch === undefined && /\/\$batch$/i.test(entry.url);
}

function nameOf(entry: LedgerEntry): string {
  const template = entry.template ?? (isBatch(entry) ? '/$batch' : 'unknown');
  return `${entry.method} ${template}`;
}

function countBy(
  entries: readonly LedgerEntry[],
  name: (entry: LedgerEntry) => string,
): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const entry of entries) counts[name(entry)] = (counts[name(entry)] ?? 0) + 1;
  return counts;
}
