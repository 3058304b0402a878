import type { KeyWrapper } from '../encryption/key-wrapper.ts';
import type { Container } from './container-reader.ts';
import { type Frame, type StoredContainer, storeContainer } from './container-writer.ts';
import type { LogStore } from './log-store.ts';

export interface ReencryptTarget {
  readonly store: LogStore;
  readonly name: string;
  readonly keys: KeyWrapper;
  /** Another id than the source has: its name is taken. */
  readonly segmentId?: string;
}

/**
 * Stores the same compressed frames under a new data key and another repository's key, without
 * compressing again. Each frame is checked before it is sealed: a damaged one stops the copy and
 * leaves nothing. Holds a few frames at a time.
 */
export async function reencryptContainer(
  source: Container,
  target: ReencryptTarget,
): Promise<StoredContainer | 'exists'> {
  const { tenant, source: logSource, content, codec } = source.header;
  const segmentId = target.segmentId ?? source.header.segmentId;
  const identity = { tenant, source: logSource, segmentId, content };
  const { attributes } = source.footer;
  const options = { identity, keys: target.keys, codec, attributes };
  return await storeContainer(target.store, target.name, options, framesOf(source));
}

async function* framesOf(source: Container): AsyncGenerator<Frame> {
  for await (const { number, compressed } of source.frames()) {
    const entry = source.footer.frames[number];
    if (entry === undefined) continue;
    const { offset: _offset, bytes: _bytes, sha256: _sha256, ...rest } = entry;
    yield { ...rest, compressed };
  }
}
