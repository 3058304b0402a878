import { createHash } from 'node:crypto';
import type { Clock } from '../model/clock.ts';
import type { WrappedKey } from './key-wrapper.ts';

const LIMIT = 1000;

interface Opened {
  readonly key: Promise<Buffer>;
  readonly until: number;
}

/**
 * Data keys that were opened a short while ago, so that reading on in a segment asks no vault.
 * Failures are not remembered; callers that come together share one request.
 */
export class UnwrappedKeys {
  readonly #clock: Clock;
  readonly #rememberMs: number;
  readonly #opened = new Map<string, Opened>();

  constructor(clock: Clock, rememberMs: number) {
    this.#clock = clock;
    this.#rememberMs = rememberMs;
  }

  /** A copy that the caller may overwrite. */
  async open(wrapped: WrappedKey, unwrap: () => Promise<Buffer>): Promise<Buffer> {
    const now = this.#clock.now().getTime();
    const name = nameOf(wrapped);
    const known = this.#opened.get(name);
    if (known !== undefined && known.until > now) return Buffer.from(await known.key);
    const opened = { key: unwrap(), until: now + this.#rememberMs };
    this.#forget(now);
    this.#opened.set(name, opened);
    try {
      return Buffer.from(await opened.key);
    } catch (error) {
      if (this.#opened.get(name) === opened) this.#opened.delete(name);
      throw error;
    }
  }

  /** What is past its time, and above the limit the oldest. */
  #forget(now: number): void {
    for (const [name, { until }] of this.#opened) {
      if (until > now && this.#opened.size < LIMIT) return;
      this.#opened.delete(name);
    }
  }
}

function nameOf({ keyId, algorithm, bytes }: WrappedKey): string {
  const head = JSON.stringify([keyId, algorithm]);
  return createHash('sha256').update(head).update(bytes).digest('base64');
}
