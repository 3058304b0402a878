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
  const text = filters.text?.toLowerCase();
  const code = filters.errorCode?.toLowerCase();
  const asksResult = code !== undefined || filters.result !== undefined;
  return (line) => {
    if (text !== undefined && !line.toString('utf8').toLowerCase().includes(text)) return undefined;
    const record = readRecord(entry, line);
    if (!terms.every((term) => hasTerm(record, term))) return undefined;
    if (!asksResult) return record;
    const result = resultOf(source, line);
    const isResult = filters.result === undefined || result.result === filters.result;
    const isCode = code === undefined || result.code?.toLowerCase() === code;
    return isResult && isCode ? record : undefined;
  };
}

function hasTerm({ terms }: LogRecord, wanted: Term): boolean {
  return terms.some(
    ({ kind, value }) => kind === wanted.kind && value.toLowerCase() === wanted.value,
  );
}
