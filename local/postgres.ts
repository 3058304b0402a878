// PostgreSQL for a laptop and for tests: starts the embedded server as a normal user or as root,
// makes the two roles of infra/sql/roles.sql and applies the migrations. Never deployed.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import { migrate } from '../shared/repository/migrate.ts';
import { lockFolder } from './folder-lock.ts';
import { assertPortFree, freePort } from './free-port.ts';
import { postgresAccount } from './postgres-account.ts';
import { nativeFolder, type PostgresRecord, postgresRecord } from './postgres-folders.ts';
import { endLeftover, initialise, type ServerOptions, startServer } from './postgres-server.ts';

export interface PostgresOptions {
  /** Folder of the data, or of the note that says where the data lies. */
  readonly dataDir: string;
  /** A free one by default. */
  readonly port?: number;
  /** Database of the application; `entra_backup` by default. */
  readonly database?: string;
  /** Gives up surviving a crash of the machine for speed: tests and benchmarks. */
  readonly volatile?: boolean;
  /** Further settings of the server, `name=value`. */
  readonly settings?: readonly string[];
}

export interface RunningPostgres {
  readonly port: number;
  /** Superuser, for making databases in tests. */
  readonly superUrl: string;
  /** Owner of the schema: migrations. */
  readonly ownerUrl: string;
  /** Role of the application. */
  readonly appUrl: string;
  stop(): Promise<void>;
}

const usual = [
  'listen_addresses=127.0.0.1',
  'unix_socket_directories=',
  'max_connections=200',
  'timezone=UTC',
];
const volatileSettings = [
  'fsync=off',
  'synchronous_commit=off',
  'full_page_writes=off',
  'wal_level=minimal',
  'max_wal_senders=0',
];

/**
 * Starts the server of `dataDir`, makes it first when there is none. Data survive restarts and kill
 * -9 of this process. Throws a plain error that says what to do: folder in use, port taken, no
 * program for this machine.
 */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const lock = lockFolder(options.dataDir);
  try {
    const account = postgresAccount();
    const record = postgresRecord(options.dataDir, account);
    if (options.port !== undefined) await assertPortFree(options.port, 'postgresql');
    const port = options.port ?? (await freePort());
    const server: ServerOptions = {
      native: nativeFolder(account),
      data: record.data,
      port,
      account,
      settings: [
        ...usual,
        ...(options.volatile ? volatileSettings : []),
        ...(options.settings ?? []),
      ],
    };
    initialise(server, record.superPassword);
    endLeftover(server);
    const running = await startServer(server);
    const stop = async (): Promise<void> => {
      await running.stop();
      lock.release();
    };
    try {
      const urls = urlsOf(record, port, options.database ?? 'entra_backup');
      await prepareDatabase(urls, record, options.database ?? 'entra_backup');
      return { port, ...urls, stop };
    } catch (error) {
      await running.stop();
      throw error;
    }
  } catch (error) {
    lock.release();
    throw error;
  }
}

type Urls = Pick<RunningPostgres, 'superUrl' | 'ownerUrl' | 'appUrl'>;

function urlsOf(record: PostgresRecord, port: number, database: string): Urls {
  const url = (user: string, password: string, name: string): string =>
    `postgres://${user}:${password}@127.0.0.1:${port}/${name}`;
  return {
    superUrl: url('postgres', record.superPassword, 'postgres'),
    ownerUrl: url('entra_backup_owner', record.ownerPassword, database),
    appUrl: url('entra_backup_app', record.appPassword, database),
  };
}

/** The database, its roles with local passwords, its schema; each step may have been done before. */
async function prepareDatabase(urls: Urls, record: PostgresRecord, name: string): Promise<void> {
  await withClient(urls.superUrl, async (client) => {
    const there = await client.query('select from pg_database where datname = $1', [name]);
    if (there.rowCount === 0) {
      await client.query(
        `create database ${client.escapeIdentifier(name)} template template0 encoding 'UTF8'`,
      );
    }
  });
  const roles = path.join(import.meta.dirname, '..', 'infra', 'sql', 'roles.sql');
  await withClient(databaseUrl(urls.superUrl, name), async (client) => {
    await client.query(await readFile(roles, 'utf8'));
    for (const [role, password] of [
      ['entra_backup_owner', record.ownerPassword],
      ['entra_backup_app', record.appPassword],
    ] as const) {
      await client.query(`alter role ${role} password ${client.escapeLiteral(password)}`);
    }
  });
  await migrate({ url: urls.ownerUrl });
}

/** The same server and user, another database. */
export function databaseUrl(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}

/** Connects, runs `work`, disconnects. */
export async function withClient<T>(
  url: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
