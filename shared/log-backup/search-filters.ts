// What a search looks for, and whether one record is it. An index only names frames in which a value
// may occur: what decides is always the record itself.
import type { Term } from '../log-repository/index-blocks.ts';
import type { LogSource } from '../model/log-source.ts';
import { type LogRecord, readRecord } from './log-record.ts';
import { resultOf } from './log-result.ts';
import { logSourceEntries } from './log-sources.ts';

/** All that are given must hold; values are compared without regard to case. */
export interface SearchFilters {
  /** Id, sign-in name or display name of who acted. */
  readonly actor?: string;
  /** Id or name of what was acted upon; of sign-ins the resource. */
  readonly target?: string;
  readonly application?: string;
  readonly address?: string;
  readonly correlation?: string;
  readonly result?: 'success' | 'failure';
  /** See resultOf. */
  readonly errorCode?: string;
  /** Part of the record's text as Graph sent it. */
  readonly text?: string;
}

const indexed = ['actor', 'target', 'application', 'address', 'correlation'] as const;

/** The part of the filters that indexes answer. */
export function termsOf(filters: SearchFilters): Term[] {
  return indexed.flatMap((kind) => {
    const value = filters[kind]?.toLowerCase();
    return value === undefined ? [] : [{ kind, value }];
  });
}

export type RecordMatcher = (line: Buffer) => LogRecord | undefined;

/** The record when it is what the filters ask for. Throws graphBadAnswer for what is no record. */
export function recordMatcher(source: LogSource, filters: SearchFilters): RecordMatcher {
  const entry = logSourceEntries[source];
  const terms = termsOf(filters);
  const plain = terms.map(({ value }) => value).filter((value) => plainForm.test(value));
  const text = filters.text?.toLowerCase();
  return (line) => {
    const isPossible = text === undefined && plain.length === 0;
    if (!isPossible && !mayHold(line, plain, text)) return undefined;
    const record = readRecord(entry, line);
    if (!terms.every((term) => hasTerm(record, term))) return undefined;
    return hasResult(source, line, filters) ? record : undefined;
  };
}

/** Printable ASCII that JSON writes as it is or as `\u00..`; a Kelvin sign counts as a k. */
const plainForm = /^[ !#-.0-[\]-~]+$/;
const escapedAscii = /\\u(?:00[2-7]|212a)/;

/**
 * Looks at the bytes before the record is read, which takes ten times as long: a value that stands
 * nowhere in them is no value of the record, unless a part of them is written in another way.
 */
function mayHold(line: Buffer, values: readonly string[], text: string | undefined): boolean {
  const all = line.toString('utf8').toLowerCase();
  if (text !== undefined && !all.includes(text)) return false;
  return values.every((value) => all.includes(value)) || escapedAscii.test(all);
}

function hasResult(source: LogSource, line: Buffer, filters: SearchFilters): boolean {
  const { result: wanted, errorCode } = filters;
  if (wanted === undefined && errorCode === undefined) return true;
  const { result, code } = resultOf(source, line);
  const isResult = wanted === undefined || result === wanted;
  return isResult && (errorCode === undefined || code?.toLowerCase() === errorCode.toLowerCase());
}

function hasTerm({ terms }: LogRecord, wanted: Term): boolean {
  return terms.some(
    ({ kind, value }) => kind === wanted.kind && value.toLowerCase() === wanted.value,
  );
}
