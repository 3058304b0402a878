// Every change of a tenant in order. Change number n is entry n-1; delta tokens hold such numbers.
import type { Relationship } from '../types.ts';
import type { StoredObject } from './stored-object.ts';

export type ObjectChangeKind = 'created' | 'updated' | 'deleted' | 'restored' | 'purged';

export type ObjectChange = {
  readonly kind: ObjectChangeKind;
  readonly at: number;
  readonly object: StoredObject;
  /** Names whose values changed, for `updated`. */
  readonly names: readonly string[];
};

export type LinkChangeEntry = {
  readonly kind: 'linkAdded' | 'linkRemoved';
  readonly at: number;
  readonly relationship: Relationship;
  readonly object: StoredObject;
  readonly target: StoredObject;
};

export type ChangeEntry = ObjectChange | LinkChangeEntry;

/** An entry without its time: the log sets that. */
export type NewEntry = Omit<ObjectChange, 'at'> | Omit<LinkChangeEntry, 'at'>;

export class ChangeLog {
  readonly #entries: ChangeEntry[] = [];

  /** Number of the newest change; 0 when only the seed happened. */
  get sequence(): number {
    return this.#entries.length;
  }

  /** Appends and returns the number of the change. Times never run backwards. */
  append(entry: NewEntry, now: number): number {
    const at = Math.max(now, this.#entries.at(-1)?.at ?? 0);
    this.#entries.push({ ...entry, at } as ChangeEntry);
    return this.#entries.length;
  }

  /** Number of the newest change that happened at or before `time`. */
  sequenceAt(time: number): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#entries[middle]?.at ?? 0) <= time) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /** Entries with numbers in `(after, upTo]`, oldest first. */
  *between(after: number, upTo: number): Generator<ChangeEntry> {
    for (let index = after; index < upTo; index += 1) {
      const entry = this.#entries[index];
      if (entry !== undefined) {
        yield entry;
      }
    }
  }
}
