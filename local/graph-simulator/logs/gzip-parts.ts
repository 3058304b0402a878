// One gzip stream made of parts that were compressed before: a page of a thousand records costs the
// benchmark a copy instead of a compression. Each part is a run of deflate blocks that ends on a
// byte; the check sum of the whole is combined from those of the parts.
// https://www.rfc-editor.org/rfc/rfc1951 and https://www.rfc-editor.org/rfc/rfc1952
import { constants, crc32, deflateRawSync } from 'node:zlib';

export type DeflatedPart = {
  /** Whole deflate blocks, none of them the last. */
  readonly bytes: Buffer;
  /** Of the text, before compression. */
  readonly length: number;
  readonly crc: number;
};

export function deflatePart(text: string): DeflatedPart {
  const plain = Buffer.from(text);
  return {
    bytes: deflateRawSync(plain, { level: 1, finishFlush: constants.Z_SYNC_FLUSH }),
    length: plain.length,
    crc: crc32(plain),
  };
}

const header = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 3]);
/** An empty stored block, marked as the last. */
const lastBlock = Buffer.from([1, 0, 0, 0xff, 0xff]);

export type Gzip = { readonly bytes: Buffer; readonly plainLength: number };

export function joinParts(parts: readonly DeflatedPart[]): Gzip {
  let crc = 0;
  let plainLength = 0;
  for (const part of parts) {
    crc = combine(crc, part.crc, part.length);
    plainLength += part.length;
  }
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc >>> 0, 0);
  trailer.writeUInt32LE(plainLength >>> 0, 4);
  const pieces = [header, ...parts.map(({ bytes }) => bytes), lastBlock, trailer];
  return { bytes: Buffer.concat(pieces), plainLength };
}

const polynomial = 0xedb88320;

/** Product of two polynomials modulo that of CRC-32, bits reversed. */
function multiply(a: number, b: number): number {
  let product = 0;
  let factor = b;
  for (let bit = 0x80000000; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) {
      product ^= factor;
    }
    factor = (factor & 1) !== 0 ? (factor >>> 1) ^ polynomial : factor >>> 1;
  }
  return product >>> 0;
}

/** x to the power of 8 * `bytes`. */
function powerOf(bytes: number): number {
  let power = 0x80000000;
  let square = 0x00800000;
  for (let rest = bytes; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) {
      power = multiply(square, power);
    }
    square = multiply(square, square);
  }
  return power;
}

/** Check sum of two texts behind one another, from theirs and the length of the second. */
function combine(first: number, second: number, secondLength: number): number {
  return (multiply(powerOf(secondLength), first) ^ second) >>> 0;
}
