// The encrypted end of a container: the table of its frames. It also holds the hash of the header,
// so that no byte of a container is without a check.
import { z } from 'zod';
import { BackupError } from '../errors/backup-error.ts';
import { TAG_BYTES } from './frame-cipher.ts';
import { sortedJson } from './sorted-json.ts';

export const MAX_FRAME_BYTES = 64 * 1024 * 1024;
export const MAX_FOOTER_BYTES = 64 * 1024 * 1024;
export const MAX_FRAMES = 1_000_000;
export const END_MAGIC = Buffer.from('EBLOGEND');
/** Length of the sealed footer and magic. */
export const TRAILER_BYTES = 4 + END_MAGIC.length;

const whole = (max: number) => z.int().min(0).max(max);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const frameForm = z.strictObject({
  offset: whole(Number.MAX_SAFE_INTEGER),
  /** Stored, tag included. */
  bytes: whole(2 * MAX_FRAME_BYTES).min(TAG_BYTES),
  raw: whole(MAX_FRAME_BYTES).min(1),
  records: whole(Number.MAX_SAFE_INTEGER),
  /** Of the compressed bytes. */
  sha256,
  minTime: z.string().max(64).optional(),
  maxTime: z.string().max(64).optional(),
  /** Of an index: which part the block belongs to, and its first key in hexadecimal. */
  section: z.string().max(32).optional(),
  firstKey: z.string().max(64).optional(),
});

const footerForm = z.strictObject({
  headerSha256: sha256,
  frames: z.array(frameForm).max(MAX_FRAMES),
  attributes: z.record(z.string().max(64), z.string().max(4096)),
});

export type FrameEntry = Readonly<z.output<typeof frameForm>>;
export interface ContainerFooter {
  readonly headerSha256: string;
  readonly frames: readonly FrameEntry[];
  /** What a kind of content keeps for itself: an index its term key. */
  readonly attributes: Readonly<Record<string, string>>;
}

export function encodeFooter(footer: ContainerFooter): Buffer {
  return Buffer.from(sortedJson({ ...footer }));
}

export function encodeTrailer(footerBytes: number): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(footerBytes);
  return Buffer.concat([length, END_MAGIC]);
}

/** Length of the sealed footer; undefined when the trailer is none. */
export function parseTrailer(end: Buffer): number | undefined {
  const trailer = end.subarray(Math.max(0, end.length - TRAILER_BYTES));
  if (trailer.length < TRAILER_BYTES || !trailer.subarray(4).equals(END_MAGIC)) return undefined;
  return trailer.readUInt32BE(0);
}

/** Frames must fill the space from `from` to `to` without gap or overlap: `containerDamaged`. */
export function parseFooter(
  value: unknown,
  name: string,
  from: number,
  to: number,
): ContainerFooter {
  const parsed = footerForm.safeParse(value);
  if (!parsed.success) throw damagedFooter(name, 'it has another form than documented');
  let end = from;
  for (const frame of parsed.data.frames) {
    if (frame.offset !== end) throw damagedFooter(name, 'its frames do not follow each other');
    end += frame.bytes;
  }
  if (end !== to) throw damagedFooter(name, 'its frames do not end where it begins');
  return parsed.data;
}

export function damagedFooter(name: string, what: string, cause?: unknown): BackupError {
  return new BackupError('containerDamaged', `the footer of ${name} is damaged: ${what}`, {
    cause,
    details: { name, part: 'footer' },
  });
}
