// Collects the index of one segment while the segment is written: which records it holds, and in
// which frames a person, an application, an address or a correlation id occurs.
import { randomBytes } from 'node:crypto';
import type { KeyWrapper } from '../encryption/key-wrapper.ts';
import { BackupError } from '../errors/backup-error.ts';
import { type Frame, type StoredContainer, storeContainer } from './container-writer.ts';
import { type Codec, compress } from './frame-codec.ts';
import { GrowingRows } from './growing-rows.ts';
import { encodeTerms, hashText, TERM_BYTES, type Term, termHash } from './index-blocks.ts';
import { indexName, type SegmentPlace, segmentName } from './log-names.ts';
import type { LogStore } from './log-store.ts';
import { DIGEST_BYTES } from './record-line.ts';
import { MAX_ROWS, sortRows } from './sorted-rows.ts';

const DIGESTS_PER_BLOCK = 16_384;
const TERMS_PER_BLOCK = 4096;
/** A term of a row: six bytes of its hash, and the frame in three. */
const ROW_BYTES = TERM_BYTES + 3;
const KNOWN_TERMS = 50_000;

/** Digests and terms of at most 16,777,216 records and as many (term, record) pairs. */
export class IndexWriter {
  records = 0;
  readonly #termKey = randomBytes(16).toString('hex');
  readonly #digests = new GrowingRows();
  readonly #terms = new GrowingRows();
  /** Hashes of terms seen lately, and the frame they were last written for. */
  readonly #known = new Map<string, { readonly hash: number; frame: number }>();

  /** `digest`: see recordDigest; `frame`: what the segment's writer answered. Terms may repeat. */
  add(digest: Buffer, frame: number, terms: readonly Term[]): void {
    const pairs = this.#terms.bytes / ROW_BYTES + terms.length;
    if (digest.length !== DIGEST_BYTES || this.records >= MAX_ROWS || pairs > MAX_ROWS) {
      throw new BackupError('invalidState', 'an index got too many records or a wrong digest');
    }
    const { buffer, from } = this.#digests.reserve(DIGEST_BYTES);
    digest.copy(buffer, from);
    this.records += 1;
    for (const term of terms) if (term.value !== '') this.#addTerm(term, frame);
  }

  /** Stores the index beside its segment. */
  async store(
    store: LogStore,
    options: { readonly place: SegmentPlace; readonly keys: KeyWrapper; readonly codec?: Codec },
  ): Promise<StoredContainer | 'exists'> {
    const { place, keys, codec = 'zstd' } = options;
    const { tenant, source, segmentId } = place;
    const identity = { tenant, source, segmentId, content: 'index' };
    const attributes = { termKey: this.#termKey };
    const target = { identity, keys, codec, attributes };
    return await storeContainer(store, indexName(segmentName(place)), target, this.#frames(codec));
  }

  #addTerm(term: Term, frame: number): void {
    const text = `${term.kind}\n${term.value}`;
    let known = this.#known.get(text);
    // records of one person come in many lines of one frame
    if (known?.frame === frame) return;
    if (known === undefined) {
      known = { hash: termHash(this.#termKey, term), frame };
      if (this.#known.size >= KNOWN_TERMS) this.#known.clear();
      this.#known.set(text, known);
    }
    known.frame = frame;
    const { buffer, from } = this.#terms.reserve(ROW_BYTES);
    buffer.writeUIntBE(known.hash, from, TERM_BYTES);
    buffer.writeUIntBE(frame, from + TERM_BYTES, 3);
  }

  async *#frames(codec: Codec): AsyncGenerator<Frame> {
    const digests = sortRows(this.#digests.content(), DIGEST_BYTES);
    const step = DIGESTS_PER_BLOCK * DIGEST_BYTES;
    for (let from = 0; from < digests.length; from += step) {
      const raw = digests.subarray(from, from + step);
      const firstKey = raw.toString('hex', 0, DIGEST_BYTES);
      yield await frameOf('digests', firstKey, raw, raw.length / DIGEST_BYTES, codec);
    }
    for (const { keys, frames } of termBlocks(sortRows(this.#terms.content(), ROW_BYTES))) {
      const raw = encodeTerms(keys, frames);
      yield await frameOf('terms', hashText(keys[0] ?? 0), raw, keys.length, codec);
    }
  }
}

async function frameOf(
  section: 'digests' | 'terms',
  firstKey: string,
  raw: Buffer,
  records: number,
  codec: Codec,
): Promise<Frame> {
  const compressed = await compress(raw, codec);
  return { compressed, raw: raw.length, records, section, firstKey };
}

interface TermBlock {
  readonly keys: number[];
  readonly frames: number[][];
}

/** All frames of a term stand in one block. */
function* termBlocks(rows: Buffer): Generator<TermBlock> {
  let block: TermBlock = { keys: [], frames: [] };
  for (let from = 0; from < rows.length; from += ROW_BYTES) {
    const key = rows.readUIntBE(from, TERM_BYTES);
    const frame = rows.readUIntBE(from + TERM_BYTES, 3);
    const last = block.frames.at(-1);
    if (block.keys.at(-1) === key && last !== undefined) {
      if (last.at(-1) !== frame) last.push(frame);
      continue;
    }
    if (block.keys.length === TERMS_PER_BLOCK) {
      yield block;
      block = { keys: [], frames: [] };
    }
    block.keys.push(key);
    block.frames.push([frame]);
  }
  if (block.keys.length > 0) yield block;
}
