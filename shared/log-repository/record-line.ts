import { hash } from 'node:crypto';

export const DIGEST_BYTES = 16;
const HALF = DIGEST_BYTES / 2;
const [LINE_FEED, SPACE] = [0x0a, 0x20];

/**
 * The bytes of a record as they are stored, without the line feed behind them: exactly what Graph
 * sent, except that a line feed between tokens becomes a space (inside a JSON string none can
 * occur). Answers the same bytes when there is none, as with Graph always so far.
 */
export function recordLine(raw: Uint8Array): Uint8Array {
  if (!raw.includes(LINE_FEED)) return raw;
  return raw.map((byte) => (byte === LINE_FEED ? SPACE : byte));
}

/**
 * 16 bytes that stand for one version of one record: half of the hash of its id, exactly as sent,
 * and half of the hash of its line. All versions of a record begin with the same 8 bytes.
 */
export function recordDigest(id: string, line: Uint8Array): Buffer {
  const digest = Buffer.allocUnsafe(DIGEST_BYTES);
  hash('sha256', id, 'buffer').copy(digest, 0, 0, HALF);
  hash('sha256', line, 'buffer').copy(digest, HALF, 0, HALF);
  return digest;
}
