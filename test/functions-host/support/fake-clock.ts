import type { Clock } from '../../../local/functions-host/clock.ts';

/** A clock that stands still until it is told the time. */
export class FakeClock implements Clock {
  #now: number;
  #waiting: { at: number; action: () => void }[] = [];

  constructor(now: string) {
    this.#now = Date.parse(now);
  }

  now(): number {
    return this.#now;
  }

  callAt(at: number, action: () => void): () => void {
    const entry = { at, action };
    this.#waiting.push(entry);
    return () => {
      this.#waiting = this.#waiting.filter((other) => other !== entry);
    };
  }

  /** Moves to `time` through everything that becomes due on the way, in order. */
  async moveTo(time: string): Promise<void> {
    const end = Date.parse(time);
    for (;;) {
      const [next] = this.#waiting.filter((w) => w.at <= end).sort((a, b) => a.at - b.at);
      if (!next) break;
      this.#waiting = this.#waiting.filter((other) => other !== next);
      this.#now = Math.max(this.#now, next.at);
      next.action();
      await settle();
    }
    this.#now = end;
    await settle();
  }
}

/** Lets everything run that does not wait for a clock. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}
