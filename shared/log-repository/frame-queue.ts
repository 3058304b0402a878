/**
 * Hands items from a writer to a reader that runs at the same time; `push` waits while `capacity`
 * items are waiting, so that a slow store slows the writer instead of filling memory.
 */
export class FrameQueue<Item> implements AsyncIterable<Item> {
  readonly #capacity: number;
  readonly #items: Item[] = [];
  #ended = false;
  #failure: { readonly reason: unknown } | undefined;
  #wake: (() => void)[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Rejects with the reason once `fail` was called. */
  async push(item: Item): Promise<void> {
    while (this.#items.length >= this.#capacity && this.#failure === undefined) {
      await this.#change();
    }
    if (this.#failure !== undefined) throw this.#failure.reason;
    this.#items.push(item);
    this.#notify();
  }

  end(): void {
    this.#ended = true;
    this.#notify();
  }

  /** Both sides get the reason at their next step. */
  fail(reason: unknown): void {
    this.#failure ??= { reason };
    this.#notify();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure.reason;
      const item = this.#items.shift();
      if (item !== undefined) {
        this.#notify();
        yield item;
      } else if (this.#ended) {
        return;
      } else {
        await this.#change();
      }
    }
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#wake.push(resolve));
  }

  #notify(): void {
    const waiting = this.#wake;
    this.#wake = [];
    for (const wake of waiting) wake();
  }
}
