// Where restored segments of logs may go. What leaves here leaves encryption behind: only containers that
// the settings list, never one of the product's own repositories.
import { BackupError } from '../shared/errors/backup-error.ts';
import type { LogRestoreRequest } from '../shared/log-backup/restore-plan.ts';
import type { LogStore } from '../shared/log-repository/log-store.ts';
import { openLogStore } from '../shared/log-repository/open-log-store.ts';
import { copyPlaces } from './copy-parts.ts';
import { type LogPlace, requireLogPlaces } from './log-parts.ts';
import type { Services } from './services.ts';

/** Input of the job. */
export interface LogRestoreInput {
  readonly request: LogRestoreRequest;
  readonly container: string;
  readonly repository: LogPlace['name'];
}

/**
 * The container of LOG_RESTORE_CONTAINERS that is called so: by its address as it stands there,
 * without a signature, or as `account/container`. Makes no request. Throws `invalidParameter` for
 * anything else: no address of a caller is ever opened.
 */
export function restoreTarget(services: Services, container: string): LogStore {
  const wanted = container.trim().replace(/\/$/, '');
  for (const address of services.settings.logRestoreContainers) {
    const store = openLogStore(address, { credential: services.identity() });
    const named = address.reveal().replace(/\?.*$/, '').replace(/\/$/, '');
    const short = store.description.replace(/^the container /, '');
    if (wanted !== named && wanted !== short) continue;
    refuseOwn(services, store);
    return store;
  }
  throw wrongContainer('is none of LOG_RESTORE_CONTAINERS');
}

function refuseOwn(services: Services, { description }: LogStore): void {
  const { primary, secondary } = requireLogPlaces(services);
  const own = [primary.store, secondary?.store, ...copyPlaces(services).map(({ store }) => store)];
  if (own.some((store) => store?.description === description)) {
    throw wrongContainer('is a repository of the product');
  }
}

function wrongContainer(message: string): BackupError {
  return new BackupError('invalidParameter', `container ${message}`, {
    details: { target: 'container' },
  });
}
