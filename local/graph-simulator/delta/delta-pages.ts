// Cuts the rows of a round into pages: 200 rows, about 500 links. A large group comes again on
// later pages with the next part of its links, other groups in between.
import { deltaLinksPerPage, deltaRowsPerPage } from '../page-sizes.ts';
import type { DeltaRow, LinkPart } from './delta-rows.ts';

export type DeltaPage = readonly DeltaRow[];

export function cutPages(rows: readonly DeltaRow[]): readonly DeltaPage[] {
  const cutter = new PageCutter();
  let at = 0;
  let takePending = false;
  while (at < rows.length || cutter.hasPending) {
    const row = rows[at];
    if (row === undefined || (takePending && cutter.hasPending)) {
      cutter.addPending();
    } else {
      cutter.add(row);
      at += 1;
    }
    takePending = !takePending;
  }
  return cutter.finish();
}

class PageCutter {
  readonly #pages: DeltaRow[][] = [];
  readonly #pending: DeltaRow[] = [];
  #page: DeltaRow[] = [];
  #links = 0;

  get hasPending(): boolean {
    return this.#pending.length > 0;
  }

  addPending(): void {
    const row = this.#pending.shift();
    if (row !== undefined) {
      this.add(row);
    }
  }

  add(row: DeltaRow): void {
    if (this.#page.length >= deltaRowsPerPage || this.#links >= deltaLinksPerPage) {
      this.#close();
    }
    const [part, rest] = splitLinks(row, deltaLinksPerPage - this.#links);
    this.#page.push(part);
    this.#links += linkCount(part.links);
    if (rest !== undefined) {
      this.#pending.push(rest);
    }
  }

  /** At least one page, possibly empty. */
  finish(): readonly DeltaPage[] {
    if (this.#page.length > 0 || this.#pages.length === 0) {
      this.#close();
    }
    return this.#pages;
  }

  #close(): void {
    this.#pages.push(this.#page);
    this.#page = [];
    this.#links = 0;
  }
}

function linkCount(parts: readonly LinkPart[]): number {
  return parts.reduce((sum, part) => sum + part.added.length + part.removed.length, 0);
}

function splitLinks(row: DeltaRow, room: number): readonly [DeltaRow, DeltaRow | undefined] {
  if (linkCount(row.links) <= room) {
    return [row, undefined];
  }
  const now: LinkPart[] = [];
  const later: LinkPart[] = [];
  let left = room;
  for (const part of row.links) {
    const removed = part.removed.slice(0, left);
    left -= removed.length;
    const added = part.added.slice(0, left);
    left -= added.length;
    const { relationship } = part;
    if (removed.length + added.length > 0) {
      now.push({ relationship, removed, added });
    }
    if (removed.length < part.removed.length || added.length < part.added.length) {
      later.push({
        relationship,
        removed: part.removed.slice(removed.length),
        added: part.added.slice(added.length),
      });
    }
  }
  return [
    { ...row, links: now },
    { ...row, links: later },
  ];
}
