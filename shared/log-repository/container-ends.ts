import { hash } from 'node:crypto';
import { BackupError } from '../errors/backup-error.ts';
import { MAX_FOOTER_BYTES, parseTrailer, TRAILER_BYTES } from './container-footer.ts';
import {
  type ContainerExpectation,
  type ContainerHeader,
  headerBytes,
  PREAMBLE_BYTES,
  parseHeader,
} from './container-header.ts';
import { TAG_BYTES } from './frame-cipher.ts';
import type { LogStore } from './log-store.ts';

/** The two ends of a container, before anything was decrypted. */
export interface ContainerEnds {
  readonly bytes: number;
  readonly header: ContainerHeader;
  readonly headerLength: number;
  readonly headerSha256: string;
  readonly sealedFooter: Buffer;
  readonly footerOffset: number;
  readonly footerSha256: string;
}

/** Enough for the footer of some hundred frames and for a whole small container: one request. */
const TAIL_BYTES = 64 * 1024;
const HEAD_BYTES = 4 * 1024;

/** Reads both ends and compares them with what is expected; see openContainer for the errors. */
export async function openEnds(
  store: LogStore,
  name: string,
  expected: ContainerExpectation,
): Promise<ContainerEnds> {
  const bytes = expected.bytes ?? (await sizeOf(store, name));
  const tail = await readTail(store, name, bytes);
  const beginning = await readBeginning(store, name, bytes, tail);
  const header = parseHeader(beginning, name);
  checkIdentity(header, expected, name);
  const sealedFooter = await readFooter(store, name, bytes, tail);
  const footerOffset = bytes - TRAILER_BYTES - sealedFooter.length;
  if (footerOffset < beginning.length) throw truncated(name);
  const footerSha256 = hash('sha256', sealedFooter);
  if (expected.footerSha256 !== undefined && expected.footerSha256 !== footerSha256) {
    throw foreign(name, 'its footer is not the one that the manifest names');
  }
  return {
    ...{ bytes, header, sealedFooter, footerOffset, footerSha256 },
    headerLength: beginning.length,
    headerSha256: hash('sha256', beginning),
  };
}

async function sizeOf(store: LogStore, name: string): Promise<number> {
  const blob = await store.head(name);
  if (blob === undefined) throw missing(name);
  return blob.bytes;
}

/** Asks for one byte more than there should be. */
async function readTail(store: LogStore, name: string, bytes: number): Promise<Buffer> {
  const from = Math.max(0, bytes - TAIL_BYTES);
  const tail = await store.read(name, { from, bytes: bytes - from + 1 });
  if (tail === undefined) throw missing(name);
  if (tail.length < bytes - from) throw truncated(name);
  if (tail.length === bytes - from) return tail;
  throw new BackupError('containerDamaged', `${name} has more bytes than its manifest says`, {
    details: { name, part: 'length', bytes },
  });
}

async function readBeginning(
  store: LogStore,
  name: string,
  bytes: number,
  tail: Buffer,
): Promise<Buffer> {
  const whole = tail.length === bytes;
  const read = async (count: number): Promise<Buffer> => {
    if (whole) return tail.subarray(0, count);
    return (await store.read(name, { from: 0, bytes: count })) ?? Buffer.alloc(0);
  };
  const first = await read(HEAD_BYTES);
  if (first.length < PREAMBLE_BYTES && first.length === bytes) throw truncated(name);
  const length = headerBytes(first, name);
  const beginning = length <= first.length ? first.subarray(0, length) : await read(length);
  if (beginning.length < length) throw truncated(name);
  return beginning;
}

async function readFooter(
  store: LogStore,
  name: string,
  bytes: number,
  tail: Buffer,
): Promise<Buffer> {
  const length = parseTrailer(tail);
  if (length === undefined) throw truncated(name);
  const end = length + TRAILER_BYTES;
  if (length < TAG_BYTES || length > MAX_FOOTER_BYTES || end > bytes) throw truncated(name);
  if (end <= tail.length) return tail.subarray(tail.length - end, tail.length - TRAILER_BYTES);
  const footer = await store.read(name, { from: bytes - end, bytes: length });
  if (footer?.length !== length) throw truncated(name);
  return footer;
}

function checkIdentity(
  header: ContainerHeader,
  expected: ContainerExpectation,
  name: string,
): void {
  for (const member of ['tenant', 'source', 'content'] as const) {
    if (header[member] !== expected[member]) throw foreign(name, `it has another ${member}`);
  }
  if (!header.segmentId.startsWith(expected.segmentId ?? '')) {
    throw foreign(name, 'it has another segment id');
  }
}

function foreign(name: string, what: string): BackupError {
  return new BackupError('containerForeign', `${name} belongs elsewhere: ${what}`, {
    details: { name },
  });
}

export function missing(name: string): BackupError {
  return new BackupError('logBlobMissing', `${name} is not there`, { details: { name } });
}

function truncated(name: string): BackupError {
  const message = `${name} does not end like a container: cut off, or followed by something`;
  return new BackupError('containerTruncated', message, { details: { name, part: 'end' } });
}
