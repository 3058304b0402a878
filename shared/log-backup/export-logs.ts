import { exportHead, exportRow, type LogExportFormat } from './export-rows.ts';
import type {
  SearchAnswer,
  SearchContext,
  SearchPosition,
  SearchRequest,
} from './search-context.ts';
import { searchLogs } from './search-logs.ts';

export interface LogExportPage {
  readonly pieces: readonly Buffer[];
  readonly records: number;
  readonly position?: SearchPosition;
  readonly isWhole: boolean;
  readonly notes: readonly string[];
}

/** Most that a page holds. */
const PAGE = { records: 5000, bytes: 16 * 1024 * 1024 };
/** A slow store may take this long for one step before the page is given up. */
const PATIENCE_MS = 240_000;

/** The next page of an export; the errors of searchLogs. */
export async function exportLogPage(
  context: SearchContext,
  request: SearchRequest,
  format: LogExportFormat,
  position: SearchPosition | undefined,
  milliseconds: number,
  page: { readonly records: number; readonly bytes: number } = PAGE,
): Promise<LogExportPage> {
  const limits = { ...page, softMs: milliseconds, hardMs: milliseconds + PATIENCE_MS };
  const answer = await searchLogs(context, request, limits, position);
  const isOneSource = request.sources.length === 1;
  const rows = answer.records.map((record) => exportRow(record, format, isOneSource));
  return {
    pieces: position === undefined ? [exportHead(format), ...rows] : rows,
    records: rows.length,
    isWhole: answer.next?.isWhole ?? answer.complete,
    notes: notesOf(answer),
    ...(answer.next === undefined ? {} : { position: answer.next }),
  };
}

function notesOf({ defects, gaps }: SearchAnswer): string[] {
  return [
    ...defects
      .filter(({ effect }) => effect === 'notSearched')
      .map(({ name, code }) => `${name} could not be read: ${code}`),
    ...gaps.map(({ source, from, to, kind }) => `${source} ${from} to ${to}: ${kind}`),
  ];
}
