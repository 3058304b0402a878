// A row of a log list, the query that asks for rows, and which contents of a record are rows now.
import type { LogSource, LogVariant } from './log-source.ts';
import type { LogVersion, RecordBlock } from './record-block.ts';

/** A row of a list: one content of one record. */
export type LogRow = {
  readonly source: LogSource;
  readonly block: RecordBlock;
  readonly index: number;
  readonly version: number;
};

export type LogQuery = {
  readonly sources: readonly LogSource[];
  /** Ticks, both included; infinite without a bound. */
  readonly from: number;
  readonly to: number;
  /** Further conditions, asked per row. */
  readonly matches?: (row: LogRow) => boolean;
  readonly oldestFirst: boolean;
  /** Equal keys stand for equal queries. */
  readonly key: string;
};

/** Contents of a record a list shows at `now`, newest first, and when that changes next. */
export function shownVersions(
  versions: readonly LogVersion[],
  now: number,
): { readonly shown: readonly number[]; readonly nextChange: number } {
  const arrived = versions.filter(({ from }) => from <= now);
  const next = versions.find(({ from }) => from > now)?.from ?? Number.POSITIVE_INFINITY;
  const shown: number[] = [];
  for (let place = arrived.length - 1; place >= 0; place -= 1) {
    const version = arrived[place];
    if (version !== undefined) {
      shown.push(version.number);
    }
    if (version?.keepsOlder !== true) {
      break;
    }
  }
  return { shown, nextChange: next };
}

/** The text of a row as this caller gets it. */
export function rowText({ block, index, version }: LogRow, variant: LogVariant): string {
  return block.text(index, version, variant);
}
