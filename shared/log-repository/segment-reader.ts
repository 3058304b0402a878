import type { KeyWrapper } from '../encryption/key-wrapper.ts';
import { BackupError } from '../errors/backup-error.ts';
import { type Container, openContainer } from './container-reader.ts';
import { parseLogName } from './log-names.ts';
import type { LogStore } from './log-store.ts';

/** What the manifest says of a blob; without it only the blob itself is checked. */
export interface NamedBlob {
  readonly bytes: number;
  readonly footerSha256: string;
}

export interface StoredRecord {
  readonly frame: number;
  /** The record without its line feed, exactly as stored. */
  readonly line: Buffer;
}

export interface Segment extends Container {
  /** The records of one frame, read by range. */
  readLines(frame: number): Promise<Buffer[]>;
  /** All records from frame `first` on, in stored order; holds a few frames at a time. */
  records(first?: number): AsyncIterable<StoredRecord>;
}

/** Opens a segment by its name; the errors of openContainer, and `logNameInvalid`. */
export async function openSegment(
  store: LogStore,
  name: string,
  keys: KeyWrapper,
  named?: NamedBlob,
): Promise<Segment> {
  const container = await openNamed(store, name, keys, 'segment', named);
  const linesOf = (frame: number, raw: Buffer): Buffer[] => {
    const lines = splitLines(raw);
    if (lines.length === container.footer.frames[frame]?.records) return lines;
    throw new BackupError('containerDamaged', `frame ${frame} of ${name} has another count`, {
      details: { name, part: 'frame', frame },
    });
  };
  return {
    ...container,
    readLines: async (frame) => linesOf(frame, await container.readFrame(frame)),
    records: async function* (first) {
      for await (const { number: frame, compressed } of container.frames(first)) {
        const raw = await container.decompress(frame, compressed);
        for (const line of linesOf(frame, raw)) yield { frame, line };
      }
    },
  };
}

/** Opens the segment or index of that name as what its name says. */
export async function openNamed(
  store: LogStore,
  name: string,
  keys: KeyWrapper,
  content: 'segment' | 'index',
  named?: Partial<NamedBlob>,
): Promise<Container> {
  const place = parseLogName(name);
  if (place?.kind !== content) {
    throw new BackupError('logNameInvalid', `${name} is not the name of a ${content}`);
  }
  const { tenant, source, idPrefix: segmentId } = place;
  return await openContainer(store, name, keys, { tenant, source, segmentId, content, ...named });
}

/** Lines without their line feeds; each line has one. */
export function splitLines(raw: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let from = 0; from < raw.length; ) {
    const end = raw.indexOf(0x0a, from);
    if (end < 0) return [...lines, raw.subarray(from)];
    lines.push(raw.subarray(from, end));
    from = end + 1;
  }
  return lines;
}
