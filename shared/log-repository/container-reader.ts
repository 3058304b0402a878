import { hash } from 'node:crypto';
import type { KeyWrapper } from '../encryption/key-wrapper.ts';
import { BackupError, isBackupError } from '../errors/backup-error.ts';
import { missing, openEnds } from './container-ends.ts';
import {
  type ContainerFooter,
  damagedFooter,
  type FrameEntry,
  MAX_FOOTER_BYTES,
  parseFooter,
} from './container-footer.ts';
import type { ContainerExpectation, ContainerHeader } from './container-header.ts';
import { FOOTER_NUMBER, type FramePlace, openFrame } from './frame-cipher.ts';
import { decompress } from './frame-codec.ts';
import type { LogStore } from './log-store.ts';

export interface Container {
  readonly name: string;
  readonly bytes: number;
  readonly header: ContainerHeader;
  readonly footer: ContainerFooter;
  readonly footerSha256: string;
  /** The raw bytes of one frame, checked; reads only that frame. */
  readFrame(number: number): Promise<Buffer>;
  /** All frames from `first` on, several with one request; `compressed` as they are stored. */
  frames(first?: number): AsyncIterable<{ readonly number: number; readonly compressed: Buffer }>;
  /** Decompresses what `frames` gave. */
  decompress(number: number, compressed: Buffer): Promise<Buffer>;
}

/** Frames that follow each other are read together up to this many bytes. */
const READ_BYTES = 4 * 1024 * 1024;

/**
 * Opens a container: reads its end and its beginning, and checks all of both. Never returns anything
 * that was not checked. Throws `logBlobMissing`, `containerVersion`, `containerTruncated`,
 * `containerForeign` (not the one that was asked for), `containerDamaged`, `keyWrong`,
 * `keyUnavailable`, and the errors of the store.
 */
export async function openContainer(
  store: LogStore,
  name: string,
  keys: KeyWrapper,
  expected: ContainerExpectation,
): Promise<Container> {
  const ends = await openEnds(store, name, expected);
  const { header, sealedFooter, bytes, footerOffset, headerLength } = ends;
  const key = await keys.unwrap(header.wrappedKey);
  const value = await openFooter(key, header, sealedFooter, name);
  const footer = parseFooter(value, name, headerLength, footerOffset);
  if (footer.headerSha256 !== ends.headerSha256) {
    throw damagedFooter(name, 'it belongs to another header');
  }
  const { footerSha256 } = ends;
  return createContainer(store, key, { name, bytes, header, footer, footerSha256 });
}

async function openFooter(
  key: Buffer,
  place: FramePlace,
  sealed: Buffer,
  name: string,
): Promise<unknown> {
  try {
    const compressed = openFrame(key, place, FOOTER_NUMBER, sealed);
    const text = await decompress(compressed, place.codec, MAX_FOOTER_BYTES);
    return JSON.parse(text.toString('utf8'));
  } catch (cause) {
    throw damagedFooter(name, 'it does not open', cause);
  }
}

type Parts = Pick<Container, 'name' | 'bytes' | 'header' | 'footer' | 'footerSha256'>;

function createContainer(store: LogStore, key: Buffer, parts: Parts): Container {
  const { name, header, footer } = parts;
  const open = (number: number, sealed: Buffer): Buffer => {
    try {
      const compressed = openFrame(key, header, number, sealed);
      if (hash('sha256', compressed) === entryOf(number).sha256) return compressed;
    } catch (cause) {
      throw damagedFrame(name, number, cause);
    }
    throw damagedFrame(name, number);
  };
  const entryOf = (number: number): FrameEntry => {
    const entry = footer.frames[number];
    if (entry !== undefined) return entry;
    throw new BackupError('invalidParameter', `${name} has no frame ${number}`);
  };
  const inflate = async (number: number, compressed: Buffer): Promise<Buffer> => {
    const raw = await decompress(compressed, header.codec, entryOf(number).raw).catch(
      (cause: unknown) => {
        throw damagedFrame(name, number, cause);
      },
    );
    if (raw.length !== entryOf(number).raw) throw damagedFrame(name, number);
    return raw;
  };
  return {
    ...parts,
    readFrame: async (number) => {
      const { offset: from, bytes } = entryOf(number);
      return await inflate(number, open(number, await readExactly(store, name, from, bytes)));
    },
    frames: async function* (first = 0) {
      for (const run of runs(footer.frames, first)) {
        const block = await readExactly(store, name, run.from, run.bytes);
        for (let number = run.first; number <= run.last; number++) {
          const { offset, bytes } = entryOf(number);
          const start = offset - run.from;
          yield { number, compressed: open(number, block.subarray(start, start + bytes)) };
        }
      }
    },
    decompress: inflate,
  };
}

interface Run {
  readonly first: number;
  last: number;
  readonly from: number;
  bytes: number;
}

function* runs(frames: readonly FrameEntry[], first: number): Generator<Run> {
  let run: Run | undefined;
  for (const [number, { offset, bytes }] of frames.entries()) {
    if (number < first) continue;
    if (run !== undefined && run.bytes + bytes <= READ_BYTES) {
      run.last = number;
      run.bytes += bytes;
    } else {
      if (run !== undefined) yield run;
      run = { first: number, last: number, from: offset, bytes };
    }
  }
  if (run !== undefined) yield run;
}

async function readExactly(
  store: LogStore,
  name: string,
  from: number,
  bytes: number,
): Promise<Buffer> {
  const block = await store.read(name, { from, bytes });
  if (block === undefined) throw missing(name);
  if (block.length === bytes) return block;
  throw new BackupError('containerTruncated', `${name} ends before its frames do`, {
    details: { name, part: 'frame' },
  });
}

function damagedFrame(name: string, frame: number, cause?: unknown): BackupError {
  if (isBackupError(cause)) return cause;
  return new BackupError('containerDamaged', `frame ${frame} of ${name} is damaged`, {
    cause,
    details: { name, part: 'frame', frame },
  });
}
