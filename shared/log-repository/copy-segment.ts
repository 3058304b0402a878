// Copies a segment and its index into another repository: the same compressed frames under that
// repository's key. What a killed run left under the name is compared, and taken when it is right.
import { randomBytes } from 'node:crypto';
import { BackupError } from '../errors/backup-error.ts';
import { isContainerDefect, namedIndex } from './container-check.ts';
import { type Container, openContainer } from './container-reader.ts';
import { indexName, parseLogName, segmentName } from './log-names.ts';
import type { LogSide } from './log-side.ts';
import type { ManifestSegment } from './manifest.ts';
import { measureStream } from './measured-content.ts';
import { reencryptContainer } from './reencrypt-container.ts';
import { openNamed, openSegment } from './segment-reader.ts';
import { sortedJson } from './sorted-json.ts';

export interface CopyTarget {
  /** Number of the manifest that is to name the copy. */
  readonly number: number;
  /** A new id and name, because the old name is taken by something defective. */
  readonly isNew?: boolean;
}

interface CopiedContainer {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly footerSha256: string;
}

const ATTEMPTS = 3;

/**
 * Answers what the manifest of the copy says of it. Throws the errors of openSegment when the
 * source is defective, and those of both stores; then no manifest may name the copy.
 */
export async function copySegment(
  from: LogSide,
  to: LogSide,
  named: ManifestSegment,
  target: CopyTarget,
): Promise<ManifestSegment> {
  const segment = await openSegment(from.store, named.name, from.keys, named);
  const { name: index } = named.index;
  const opened = await openNamed(from.store, index, from.keys, 'index', namedIndex(named));
  checkCounts(segment, named);
  let segmentId = target.isNew === true ? newId() : segment.header.segmentId;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const name = nameOf(named, target.number, segmentId);
    const first = await copyContainer(segment, to, name, segmentId);
    const second =
      first === 'taken' ? first : await copyContainer(opened, to, indexName(name), segmentId);
    if (first !== 'taken' && second !== 'taken') return { ...named, ...first, index: second };
    segmentId = newId();
  }
  throw new BackupError('logReadBackFailed', `no name was free for the copy of ${named.name}`, {
    details: { name: named.name },
  });
}

function newId(): string {
  return randomBytes(16).toString('hex');
}

function nameOf(named: ManifestSegment, number: number, segmentId: string): string {
  const place = parseLogName(named.name);
  if (place?.kind !== 'segment') {
    throw new BackupError('logNameInvalid', `${named.name} is not the name of a segment`);
  }
  return segmentName({ ...place, number, segmentId });
}

function checkCounts(segment: Container, named: ManifestSegment): void {
  const records = segment.footer.frames.reduce((sum, frame) => sum + frame.records, 0);
  if (records === named.records) return;
  throw new BackupError('containerDamaged', `${named.name} has another count of records`, {
    details: { name: named.name, records, named: named.records },
  });
}

/** `taken`: something else stands under that name. */
async function copyContainer(
  source: Container,
  to: LogSide,
  name: string,
  segmentId: string,
): Promise<CopiedContainer | 'taken'> {
  const stored = await reencryptContainer(source, { ...to, name, segmentId });
  if (stored === 'exists') return await compareCopy(source, to, name, segmentId);
  const { bytes, sha256, footerSha256 } = stored;
  return { name, bytes, sha256, footerSha256 };
}

/** What stands there is taken when all of it opens and holds the same frames. */
async function compareCopy(
  source: Container,
  { store, keys }: LogSide,
  name: string,
  segmentId: string,
): Promise<CopiedContainer | 'taken'> {
  const { tenant, source: logSource, content, codec } = source.header;
  try {
    const expected = { tenant, source: logSource, content, segmentId };
    const found = await openContainer(store, name, keys, expected);
    if (found.header.codec !== codec || textOf(found) !== textOf(source)) return 'taken';
    for await (const _ of found.frames()) {
      // each is decrypted and compared with its hash
    }
    const { bytes, footerSha256 } = found;
    return {
      name,
      bytes,
      sha256: (await measureStream(store.readStream(name))).sha256(),
      footerSha256,
    };
  } catch (error) {
    if (isContainerDefect(error)) return 'taken';
    throw error;
  }
}

/** What both sides have in common: all but where a frame stands. */
function textOf({ footer }: Container): string {
  const frames = footer.frames.map(({ offset: _offset, ...frame }) => ({ ...frame }));
  return sortedJson({ frames, attributes: footer.attributes });
}
