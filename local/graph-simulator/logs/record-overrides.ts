// What a test changed of single records: further contents, further copies.
import type { LogVersion } from './record-block.ts';

export type RecordChange = {
  /** Milliseconds since 1970 from which the log shows the new content. */
  readonly from: number;
  /** The new content as JSON text; another rendering of the record unless given. */
  readonly text?: string;
  readonly keepsOlder?: boolean;
};

export class RecordOverrides {
  readonly #changes = new Map<number, RecordChange[]>();
  readonly #copies = new Map<number, number>();

  get isEmpty(): boolean {
    return this.#changes.size === 0 && this.#copies.size === 0;
  }

  change(index: number, change: RecordChange): void {
    this.#changes.set(index, [...(this.#changes.get(index) ?? []), change]);
  }

  repeat(index: number, copies: number): void {
    this.#copies.set(index, (this.#copies.get(index) ?? 0) + copies);
  }

  extraCopies(index: number): number {
    return this.#copies.get(index) ?? 0;
  }

  /** The record's own contents and the ones added here, in order of time. */
  versions(index: number, own: readonly LogVersion[]): readonly LogVersion[] {
    const added = (this.#changes.get(index) ?? []).map((change, place) => ({
      number: firstAdded + place,
      from: change.from,
      keepsOlder: change.keepsOlder ?? false,
    }));
    return added.length === 0 ? own : [...own, ...added].sort((a, b) => a.from - b.from);
  }

  /** The text given for this content; undefined when it has to be rendered. */
  text(index: number, version: number): string | undefined {
    return this.#changes.get(index)?.[version - firstAdded]?.text;
  }
}

/** Contents a stream draws have smaller numbers. */
const firstAdded = 1_000;
