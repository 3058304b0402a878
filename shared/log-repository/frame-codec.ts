import { promisify } from 'node:util';
import { constants, gunzip, gzip, zstdCompress, zstdDecompress } from 'node:zlib';

/** zstd by default; gzip for tools that know nothing else. Frames of both kinds stand alone. */
export type Codec = 'zstd' | 'gzip';

const [toGzip, fromGzip] = [promisify(gzip), promisify(gunzip)];
const [toZstd, fromZstd] = [promisify(zstdCompress), promisify(zstdDecompress)];
// level 1: 20 times smaller on sign-ins for 0.8 s of CPU per GB; higher levels gain little
const LEVEL = 1;
const zstdOptions = { params: { [constants.ZSTD_c_compressionLevel]: LEVEL } };

export async function compress(raw: Uint8Array, codec: Codec): Promise<Buffer> {
  return codec === 'zstd' ? await toZstd(raw, zstdOptions) : await toGzip(raw, { level: LEVEL });
}

/** Rejects when the result would be longer than `rawBytes`, so that no small frame fills memory. */
export async function decompress(
  compressed: Uint8Array,
  codec: Codec,
  rawBytes: number,
): Promise<Buffer> {
  const options = { maxOutputLength: rawBytes };
  return codec === 'zstd'
    ? await fromZstd(compressed, options)
    : await fromGzip(compressed, options);
}
