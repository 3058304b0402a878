import { stringify } from 'csv-stringify/sync';
import { readRecord } from './log-record.ts';
import { resultOf } from './log-result.ts';
import { logSourceEntries } from './log-sources.ts';
import type { FoundRecord } from './search-context.ts';

export type LogExportFormat = 'ndjson' | 'csv';

/** Columns of a CSV export; several values of a cell are joined by `; `. */
export const csvColumns = [
  'source',
  'time',
  'id',
  'actor',
  'target',
  'application',
  'address',
  'correlationId',
  'result',
  'errorCode',
  'record',
] as const;

/** What stands before the first record. */
export function exportHead(format: LogExportFormat): Buffer {
  return format === 'csv' ? csvLine(csvColumns) : Buffer.alloc(0);
}

/**
 * One record as it is exported. NDJSON: the bytes that Graph sent; of an export of several sources
 * inside `{"source":...,"record":...}`, because a record does not say to which it belongs. CSV: the
 * columns above, the whole record in the last one.
 */
export function exportRow(
  record: FoundRecord,
  format: LogExportFormat,
  isOneSource: boolean,
): Buffer {
  const { line, source } = record;
  if (format === 'csv') return csvRow(record);
  if (isOneSource) return Buffer.concat([line, Buffer.from('\n')]);
  const head = `{"source":${JSON.stringify(source)},"record":`;
  return Buffer.concat([Buffer.from(head), line, Buffer.from('}\n')]);
}

function csvRow({ source, time, line }: FoundRecord): Buffer {
  const { id, terms } = readRecord(logSourceEntries[source], line);
  const of = (kind: string): string =>
    terms
      .filter((term) => term.kind === kind)
      .map(({ value }) => value)
      .join('; ');
  const { result = '', code = '' } = resultOf(source, line);
  return csvLine([
    ...[source, time, id, of('actor'), of('target'), of('application'), of('address')],
    ...[of('correlation'), result, code, line.toString('utf8')],
  ]);
}

/**
 * RFC 4180; what a spreadsheet would take for a formula gets an apostrophe before it, and any kind of
 * line break is quoted.
 */
const csvForm = {
  record_delimiter: 'windows',
  escape_formulas: true,
  quoted_match: /[\r\n]/,
} as const;

function csvLine(cells: readonly string[]): Buffer {
  return Buffer.from(stringify([[...cells]], csvForm));
}
