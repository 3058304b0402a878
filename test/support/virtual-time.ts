// Time that moves only when everybody waits: hours of several workers in a moment, each with a clock
// that may be wrong.
import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../shared/model/clock.ts';

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

export class VirtualTime {
  now: number;
  #sleepers: Sleeper[] = [];

  constructor(start: number) {
    this.now = start;
  }

  clock(skewMs = 0): Clock {
    return {
      now: () => new Date(this.now + skewMs),
      sleep: (milliseconds, signal) => {
        signal?.throwIfAborted();
        return this.sleep(milliseconds);
      },
    };
  }

  sleep(milliseconds: number): Promise<void> {
    return new Promise((wake) => {
      this.#sleepers.push({ at: this.now + Math.max(0, milliseconds), wake });
    });
  }

  /** Runs until nobody sleeps any more before `end`. */
  async runUntil(end: number): Promise<void> {
    for (;;) {
      await setImmediate();
      const next = Math.min(...this.#sleepers.map(({ at }) => at));
      if (next > end) break;
      this.now = Math.max(this.now, next);
      const due = this.#sleepers.filter(({ at }) => at <= this.now);
      this.#sleepers = this.#sleepers.filter(({ at }) => at > this.now);
      for (const { wake } of due) wake();
    }
    this.now = end;
  }
}
