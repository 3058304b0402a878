import { BackupError } from '../errors/backup-error.ts';
import type { ChainLink } from './chain.ts';
import type { Manifest, ManifestContent, ManifestSegment } from './manifest.ts';

/** What two repositories say alike of one number: all but containers and acts of their own. */
export function commonContent(manifest: Manifest): Omit<ManifestContent, 'segments'> {
  const { kind, createdDateTime, writer, window, gap } = manifest;
  return {
    ...{ kind, createdDateTime, writer },
    ...(window === undefined ? {} : { window }),
    ...(gap === undefined ? {} : { gap }),
  };
}

/**
 * The manifest of a copy: a pure function of the original and of the copied containers, so that a
 * repeated run writes the same bytes and a lost one can be made again. What a repository did with its
 * own chain, a checkpoint or a repair, is not copied. `uncopied` names the segments that are lost in
 * the original's repository; they stand in the list as the original has them.
 */
export function copiedContent(
  original: ChainLink,
  segments: readonly ManifestSegment[],
  uncopied: readonly string[] = [],
): ManifestContent {
  const { manifest, sha256, number } = original;
  if (manifest.kind === 'copy') {
    const message = `number ${number} of ${manifest.source} is no manifest of logs`;
    throw new BackupError('invalidState', message);
  }
  const lost = uncopied.length === 0 ? {} : { uncopied: [...uncopied] };
  return { ...commonContent(manifest), segments: [...segments], copyOf: sha256, ...lost };
}

/** Segments that a copy must hold: those of a repair replace what the other side has whole. */
export function segmentsToCopy({ kind, segments }: Manifest): readonly ManifestSegment[] {
  return kind === 'repair' ? [] : segments;
}

/** Whether one of the two is the copy of the other. */
export function isCopyPair(one: ChainLink, other: ChainLink): boolean {
  return one.manifest.copyOf === other.sha256 || other.manifest.copyOf === one.sha256;
}
