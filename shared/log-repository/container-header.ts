// The plain beginning of a container: magic, length, JSON. docs/log-format.md describes it.
import { z } from 'zod';
import type { WrappedKey } from '../encryption/key-wrapper.ts';
import { BackupError } from '../errors/backup-error.ts';
import type { Codec } from './frame-codec.ts';
import type { ChainId } from './log-names.ts';
import { sortedJson } from './sorted-json.ts';

/** What a container is; each frame is bound to all of it. */
export interface ContainerIdentity extends ChainId {
  /** 32 hexadecimal digits; an index has the id of its segment. */
  readonly segmentId: string;
  /** `segment`, `index`; other kinds of content name themselves. */
  readonly content: string;
}

/** What a container must be, from its name and its manifest; anything else is an error. */
export interface ContainerExpectation extends ChainId {
  readonly content: string;
  /** The id or its first digits. */
  readonly segmentId?: string;
  /** From the manifest: saves a request, and shows bytes too many. */
  readonly bytes?: number;
  readonly footerSha256?: string;
}

export interface ContainerHeader extends ContainerIdentity {
  readonly codec: Codec;
  readonly wrappedKey: WrappedKey;
}

export const MAGIC = Buffer.from('EBLOGS01');
/** Magic and length of the JSON. */
export const PREAMBLE_BYTES = MAGIC.length + 4;
export const MAX_HEADER_BYTES = 64 * 1024;
const VERSION = 1;
const ALGORITHM = 'A256GCM';

const headerForm = z.strictObject({
  version: z.literal(VERSION),
  algorithm: z.literal(ALGORITHM),
  codec: z.enum(['zstd', 'gzip']),
  content: z.string().regex(/^[a-zA-Z]{1,32}$/),
  tenant: z.string().max(64),
  source: z.string().max(64),
  segmentId: z.string().regex(/^[0-9a-f]{32}$/),
  keyId: z.string().min(1).max(1024),
  keyAlgorithm: z.string().min(1).max(64),
  wrappedKey: z.base64().max(4096),
});

/** Magic, length and JSON. */
export function encodeHeader(header: ContainerHeader): Buffer {
  const { tenant, source, segmentId, content, codec, wrappedKey } = header;
  const json = sortedJson({
    version: VERSION,
    algorithm: ALGORITHM,
    ...{ codec, content, tenant, source, segmentId },
    keyId: wrappedKey.keyId,
    keyAlgorithm: wrappedKey.algorithm,
    wrappedKey: wrappedKey.bytes.toString('base64'),
  });
  const text = Buffer.from(json);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  return Buffer.concat([MAGIC, length, text]);
}

/** Bytes of the whole header; throws `containerVersion` or `containerDamaged`. */
export function headerBytes(preamble: Buffer, name: string): number {
  if (preamble.length < PREAMBLE_BYTES || !preamble.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw new BackupError('containerVersion', `${name} does not begin like a container of ours`, {
      details: { name, part: 'magic' },
    });
  }
  const length = preamble.readUInt32BE(MAGIC.length);
  if (length > MAX_HEADER_BYTES) throw damagedHeader(name, 'its length is out of bounds');
  return PREAMBLE_BYTES + length;
}

/** Throws `containerDamaged`. */
export function parseHeader(bytes: Buffer, name: string): ContainerHeader {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8', PREAMBLE_BYTES));
  } catch (cause) {
    throw damagedHeader(name, 'it is not json', cause);
  }
  const parsed = headerForm.safeParse(value);
  if (!parsed.success) {
    const where = parsed.error.issues[0]?.path.join('.') ?? '';
    throw damagedHeader(name, `its member ${where} is wrong`);
  }
  const { tenant, source, segmentId, content, codec, ...key } = parsed.data;
  const wrapped = Buffer.from(key.wrappedKey, 'base64');
  return {
    ...{ tenant, source, segmentId, content, codec },
    wrappedKey: { keyId: key.keyId, algorithm: key.keyAlgorithm, bytes: wrapped },
  };
}

function damagedHeader(name: string, what: string, cause?: unknown): BackupError {
  return new BackupError('containerDamaged', `the header of ${name} is damaged: ${what}`, {
    cause,
    details: { name, part: 'header' },
  });
}
