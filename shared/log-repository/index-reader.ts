import type { KeyWrapper } from '../encryption/key-wrapper.ts';
import { BackupError } from '../errors/backup-error.ts';
import type { Container } from './container-reader.ts';
import { findTerm, hashText, type Term, termHash } from './index-blocks.ts';
import type { LogStore } from './log-store.ts';
import { DIGEST_BYTES } from './record-line.ts';
import { type NamedBlob, openNamed } from './segment-reader.ts';

export interface SegmentIndex {
  readonly name: string;
  readonly records: number;
  /** Sorted digests of 16 bytes, some thousand at a time. */
  digests(): AsyncIterable<Buffer>;
  /** Frames of the segment in which the term may occur, ascending; reads at most one block. */
  framesOf(term: Term): Promise<number[]>;
}

/** Opens an index by its name; the errors of openContainer, and `logNameInvalid`. */
export async function openIndex(
  store: LogStore,
  name: string,
  keys: KeyWrapper,
  named?: Partial<NamedBlob>,
): Promise<SegmentIndex> {
  const container = await openNamed(store, name, keys, 'index', named);
  const termKey = container.footer.attributes['termKey'];
  if (termKey === undefined) throw damagedIndex(name);
  const entries = [...container.footer.frames.entries()];
  const digests = entries.filter(([, { section }]) => section === 'digests');
  const terms = entries.filter(([, { section }]) => section === 'terms');
  return {
    name,
    records: digests.reduce((sum, [, { records }]) => sum + records, 0),
    digests: () => readDigests(container),
    framesOf: async (term) => {
      const key = termHash(termKey, term);
      const text = hashText(key);
      const block = terms.findLast(([, { firstKey = '' }]) => firstKey <= text);
      if (block === undefined) return [];
      return findTerm(await container.readFrame(block[0]), key, name);
    },
  };
}

async function* readDigests(container: Container): AsyncGenerator<Buffer> {
  for await (const { number, compressed } of container.frames()) {
    const entry = container.footer.frames[number];
    // they come first
    if (entry?.section !== 'digests') return;
    const raw = await container.decompress(number, compressed);
    if (raw.length !== entry.records * DIGEST_BYTES) throw damagedIndex(container.name);
    yield raw;
  }
}

function damagedIndex(name: string): BackupError {
  return new BackupError('containerDamaged', `the index ${name} has another form than documented`, {
    details: { name, part: 'index' },
  });
}
