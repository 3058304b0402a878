// What everything about logs is given: the primary and the secondary log repository with their keys,
// and the cache. Nothing here decides anything.
import type { CacheRepository } from '../shared/cache/cache-repository.ts';
import type { KeyWrapper } from '../shared/encryption/key-wrapper.ts';
import { openKeyWrapper } from '../shared/encryption/open-key-wrapper.ts';
import { openVaultKey } from '../shared/encryption/vault-key.ts';
import { BackupError } from '../shared/errors/backup-error.ts';
import { LogRepository } from '../shared/log-repository/log-repository.ts';
import type { LogStore } from '../shared/log-repository/log-store.ts';
import { openLogStore } from '../shared/log-repository/open-log-store.ts';
import type { LogRepositorySettings } from '../shared/settings/settings.ts';
import type { Services } from './services.ts';

export interface LogPlace {
  readonly name: 'primary' | 'secondary';
  readonly store: LogStore;
  readonly keys: KeyWrapper;
  /** Chains and segments in that store, under that key. */
  readonly repository: LogRepository;
  /** Undefined: kept for ever. */
  readonly retentionDays: number | undefined;
}

export interface LogPlaces {
  readonly primary: LogPlace;
  readonly secondary?: LogPlace;
  readonly cache?: CacheRepository;
}

const opened = new WeakMap<Services, LogPlaces>();

/**
 * The log repositories and the cache of the settings, opened once a process; undefined without
 * PRIMARY_LOG_REPOSITORY. Makes no request. Throws `settingsInvalid` without a key, and
 * `keyUnavailable` when a key file cannot be read.
 */
export function logPlaces(from: Services): LogPlaces | undefined {
  const known = opened.get(from);
  if (known !== undefined) return known;
  const { primaryLogRepository, secondaryLogRepository } = from.settings;
  if (primaryLogRepository === undefined) return undefined;
  const cache = from.cache();
  const places: LogPlaces = {
    primary: openPlace(from, 'primary', primaryLogRepository),
    ...(secondaryLogRepository === undefined
      ? {}
      : { secondary: openPlace(from, 'secondary', secondaryLogRepository) }),
    ...(cache === undefined ? {} : { cache }),
  };
  opened.set(from, places);
  return places;
}

/** The same; `logsNotConfigured` without PRIMARY_LOG_REPOSITORY. */
export function requireLogPlaces(from: Services): LogPlaces {
  const places = logPlaces(from);
  if (places !== undefined) return places;
  throw new BackupError('logsNotConfigured', 'PRIMARY_LOG_REPOSITORY is not set');
}

/**
 * One of them. Throws `invalidParameter` when it is not configured: never the other one instead, whose
 * chains have other numbers.
 */
export function requireLogPlace(from: Services, name: LogPlace['name']): LogPlace {
  const place = requireLogPlaces(from)[name];
  if (place !== undefined) return place;
  throw new BackupError('invalidParameter', 'SECONDARY_LOG_REPOSITORY is not set', {
    details: { target: 'repository' },
  });
}

function openPlace(
  from: Services,
  name: LogPlace['name'],
  { address, key, retentionDays }: LogRepositorySettings,
): LogPlace {
  if (key === undefined) {
    const setting = `${name.toUpperCase()}_LOG_REPOSITORY_KEY`;
    throw new BackupError('settingsInvalid', `${setting} is missing`);
  }
  const credential = from.identity();
  const store = openLogStore(address, { credential });
  const keys = openKeyWrapper(key, {
    openVaultKey: (vaultKey) => openVaultKey(vaultKey, { credential }),
  });
  return { name, store, keys, repository: new LogRepository(store, keys), retentionDays };
}
