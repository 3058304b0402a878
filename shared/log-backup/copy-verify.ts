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
 * next ones, until there are more than the mark can name. Throws `keyWrong` when the key itself is.
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
    const left = mark.defects.filter(({ name }) => !isReplacedBy(link, name));
    const defects = [...left, ...found];
    // nothing counts as verified whose defect has no place here
    if (defects.length > MAX_COPY_DEFECTS) break;
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

/** A repair takes a defect away when its own manifest is read back, retention with the manifest. */
async function isStillDefective(context: CopyContext, defect: CopyDefect): Promise<boolean> {
  const { chain, parts, secondary } = context;
  try {
    const { manifest } = await parts.readLink(secondary.store, chain, defect.number);
    const named = manifest.segments.find(({ name }) => name === defect.name);
    return named !== undefined && (await defectOf(context, named)) !== undefined;
  } catch (error) {
    if (isBackupError(error, 'logBlobMissing')) return false;
    if (isBackupError(error, 'manifestDamaged', 'manifestForeign')) return true;
    throw error;
  }
}

function isReplacedBy({ manifest }: ChainLink, name: string): boolean {
  return manifest.repair?.replaced.some((each) => each.name === name) ?? false;
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
    if (isBackupError(error, 'keyWrong')) return await codeUnderKey(secondary, parts, named);
    if (isBackupError(error) && parts.isContainerDefect(error)) return error.code;
    throw error;
  }
}

/** Whether the bytes or the setting are wrong: a wrong setting is no defect of every segment. */
async function codeUnderKey(
  secondary: CopyContext['secondary'],
  parts: CopyContext['parts'],
  named: ManifestSegment,
): Promise<string> {
  try {
    await parts.auditIndex(secondary, named, await parts.auditSegment(secondary, named));
  } catch (error) {
    if (!isBackupError(error) || error.code === 'keyWrong') throw error;
    if (parts.isContainerDefect(error)) return error.code;
    throw error;
  }
  return 'keyWrong';
}
