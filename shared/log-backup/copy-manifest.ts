import { isBackupError } from '../errors/backup-error.ts';
import type { ChainLink } from '../log-repository/chain.ts';
import type { ManifestContent, ManifestSegment } from '../log-repository/manifest.ts';
import type { LogPair } from './copy-context.ts';
import { findReplacement } from './replacement.ts';

/** What no other key and no later version would read either. */
const losses = [
  'logBlobMissing',
  'containerTruncated',
  'containerDamaged',
  'containerForeign',
] as const;

/**
 * Copies the containers of one manifest of the primary and answers what the secondary's manifest says
 * of them. A segment that is lost in the primary stands there as the primary names it, and in
 * `uncopied`. Throws the errors of both stores and keys: a wrong key is no loss.
 */
export async function copyManifest(pair: LogPair, link: ChainLink): Promise<ManifestContent> {
  const segments: ManifestSegment[] = [];
  const uncopied: string[] = [];
  for (const named of pair.parts.segmentsToCopy(link.manifest)) {
    const copied = await copyHolding(pair, link.number, named);
    segments.push(copied ?? named);
    if (copied === undefined) uncopied.push(named.name);
  }
  return pair.parts.copiedContent(link, segments, uncopied);
}

/** The segment, or what a repair of the primary has put in its place; undefined: both are lost. */
async function copyHolding(
  pair: LogPair,
  number: number,
  named: ManifestSegment,
): Promise<ManifestSegment | undefined> {
  const copied = await copyUnlessLost(pair, number, named);
  if (copied !== undefined) return copied;
  const other = await findReplacement(pair, 'primary', number, named);
  return other === undefined ? undefined : await copyUnlessLost(pair, number, other);
}

async function copyUnlessLost(
  pair: LogPair,
  number: number,
  named: ManifestSegment,
): Promise<ManifestSegment | undefined> {
  const { parts, primary, secondary } = pair;
  try {
    return await parts.copySegment(primary, secondary, named, { number });
  } catch (error) {
    if (!parts.isContainerDefect(error)) throw error;
    if (await isLost(pair, named)) return undefined;
    return await parts.copySegment(primary, secondary, named, { number });
  }
}

/** Looked at once more and in full, because what is said here is never looked at again. */
async function isLost({ parts, primary }: LogPair, named: ManifestSegment): Promise<boolean> {
  try {
    const audited = await parts.auditSegment(primary, named);
    await parts.auditIndex(primary, named, audited);
    return false;
  } catch (error) {
    if (isBackupError(error, ...losses)) return true;
    throw error;
  }
}
