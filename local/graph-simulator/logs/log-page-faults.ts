// Faults of log pages: which rows a page gets, and what stands in place of its parts.
import type { PageFault } from '../types.ts';
import type { LogRow } from './log-row.ts';

export type ShapedPage = {
  readonly rows: readonly LogRow[];
  /** Place of the first row of the next page. */
  readonly next: number;
};

type Cut = { readonly offset: number; readonly end: number };

/** The rows from `offset` to `end`, after the faults had their way with them. */
export function shapeLogPage(
  rows: readonly LogRow[],
  cut: Cut,
  faults: readonly PageFault[],
): ShapedPage {
  let page: Bounds = { ...cut, next: cut.end };
  for (const fault of faults) {
    page = boundsWith(fault, page, rows.length);
  }
  return { rows: rows.slice(page.offset, page.end), next: page.next };
}

type Bounds = Cut & { readonly next: number };

function boundsWith(fault: PageFault, page: Bounds, length: number): Bounds {
  const { offset, end, next } = page;
  const hasMore = next < length;
  if (fault.kind === 'emptyPage') {
    return { offset, end: offset, next: offset };
  }
  if (fault.kind === 'shortPage') {
    const cut = Math.min(end, offset + fault.rows);
    return { offset, end: cut, next: cut };
  }
  if (fault.kind === 'omitRows') {
    return { offset: Math.min(end, offset + fault.count), end, next };
  }
  if (fault.kind === 'skipRows' && hasMore) {
    return { offset, end, next: Math.min(length, next + fault.count) };
  }
  if (fault.kind === 'doubleRows' && hasMore) {
    return { offset, end, next: Math.max(offset + 1, next - fault.count) };
  }
  return page;
}

export type PageParts = {
  /** JSON text of `value`; undefined when it is left out. */
  readonly value: string | undefined;
  readonly nextLink: string | undefined;
};

/** `value` replaced or missing, the next link lost or changed. */
export function replaceLogParts(parts: PageParts, faults: readonly PageFault[]): PageParts {
  let { value, nextLink } = parts;
  for (const fault of faults) {
    if (fault.kind === 'loseNextLink') {
      nextLink = undefined;
    } else if (fault.kind === 'replaceNextLink' && nextLink !== undefined) {
      nextLink = fault.link;
    } else if (fault.kind === 'replaceValue') {
      value = fault.value === undefined ? undefined : JSON.stringify(fault.value);
    }
  }
  return { value, nextLink };
}
