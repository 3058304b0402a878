// What really happened, for comparison byte for byte with what a client kept: every record, every
// content it had, and from when to when the log showed it.
import { createHash } from 'node:crypto';
import { variantOfSource } from './log-changes.ts';
import { type LogSource, type LogVariant, logSources } from './log-source.ts';
import type { LogStore } from './log-store.ts';
import type { LogVersion, RecordBlock } from './record-block.ts';
import { formatTicks, parseTicks } from './ticks.ts';

export type TruthVersion = {
  /** Milliseconds since 1970: shown from then on. */
  readonly from: number;
  /** Until then; null for ever. */
  readonly until: number | null;
  /** Hex, of the bytes of the record alone. */
  readonly sha256: string;
  readonly bytes: number;
  /** The record as sent, when asked for. */
  readonly text?: string;
};

export type LogTruthLine =
  | {
      readonly kind: 'record';
      readonly source: LogSource;
      readonly id: string;
      /** As in the record. */
      readonly time: string;
      /** Milliseconds since 1970. */
      readonly arrivedAt: number;
      /** How often it stands in a list. */
      readonly copies: number;
      readonly versions: readonly TruthVersion[];
    }
  | { readonly kind: 'end'; readonly records: number; readonly versions: number };

export type LogTruthQuery = {
  readonly source?: LogSource;
  /** RFC 3339, both included: records of that time. */
  readonly from?: string;
  readonly to?: string;
  /** Milliseconds since 1970: only what the log had shown by then. */
  readonly shownBy?: number;
  readonly text?: boolean;
  /** Texts of this API version; v1.0, and beta for the kinds only beta has, unless given. */
  readonly beta?: boolean;
  /** As a caller without permission for policies gets them: false. */
  readonly policies?: boolean;
};

/** Oldest first within each block of a source; records beyond the retention are included. */
export function* logTruthLines(store: LogStore, query: LogTruthQuery): Generator<LogTruthLine> {
  let records = 0;
  let versions = 0;
  for (const line of recordLines(store, query)) {
    records += 1;
    versions += line.versions.length;
    yield line;
  }
  yield { kind: 'end', records, versions };
}

type RecordLine = Extract<LogTruthLine, { kind: 'record' }>;

function* recordLines(store: LogStore, query: LogTruthQuery): Generator<RecordLine> {
  const from = query.from === undefined ? -Infinity : timeOf(query.from);
  const to = query.to === undefined ? Infinity : timeOf(query.to);
  const sources = query.source === undefined ? logSources : [query.source];
  for (const source of sources) {
    for (const block of store.blocks(source, from, to)) {
      for (const index of placesBetween(block.times, from, to)) {
        yield* recordLine(store, query, { source, block, index });
      }
    }
  }
}

function placesBetween(times: ArrayLike<number>, from: number, to: number): readonly number[] {
  const isBetween = (ticks: number): boolean => ticks >= from && ticks <= to;
  return Array.from(times, (ticks, index) => (isBetween(ticks) ? index : -1)).filter(
    (index) => index >= 0,
  );
}

function timeOf(text: string): number {
  const ticks = parseTicks(text);
  if (ticks === undefined) {
    throw new Error(`'${text}' is not a time`);
  }
  return ticks;
}

type Place = {
  readonly source: LogSource;
  readonly block: RecordBlock;
  readonly index: number;
};

/** The line of one record; none when the log had not shown it by then. */
function* recordLine(
  store: LogStore,
  query: LogTruthQuery,
  { source, block, index }: Place,
): Generator<RecordLine> {
  const usual = variantOfSource(source, store.settings.licence === 'p2');
  const { beta = usual.beta, policies = true, shownBy = Infinity } = query;
  const variant: LogVariant = { ...usual, beta, policies };
  const all = block.versions(index).filter((version) => version.from <= shownBy);
  if (all.length === 0) {
    return;
  }
  yield {
    kind: 'record',
    source,
    id: block.id(index),
    time: formatTicks(block.times[index] ?? 0),
    arrivedAt: block.arrivals[index] ?? 0,
    copies: block.copies(index),
    versions: all.map((version, place) => ({
      from: version.from,
      until: untilOf(all, place),
      ...contentOf(block.text(index, version.number, variant), query.text === true),
    })),
  };
}

function contentOf(
  text: string,
  withText: boolean,
): Pick<TruthVersion, 'sha256' | 'bytes' | 'text'> {
  const bytes = Buffer.from(text);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { sha256, bytes: bytes.length, ...(withText ? { text } : {}) };
}

/** A content ends with the next one that does not keep it. */
function untilOf(versions: readonly LogVersion[], place: number): number | null {
  return versions.slice(place + 1).find(({ keepsOlder }) => !keepsOlder)?.from ?? null;
}
