import type { Clock } from '../../../local/functions-host/clock.ts';

// So many turns of the event loop without a sign of life mean that all wait for the clock.
const QUIET_TURNS = 12;

interface Waiting {
  at: number;
  action: () => void;
}

/**
 * A clock that jumps to the next thing that waits for it as soon as nothing else is going on: a
 * minute of timers takes milliseconds, and a busy machine changes no order of events.
 */
export class AutoClock implements Clock {
  #now = Date.now();
  #waiting: Waiting[] = [];
  #quiet = 0;
  #held = 0;
  #stopped = false;

  constructor() {
    this.#turn();
  }

  now(): number {
    return this.#now;
  }

  callAt(at: number, action: () => void): () => void {
    const entry: Waiting = { at, action };
    this.#waiting.push(entry);
    this.alive();
    return () => {
      this.#waiting = this.#waiting.filter((other) => other !== entry);
    };
  }

  sleep(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.callAt(this.#now + ms, resolve);
    return promise;
  }

  /** Something happened: whatever follows from it comes before the clock moves on. */
  alive(): void {
    this.#quiet = 0;
  }

  /** The clock stands still while `work`, which the event loop cannot see, goes on. */
  async hold<T>(work: () => Promise<T>): Promise<T> {
    this.#held += 1;
    try {
      return await work();
    } finally {
      this.#held -= 1;
      this.alive();
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  #turn(): void {
    if (this.#stopped) return;
    this.#quiet = this.#held > 0 ? 0 : this.#quiet + 1;
    if (this.#quiet > QUIET_TURNS) this.#advance();
    setImmediate(() => this.#turn());
  }

  #advance(): void {
    const next = Math.min(...this.#waiting.map((entry) => entry.at));
    if (!Number.isFinite(next)) return;
    this.#now = Math.max(this.#now, next);
    const due = this.#waiting.filter((entry) => entry.at <= this.#now);
    this.#waiting = this.#waiting.filter((entry) => entry.at > this.#now);
    this.alive();
    for (const entry of due) entry.action();
  }
}
