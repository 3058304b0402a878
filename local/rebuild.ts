// `npm run rebuild -- --from <container> [--key <key>] [--tenant <id>]`: fills an empty, migrated
// database with a tenant from the copy of its backups. Reads POSTGRES_URL, POSTGRES_CA_FILE,
// TENANT_COPY_KEY; with POSTGRES_MIGRATION_URL it also lets the owner collect statistics afterwards.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { DefaultAzureCredential } from '@azure/identity';
import { openKeyWrapper } from '../shared/encryption/open-key-wrapper.ts';
import { openVaultKey } from '../shared/encryption/vault-key.ts';
import { BackupError, isBackupError } from '../shared/errors/backup-error.ts';
import { errorCatalog } from '../shared/errors/catalog.ts';
import { chainParts } from '../shared/log-repository/chain-parts.ts';
import { openLogStore } from '../shared/log-repository/open-log-store.ts';
import { assertApplicationRole } from '../shared/repository/application-role.ts';
import { copyTables } from '../shared/repository/copy-tables.ts';
import { Database } from '../shared/repository/database.ts';
import { assertSchemaVersion } from '../shared/repository/schema-version.ts';
import { Secret } from '../shared/settings/secret.ts';
import type { CopyPlace } from '../shared/tenant-backup/copy-context.ts';
import { listCopiedTenants } from '../shared/tenant-backup/read-copy.ts';
import { rebuildTenant } from '../shared/tenant-backup/rebuild-tenant.ts';
import { withClient } from './postgres.ts';

const POSTGRES_SCOPE = 'https://ossrdbms-aad.database.windows.net/.default';

const { values } = parseArgs({
  options: { from: { type: 'string' }, key: { type: 'string' }, tenant: { type: 'string' } },
});

try {
  await run();
} catch (error) {
  if (!isBackupError(error)) throw error;
  console.error(`${error.code}: ${error.message}\n${errorCatalog[error.code].hint}`);
  process.exitCode = 1;
}

async function run(): Promise<void> {
  const from = required('--from', values.from, 'the container that holds the copy');
  const key = values.key ?? process.env['TENANT_COPY_KEY'];
  const place = openPlace(from, required('--key', key, 'the key of the copies (TENANT_COPY_KEY)'));
  const tenantId = values.tenant?.toLowerCase() ?? (await onlyTenant(place));
  const database = openDatabase();
  try {
    await database.withRegistry(async (tx) => {
      await assertSchemaVersion(tx);
      await assertApplicationRole(tx);
    });
    const start = performance.now();
    const rebuilt = await rebuildTenant(
      { ...place, database, tables: copyTables, progress: showProgress },
      tenantId,
    );
    const seconds = ((performance.now() - start) / 1_000).toFixed(1);
    console.log(`tenant ${tenantId} is rebuilt up to point ${rebuilt.point} in ${seconds} s`);
    console.log(`this copy was made at ${rebuilt.copiedAt}; the next backup reads everything`);
    if (rebuilt.unfinished > 0) {
      console.log(`${rebuilt.unfinished} segments belong to a later copy that has no manifest`);
    }
    console.table(rebuilt.lines);
  } finally {
    await database.close();
  }
  await collectStatistics();
}

function openPlace(from: string, key: string): CopyPlace {
  const credential = new DefaultAzureCredential();
  const address = existsSync(from) ? pathToFileURL(path.resolve(from)).href : from;
  return {
    store: openLogStore(new Secret(address), { credential }),
    keys: openKeyWrapper(key, { openVaultKey: (url) => openVaultKey(url, { credential }) }),
    chain: chainParts,
  };
}

async function onlyTenant(place: CopyPlace): Promise<string> {
  const tenants = await listCopiedTenants(place);
  const [only] = tenants;
  if (only !== undefined && tenants.length === 1) return only;
  if (only === undefined) {
    throw new BackupError('copyMissing', `${place.store.description} holds no copy of a tenant`);
  }
  const list = tenants.join(', ');
  throw new BackupError('invalidParameter', `--tenant is missing, there are copies of ${list}`);
}

function openDatabase(): Database {
  const url = required('POSTGRES_URL', process.env['POSTGRES_URL'], 'the new database');
  const caFile = process.env['POSTGRES_CA_FILE'];
  const hasPassword = URL.canParse(url) && new URL(url).password !== '';
  const token = async (): Promise<string> =>
    (await new DefaultAzureCredential().getToken(POSTGRES_SCOPE)).token;
  return Database.open({
    url,
    applicationName: 'entra-backup-rebuild',
    ...(caFile === undefined || caFile === '' ? {} : { caFile }),
    ...(hasPassword ? {} : { password: token }),
  });
}

/** The planner knows nothing of a database that was just filled, until autovacuum comes round. */
async function collectStatistics(): Promise<void> {
  const owner = process.env['POSTGRES_MIGRATION_URL'];
  if (owner === undefined || owner === '') return;
  await withClient(owner, async (client) => {
    await client.query('analyze object, object_version, link');
  });
}

function showProgress({ done, total }: { readonly done: number; readonly total: number }): void {
  console.log(`segment ${done} of ${total}`);
}

function required(name: string, value: string | undefined, what: string): string {
  if (value !== undefined && value !== '') return value;
  throw new BackupError('settingsInvalid', `${name} is missing: put ${what}`);
}
