import { isBackupError } from '../errors/backup-error.ts';
import type { LogSide } from './log-side.ts';
import type { ManifestSegment } from './manifest.ts';
import { type NamedBlob, openNamed, openSegment } from './segment-reader.ts';

/** What says that a blob itself is bad, not that a service is out of reach. */
const defectCodes = [
  'logBlobMissing',
  'containerVersion',
  'containerTruncated',
  'containerDamaged',
  'containerForeign',
  'keyWrong',
] as const;

/** True when the container is bad; false for errors that another try may not meet. */
export function isContainerDefect(error: unknown): boolean {
  return isBackupError(error, ...defectCodes);
}

/** What a manifest says of an index, as far as it says it. */
export function namedIndex({ index }: ManifestSegment): Partial<NamedBlob> {
  const { bytes, footerSha256 } = index;
  return footerSha256 === undefined ? { bytes } : { bytes, footerSha256 };
}

/**
 * Reads a segment and its index back: every frame decrypted, decompressed and counted. Throws the
 * errors of openSegment for the first thing that is wrong. Answers the bytes that were read.
 */
export async function readBackSegment(side: LogSide, named: ManifestSegment): Promise<number> {
  const { store, keys } = side;
  const segment = await openSegment(store, named.name, keys, named);
  for await (const _ of segment.records()) {
    // counted by the reader, frame by frame
  }
  const index = await openNamed(store, named.index.name, keys, 'index', namedIndex(named));
  for await (const { number, compressed } of index.frames()) {
    await index.decompress(number, compressed);
  }
  return segment.bytes + index.bytes;
}
