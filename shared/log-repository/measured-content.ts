import { createHash, type Hash } from 'node:crypto';

/** Length and SHA-256 of bytes that pass. */
export class Measure {
  bytes = 0;
  readonly #hash: Hash = createHash('sha256');

  add(piece: Uint8Array): void {
    this.bytes += piece.length;
    this.#hash.update(piece);
  }

  /** Hexadecimal; ends the measuring. */
  sha256(): string {
    return this.#hash.digest('hex');
  }
}

/** What a source of content threw: told apart from errors of the store that reads it. */
export class ContentError extends Error {
  readonly reason: unknown;

  constructor(reason: unknown) {
    super('the content ended with an error');
    this.reason = reason;
  }
}

export async function* measured(
  content: AsyncIterable<Uint8Array> | Uint8Array,
  measure: Measure,
): AsyncGenerator<Uint8Array> {
  if (content instanceof Uint8Array) {
    measure.add(content);
    yield content;
    return;
  }
  const pieces = content[Symbol.asyncIterator]();
  let finished = false;
  try {
    for (;;) {
      const next = await pieces.next().catch((reason: unknown) => {
        finished = true;
        throw new ContentError(reason);
      });
      if (next.done === true) {
        finished = true;
        return;
      }
      measure.add(next.value);
      yield next.value;
    }
  } finally {
    // the store stopped reading: let the source clean up
    if (!finished) await pieces.return?.();
  }
}

/** Length and hash of what a store gives back. */
export async function measureStream(stream: AsyncIterable<Uint8Array>): Promise<Measure> {
  const measure = new Measure();
  for await (const piece of stream) measure.add(piece);
  return measure;
}
