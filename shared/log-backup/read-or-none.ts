import { isBackupError } from '../errors/backup-error.ts';
import type { ChainLink } from '../log-repository/chain.ts';
import type { LogPair } from './copy-context.ts';

/** One manifest of one repository; undefined when it is missing or damaged. */
export async function readOrNone(
  { chain, parts, ...sides }: LogPair,
  side: 'primary' | 'secondary',
  number: number,
): Promise<ChainLink | undefined> {
  if (number < 1) return undefined;
  try {
    return await parts.readLink(sides[side].store, chain, number);
  } catch (error) {
    if (isBackupError(error, 'logBlobMissing', 'manifestDamaged', 'manifestForeign'))
      return undefined;
    throw error;
  }
}
