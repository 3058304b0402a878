import { isBackupError } from '../errors/backup-error.ts';
import type { ChainLink } from '../log-repository/chain.ts';
import { isWithin, type KeptReason, type LogRetentionContext } from './log-retention-context.ts';

/** Why a manifest may not go yet because of the other repository; undefined when it may. */
export async function neededByOther(
  context: LogRetentionContext,
  link: ChainLink,
): Promise<KeptReason | undefined> {
  const { side, secondary } = context;
  if (secondary === undefined) return undefined;
  const other = side === 'primary' ? 'secondary' : 'primary';
  if (!isWithin(context, other, link.manifest.createdDateTime)) return undefined;
  const { number } = link;
  if (side === 'primary' && !isVerified(context, number)) {
    const detail = 'its copy in the secondary was not read back';
    return { number, reason: 'notVerified', detail };
  }
  if (await otherHas(context, link)) return undefined;
  return { number, reason: 'notCopied', detail: `the ${other} repository does not have all of it` };
}

/** False when the mark speaks of another secondary than this one. */
export async function isMarkTrue(context: LogRetentionContext): Promise<boolean> {
  const { chain, copy, parts, secondary } = context;
  if (secondary === undefined || copy.sha256 === null) return false;
  try {
    const link = await parts.readLink(secondary.store, chain, copy.verified);
    return link.sha256 === copy.sha256;
  } catch (error) {
    if (isBackupError(error, 'logBlobMissing', 'manifestDamaged')) return false;
    throw error;
  }
}

function isVerified({ copy }: LogRetentionContext, number: number): boolean {
  return number <= copy.verified && !copy.defects.some((defect) => defect.number === number);
}

/** The manifest of the pair and every container with its length. */
async function otherHas(context: LogRetentionContext, link: ChainLink): Promise<boolean> {
  const { chain, parts, primary, secondary, side } = context;
  const store = side === 'primary' ? secondary?.store : primary.store;
  if (store === undefined) return false;
  try {
    const found = await parts.readLink(store, chain, link.number);
    if (!parts.isCopyPair(found, link)) return false;
    for (const { name, bytes, index } of found.manifest.segments) {
      if ((await store.head(name))?.bytes !== bytes) return false;
      if ((await store.head(index.name))?.bytes !== index.bytes) return false;
    }
    return true;
  } catch (error) {
    if (isBackupError(error, 'logBlobMissing', 'manifestDamaged', 'manifestForeign')) return false;
    throw error;
  }
}
