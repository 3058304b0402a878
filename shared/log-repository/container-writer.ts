import { createHash, hash, randomBytes } from 'node:crypto';
import { KEY_BYTES, type KeyWrapper } from '../encryption/key-wrapper.ts';
import { BackupError } from '../errors/backup-error.ts';
import {
  type ContainerFooter,
  encodeFooter,
  encodeTrailer,
  type FrameEntry,
  MAX_FRAME_BYTES,
  MAX_FRAMES,
} from './container-footer.ts';
import { type ContainerIdentity, encodeHeader } from './container-header.ts';
import { FOOTER_NUMBER, type FramePlace, sealFrame } from './frame-cipher.ts';
import { type Codec, compress } from './frame-codec.ts';
import type { LogStore } from './log-store.ts';

/** A frame before it is sealed. */
export interface Frame {
  readonly compressed: Buffer;
  /** Bytes before compression. */
  readonly raw: number;
  readonly records: number;
  readonly minTime?: string | undefined;
  readonly maxTime?: string | undefined;
  readonly section?: string | undefined;
  readonly firstKey?: string | undefined;
}

export interface StoredContainer {
  readonly name: string;
  readonly bytes: number;
  /** Of the whole blob. */
  readonly sha256: string;
  /** Of the sealed footer, which binds everything else: a manifest names it. */
  readonly footerSha256: string;
  readonly frames: readonly FrameEntry[];
}

export interface ContainerOptions {
  readonly identity: ContainerIdentity;
  readonly keys: KeyWrapper;
  readonly codec: Codec;
  readonly attributes?: Readonly<Record<string, string>>;
}

/**
 * Seals frames under a new data key and stores them as one container; holds one frame at a time. The
 * errors of the store, of the key and of `frames` are thrown on and leave nothing stored. `exists`:
 * the name is taken, by a container under another data key.
 */
export async function storeContainer(
  store: LogStore,
  name: string,
  options: ContainerOptions,
  frames: AsyncIterable<Frame>,
): Promise<StoredContainer | 'exists'> {
  const { identity, keys, codec } = options;
  const key = randomBytes(KEY_BYTES);
  const wrappedKey = await keys.wrap(key);
  const place: FramePlace = { ...identity, codec };
  const header = encodeHeader({ ...place, wrappedKey });
  const output = new HashedOutput();
  const entries: FrameEntry[] = [];
  let footerSha256 = '';
  async function* content(): AsyncGenerator<Buffer> {
    yield output.pass(header);
    for await (const frame of frames) {
      checkFrame(frame, entries.length, name);
      const offset = output.bytes;
      for (const piece of sealFrame(key, place, entries.length, frame.compressed)) {
        if (piece.length > 0) yield output.pass(piece);
      }
      entries.push(entryOf(frame, offset, output.bytes - offset));
    }
    const headerSha256 = hash('sha256', header);
    const footer = { headerSha256, frames: entries, attributes: options.attributes ?? {} };
    const sealed = await sealFooter(key, place, footer);
    footerSha256 = hash('sha256', sealed);
    yield output.pass(sealed);
    yield output.pass(encodeTrailer(sealed.length));
  }
  const outcome = await store.create(name, content());
  if (outcome === 'exists') return outcome;
  return { name, bytes: output.bytes, sha256: output.digest(), footerSha256, frames: entries };
}

async function sealFooter(
  key: Buffer,
  place: FramePlace,
  footer: ContainerFooter,
): Promise<Buffer> {
  const text = await compress(encodeFooter(footer), place.codec);
  return Buffer.concat(sealFrame(key, place, FOOTER_NUMBER, text));
}

function checkFrame(frame: Frame, number: number, name: string): void {
  if (frame.raw >= 1 && frame.raw <= MAX_FRAME_BYTES && number < MAX_FRAMES) return;
  throw new BackupError('invalidState', `frame ${number} of ${name} is out of bounds`, {
    details: { name, frame: number, bytes: frame.raw },
  });
}

function entryOf(frame: Frame, offset: number, bytes: number): FrameEntry {
  const { compressed, ...rest } = frame;
  return { ...rest, offset, bytes, sha256: hash('sha256', compressed) };
}

/** Counts and hashes what goes out. */
class HashedOutput {
  readonly #hash = createHash('sha256');
  bytes = 0;

  pass(piece: Buffer): Buffer {
    this.#hash.update(piece);
    this.bytes += piece.length;
    return piece;
  }

  digest(): string {
    return this.#hash.digest('hex');
  }
}
