// The live objects of one type in list order. A page border is a place in this order, so a rename
// while somebody lists moves a row over the border: it is skipped or comes twice, as in Graph.
import type { ObjectVersion } from './stored-object.ts';

/** Index of the first row whose key is greater than `key`. */
export function firstAfter(rows: readonly ObjectVersion[], key: string): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const row = rows[middle];
    if (row !== undefined && row.sortKey <= key) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

export function bySortKey(left: ObjectVersion, right: ObjectVersion): number {
  return left.sortKey < right.sortKey ? -1 : left.sortKey > right.sortKey ? 1 : 0;
}

export class OrderedVersions {
  #rows: ObjectVersion[] = [];
  #sorted = true;

  get rows(): readonly ObjectVersion[] {
    if (!this.#sorted) {
      this.#rows.sort(bySortKey);
      this.#sorted = true;
    }
    return this.#rows;
  }

  /** For seeds: sorting waits for the first read. */
  append(version: ObjectVersion): void {
    this.#rows.push(version);
    this.#sorted = false;
  }

  insert(version: ObjectVersion): void {
    const at = firstAfter(this.rows, version.sortKey);
    this.#rows.splice(at, 0, version);
  }

  remove(version: ObjectVersion): void {
    const at = firstAfter(this.rows, version.sortKey) - 1;
    if (this.#rows[at] === version) {
      this.#rows.splice(at, 1);
    }
  }
}
