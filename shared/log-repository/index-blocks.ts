// Forms of the two kinds of blocks in an index; docs/log-format.md describes them.
import { hash } from 'node:crypto';
import { BackupError } from '../errors/backup-error.ts';

export const termKinds = ['actor', 'target', 'application', 'address', 'correlation'] as const;
export type TermKind = (typeof termKinds)[number];

export interface Term {
  readonly kind: TermKind;
  /** Compared without regard to case. */
  readonly value: string;
}

export const TERM_BYTES = 6;
/** Of a term's key as a number: 48 bits. */
const LOW = 2 ** 16;

/** Six bytes of the keyed hash of a term, as a number below 2^48. */
export function termHash(termKey: string, { kind, value }: Term): number {
  const digest = hash('sha256', `${termKey}\n${kind}\n${value.toLowerCase()}`, 'buffer');
  return digest.readUIntBE(0, TERM_BYTES);
}

export function hashText(key: number): string {
  return key.toString(16).padStart(2 * TERM_BYTES, '0');
}

/** Count; the keys, column by column; how many frames each has; the frames as varint differences. */
export function encodeTerms(
  keys: readonly number[],
  frames: readonly (readonly number[])[],
): Buffer {
  const count = Buffer.alloc(4);
  count.writeUInt32BE(keys.length);
  const columns = Buffer.alloc(TERM_BYTES * keys.length);
  for (const [place, key] of keys.entries()) {
    const [high, low] = [Math.floor(key / LOW), key % LOW];
    for (let column = 0; column < TERM_BYTES; column++) {
      const byte = column < 4 ? high >>> (8 * (3 - column)) : low >>> (8 * (5 - column));
      columns[column * keys.length + place] = byte & 0xff;
    }
  }
  const lengths: number[] = [];
  const differences: number[] = [];
  for (const list of frames) {
    pushVarint(lengths, list.length);
    let before = 0;
    for (const frame of list) {
      pushVarint(differences, frame - before);
      before = frame;
    }
  }
  return Buffer.concat([count, columns, Buffer.from(lengths), Buffer.from(differences)]);
}

/** Frames of one key in a block of terms; empty when the block does not have it. */
export function findTerm(block: Buffer, key: number, name: string): number[] {
  const count = block.length < 4 ? 0 : block.readUInt32BE(0);
  const columnsEnd = 4 + TERM_BYTES * count;
  if (count === 0 || columnsEnd > block.length) throw damagedBlock(name);
  const place = placeOf(block, count, key);
  if (place === undefined) return [];
  const reader = new VarintReader(block, columnsEnd, name);
  let [skipped, length] = [0, 0];
  for (let each = 0; each < count; each++) {
    const frames = reader.next();
    if (each < place) skipped += frames;
    if (each === place) length = frames;
  }
  for (let each = 0; each < skipped; each++) reader.next();
  const found: number[] = [];
  let frame = 0;
  for (let each = 0; each < length; each++) {
    frame += reader.next();
    found.push(frame);
  }
  return found;
}

function placeOf(block: Buffer, count: number, key: number): number | undefined {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keyAt(block, count, middle) < key) low = middle + 1;
    else high = middle;
  }
  return low < count && keyAt(block, count, low) === key ? low : undefined;
}

function keyAt(block: Buffer, count: number, place: number): number {
  let key = 0;
  for (let column = 0; column < TERM_BYTES; column++) {
    key = key * 256 + block.readUInt8(4 + column * count + place);
  }
  return key;
}

function pushVarint(bytes: number[], value: number): void {
  let rest = value;
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest);
}

class VarintReader {
  readonly #block: Buffer;
  #offset: number;
  readonly #name: string;

  constructor(block: Buffer, offset: number, name: string) {
    this.#block = block;
    this.#offset = offset;
    this.#name = name;
  }

  next(): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#block[this.#offset];
      if (byte === undefined) throw damagedBlock(this.#name);
      this.#offset += 1;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw damagedBlock(this.#name);
  }
}

function damagedBlock(name: string): BackupError {
  return new BackupError('containerDamaged', `a block of terms of ${name} cannot be read`, {
    details: { name, part: 'terms' },
  });
}
