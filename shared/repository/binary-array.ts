// https://github.com/postgres/postgres/blob/REL_17_STABLE/src/backend/utils/adt/arrayfuncs.c
// (array_recv): dimensions, whether there are nulls, type of the elements, then length and lower bound
// of each dimension, then the elements with their lengths. `pg` sends a Buffer as binary.
const INT8 = 20;
const TEXT = 25;
const HEADER = 20;
const LENGTH = 4;
const WIDTH = LENGTH + 8;
const HALF = 2 ** 32;

/**
 * A parameter for `$n::bigint[]`: a tenth of the work of an array that `pg` writes as text. Whole
 * numbers from 0 below 2^53.
 */
export function bigintArray(values: readonly number[]): Buffer {
  const buffer = Buffer.allocUnsafe(HEADER + WIDTH * values.length);
  let at = writeHeader(buffer, INT8, values.length);
  for (const value of values) {
    at = buffer.writeInt32BE(8, at);
    at = buffer.writeUInt32BE(Math.floor(value / HALF), at);
    at = buffer.writeUInt32BE(value % HALF, at);
  }
  return buffer;
}

/** A parameter for `$n::text[]`. */
export function textArray(values: readonly string[]): Buffer {
  let size = HEADER;
  for (const value of values) size += LENGTH + Buffer.byteLength(value);
  const buffer = Buffer.allocUnsafe(size);
  let at = writeHeader(buffer, TEXT, values.length);
  for (const value of values) {
    const length = buffer.write(value, at + LENGTH);
    at = buffer.writeInt32BE(length, at) + length;
  }
  return buffer;
}

function writeHeader(buffer: Buffer, type: number, length: number): number {
  let at = buffer.writeInt32BE(1, 0);
  at = buffer.writeInt32BE(0, at);
  at = buffer.writeInt32BE(type, at);
  at = buffer.writeInt32BE(length, at);
  return buffer.writeInt32BE(1, at);
}

/** Numbers of an array of integers that a statement answers as text; null is undefined. */
export function numbersOf(text: string | null): (number | undefined)[] {
  if (text === null || text === '{}') return [];
  return text
    .slice(1, -1)
    .split(',')
    .map((value) => (value === 'NULL' ? undefined : Number(value)));
}
