// What the copy, retention, verification and repair of logs are given: both log repositories, the
// cache and their parts. Nothing here decides anything.
import type { CacheRepository } from '../shared/cache/cache-repository.ts';
import { BackupError } from '../shared/errors/backup-error.ts';
import type { CopyContext } from '../shared/log-backup/copy-context.ts';
import { nothingCopied, readCopyMark } from '../shared/log-backup/copy-mark.ts';
import { copyParts } from '../shared/log-repository/copy-parts.ts';
import type { ChainId } from '../shared/log-repository/log-names.ts';
import type { LogSource } from '../shared/model/log-source.ts';
import type {
  LogRetentionContext,
  LogSideName,
} from '../shared/retention/log-retention-context.ts';
import { type LogPlace, type LogPlaces, requireLogPlaces } from './log-parts.ts';
import type { Services } from './services.ts';

/** The chain of a source; `directory` is that of a tenant copy. */
export function chainOf(tenantId: string, source: LogSource | 'directory'): ChainId {
  return { tenant: tenantId.toLowerCase(), source };
}

/** Throws `settingsInvalid` without a secondary log repository. */
export function requireSecondary({ secondary }: LogPlaces): LogPlace {
  if (secondary !== undefined) return secondary;
  throw new BackupError('settingsInvalid', 'SECONDARY_LOG_REPOSITORY is missing');
}

function requireCache({ cache }: LogPlaces): CacheRepository {
  if (cache !== undefined) return cache;
  throw new BackupError('settingsInvalid', 'CACHE_REPOSITORY is missing');
}

/** Both sides of a chain. Throws `logsNotConfigured`, and `settingsInvalid` for what is missing. */
export function logCopyContext(from: Services, chain: ChainId): CopyContext {
  const places = requireLogPlaces(from);
  const { primary } = places;
  return {
    ...{ chain, primary, parts: copyParts, clock: from.clock },
    secondary: requireSecondary(places),
    cache: requireCache(places),
  };
}

/** The retention of one chain in one repository, with what the cache knows of its copy. */
export async function logRetentionContext(
  from: Services,
  chain: ChainId,
  side: LogSideName,
): Promise<LogRetentionContext> {
  const places = requireLogPlaces(from);
  const { primary, secondary, cache } = places;
  if (side === 'secondary') requireSecondary(places);
  const isKnown = secondary !== undefined && cache !== undefined;
  const { mark } = isKnown ? await readCopyMark(cache, chain) : { mark: nothingCopied };
  return {
    ...{ chain, side, primary, copy: mark, parts: copyParts, clock: from.clock },
    ...(secondary === undefined ? {} : { secondary }),
    days: daysOf(places),
    writer: crypto.randomUUID(),
  };
}

function daysOf({ primary, secondary }: LogPlaces): LogRetentionContext['days'] {
  const [first, second] = [primary.retentionDays, secondary?.retentionDays];
  return {
    ...(first === undefined ? {} : { primary: first }),
    ...(second === undefined ? {} : { secondary: second }),
  };
}
