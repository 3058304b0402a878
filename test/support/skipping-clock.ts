// A clock whose waits take no time: they only move it forward, as if everybody had waited.
import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../shared/model/clock.ts';

export class SkippingClock implements Clock {
  #skippedMs = 0;

  now(): Date {
    return new Date(Date.now() + this.#skippedMs);
  }

  async sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.#skippedMs += Math.max(0, milliseconds);
    await setImmediate();
  }
}
