import type { FoundRecord } from './search-context.ts';

const byKey = (one: FoundRecord, other: FoundRecord): number => (one.key < other.key ? -1 : 1);

/** The records with the smallest keys of all that were added, at most `most`. */
export class SmallestRecords {
  readonly #most: number;
  #records: FoundRecord[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  add(records: readonly FoundRecord[]): void {
    if (records.length === 0) return;
    this.#records = [...this.#records, ...records].sort(byKey).slice(0, this.#most);
  }

  get isFull(): boolean {
    return this.#records.length >= this.#most;
  }

  /** Empty while there is none. */
  get lastKey(): string {
    return this.#records.at(-1)?.key ?? '';
  }

  sorted(): readonly FoundRecord[] {
    return this.#records;
  }

  /** Those of an earlier time. */
  before(time: string): readonly FoundRecord[] {
    return this.#records.filter(({ key }) => key < time);
  }
}
