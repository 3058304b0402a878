import { isBackupError } from '../errors/backup-error.ts';
import type { ChainLink } from '../log-repository/chain.ts';
import type { ManifestSegment } from '../log-repository/manifest.ts';
import type { CopyContext } from './copy-context.ts';
import {
  type CopyDefect,
  type CopyMark,
  MAX_COPY_DEFECTS,
  nothingCopied,
  type ReadMark,
  readCopyMark,
  writeCopyMark,
} from './copy-mark.ts';

export interface ReadBack {
  readonly verified: number;
  readonly defects: number;
}

/**
 * Reads the copies back until `last` or the deadline, at least one manifest; moves the mark after
 * each. A defective copy is named in the mark, is tried again by each run, and does not stop the
 * next ones.
 */
export async function verifyCopied(
  context: CopyContext,
  last: ChainLink | undefined,
  deadline: Date,
): Promise<ReadBack> {
  const { cache, chain, parts, secondary, clock } = context;
  const stored = await readCopyMark(cache, chain);
  let { etag } = stored;
  if (last === undefined) return { verified: 0, defects: 0 };
  let mark = { ...(await believed(context, stored, last)), copied: last.number };
  const after = mark.sha256 === null ? undefined : { number: mark.verified, sha256: mark.sha256 };
  const walk = { ...(after === undefined ? {} : { after }), through: last.number };
  for await (const link of parts.walkChain(secondary.store, chain, walk)) {
    const found = await defectsOf(context, link);
    const defects = [...mark.defects, ...found].slice(0, MAX_COPY_DEFECTS);
    const next = { ...mark, verified: link.number, sha256: link.sha256, defects };
    const written = await writeCopyMark(cache, chain, next, etag);
    // another worker reads the same copies back
    if (written === 'conflict') break;
    etag = written;
    mark = next;
    if (clock.now() >= deadline) break;
  }
  return { verified: mark.verified, defects: mark.defects.length };
}

/** The mark, when the secondary is still the one it speaks of; its defects looked at again. */
async function believed(
  context: CopyContext,
  { mark }: ReadMark,
  last: ChainLink,
): Promise<CopyMark> {
  if (mark.sha256 === null || mark.verified > last.number) return nothingCopied;
  const { chain, parts, secondary } = context;
  try {
    const link = await parts.readLink(secondary.store, chain, mark.verified);
    if (link.sha256 !== mark.sha256) return nothingCopied;
  } catch (error) {
    if (isBackupError(error, 'logBlobMissing')) return nothingCopied;
    throw error;
  }
  const defects: CopyDefect[] = [];
  for (const defect of mark.defects) {
    if (await isStillDefective(context, defect)) defects.push(defect);
  }
  return { ...mark, defects };
}

/** A repair that replaced it was read back as a copy of its own. */
async function isStillDefective(context: CopyContext, defect: CopyDefect): Promise<boolean> {
  const { chain, parts, secondary } = context;
  const { manifest, sha256 } = await parts.readLink(secondary.store, chain, defect.number);
  const named = manifest.segments.find(({ name }) => name === defect.name);
  if (named === undefined || (await defectOf(context, named)) === undefined) return false;
  const replaced = parts.replacedSegments();
  const after = { number: defect.number, sha256 };
  for await (const link of parts.walkChain(secondary.store, chain, { after })) {
    replaced.see(link.manifest);
  }
  return !replaced.isReplaced(defect.name);
}

async function defectsOf(context: CopyContext, link: ChainLink): Promise<CopyDefect[]> {
  const found: CopyDefect[] = [];
  for (const named of link.manifest.segments) {
    const code = await defectOf(context, named);
    if (code !== undefined) found.push({ number: link.number, name: named.name, code });
  }
  return found;
}

async function defectOf(
  { parts, secondary }: CopyContext,
  named: ManifestSegment,
): Promise<string | undefined> {
  try {
    await parts.readBackSegment(secondary, named);
    return undefined;
  } catch (error) {
    if (isBackupError(error) && parts.isContainerDefect(error)) return error.code;
    throw error;
  }
}
