// Brings the schema up to date with the numbered files in migrations/. Runs with the owner's URL in
// the migrate command and the local stack, never inside the application.
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import pg from 'pg';
import { BackupError } from '../errors/backup-error.ts';

export interface MigrationOptions {
  /** URL of the owner of the schema: postgres://user[:password]@host:port/database */
  readonly url: string;
  /** PEM of the authority that signed the server's certificate; with it TLS is verified. */
  readonly caFile?: string;
  /** Called when the URL has no password (an Entra token). */
  readonly password?: () => Promise<string>;
}

export interface MigrationRun {
  /** Names of the files applied by this run, in order. */
  readonly applied: readonly string[];
  /** Name of the newest migration of the database after the run. */
  readonly version: string;
}

const MIGRATIONS = fileURLToPath(new URL('./migrations', import.meta.url));

/** Names of the migration files of this version without extension, oldest first. */
export async function migrationNames(): Promise<string[]> {
  const files = await readdir(MIGRATIONS);
  return files
    .filter((file) => file.endsWith('.sql'))
    .map((file) => file.slice(0, -'.sql'.length))
    .sort();
}

/**
 * Applies what is missing in one transaction, under a lock that makes a second runner wait. Throws
 * `repositoryVersion` when the database is newer than the files, and then changes nothing.
 */
export async function migrate(options: MigrationOptions): Promise<MigrationRun> {
  const client = new pg.Client({
    connectionString: options.url,
    application_name: 'entra-backup-migrate',
    ...(options.password ? { password: options.password } : {}),
    ...(options.caFile
      ? { ssl: { ca: await readFile(options.caFile, 'utf8'), rejectUnauthorized: true } }
      : {}),
  });
  await client.connect();
  try {
    return await run(client);
  } finally {
    await client.end();
  }
}

async function run(client: pg.Client): Promise<MigrationRun> {
  const names = await migrationNames();
  await refuseNewer(client, names);
  // The runner writes the failing statement to its logger; the error itself says the same.
  const silent = { debug: ignore, info: ignore, warn: ignore, error: ignore };
  const migrations = await runner({
    dbClient: client,
    dir: MIGRATIONS,
    direction: 'up',
    migrationsTable: 'pgmigrations',
    checkOrder: true,
    singleTransaction: true,
    advisoryLockMode: 'wait',
    ignorePattern: '(\\..*|.*(?<!\\.sql))',
    logger: silent,
  });
  await client.query(
    `do $$ begin
       if exists (select from pg_roles where rolname = 'entra_backup_app') then
         revoke insert, update, delete, truncate on pgmigrations from entra_backup_app;
       end if;
     end $$`,
  );
  return { applied: migrations.map((each) => each.name), version: names.at(-1) ?? '' };
}

async function refuseNewer(client: pg.Client, names: readonly string[]): Promise<void> {
  const table = await client.query(
    "select to_regclass('public.pgmigrations') is not null as there",
  );
  if (!(table.rows as { there: boolean }[])[0]?.there) return;
  const applied = await client.query<{ name: string }>('select name from pgmigrations order by id');
  const unknown = applied.rows.find((row) => !names.includes(row.name));
  if (unknown === undefined) return;
  throw new BackupError(
    'repositoryVersion',
    `database has migration ${unknown.name}, which this version does not know`,
  );
}

function ignore(): void {
  // nothing to do: the error carries it
}
