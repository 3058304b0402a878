// What the copy of a tenant is given: the containers of TENANT_COPY_REPOSITORIES and their key. Nothing
// here decides anything.
import { openKeyWrapper } from '../shared/encryption/open-key-wrapper.ts';
import { openVaultKey } from '../shared/encryption/vault-key.ts';
import { BackupError } from '../shared/errors/backup-error.ts';
import { chainParts } from '../shared/log-repository/chain-parts.ts';
import { openLogStore } from '../shared/log-repository/open-log-store.ts';
import { copyTables } from '../shared/repository/copy-tables.ts';
import { getTenantByNo } from '../shared/repository/tenants.ts';
import {
  type CopyContext,
  type CopyPlace,
  defaultCopyLimits,
} from '../shared/tenant-backup/copy-context.ts';
import { type Services, services } from './services.ts';

const opened = new WeakMap<Services, readonly CopyPlace[]>();

/**
 * The containers in the order of the setting, opened once a process; none without the setting. Throws
 * `settingsInvalid` without a key.
 */
export function copyPlaces(from: Services): readonly CopyPlace[] {
  const known = opened.get(from);
  if (known !== undefined) return known;
  const { addresses, key } = from.settings.tenantCopies;
  if (addresses.length === 0) return [];
  if (key === undefined) {
    throw new BackupError('settingsInvalid', 'TENANT_COPY_KEY is missing');
  }
  const credential = from.identity();
  const keys = openKeyWrapper(key, {
    openVaultKey: (address) => openVaultKey(address, { credential }),
  });
  const places = addresses.map((address) => ({
    store: openLogStore(address, { credential }),
    ...{ keys, chain: chainParts },
  }));
  opened.set(from, places);
  return places;
}

/** The copy of a tenant to the container of that place in the setting. */
export async function copyContext(tenantNo: number, container: number): Promise<CopyContext> {
  const { database, clock } = services();
  const place = copyPlaces(services())[container];
  if (place === undefined) {
    throw new BackupError(
      'settingsInvalid',
      `TENANT_COPY_REPOSITORIES has no container ${container}`,
    );
  }
  const tenant = await database.withRegistry((tx) => getTenantByNo(tx, tenantNo));
  return {
    ...place,
    ...{ tenant, database, clock, tables: copyTables, limits: defaultCopyLimits },
    reached: () => undefined,
  };
}
