// The repository: the only folder that speaks SQL. Every access goes through a transaction that this
// file opens: a tenant transaction sets the tenant first, so that row level security lets it see that
// tenant only; a registry transaction sees the tables without a tenant and nothing else. No call to
// Graph may happen inside a transaction.
import { readFileSync } from 'node:fs';
import pg from 'pg';
import { BackupError } from '../errors/backup-error.ts';
import { toRepositoryError } from './repository-error.ts';

const INT8 = 20;
const types = {
  getTypeParser: (oid: number, format?: string): unknown => {
    // bigint columns hold keys and counts below 2^53
    if (oid === INT8 && format !== 'binary') return Number;
    return pg.types.getTypeParser(oid, format as 'text');
  },
};

export interface DatabaseOptions {
  /** postgres://user[:password]@host:port/database */
  readonly url: string;
  /** PEM of the authority that signed the server's certificate; with it TLS is verified. */
  readonly caFile?: string;
  /** Called for each new connection when the URL has no password (an Entra token). */
  readonly password?: () => Promise<string>;
  /** Connections of the pool; 4 by default. */
  readonly maxConnections?: number;
  readonly applicationName?: string;
}

/** What a statement sees: one connection inside one open transaction. */
export interface Transaction {
  /**
   * Rows of one statement; parameters only, never values in the text. With a name the statement is
   * parsed once for each connection and its plan is kept (the app never connects through a
   * transaction pooler): for those of every page that insert plainly or find one row by the only key
   * there is. Not for a choice between indexes: a plan made while the table was empty would be kept
   * while it grows. A name stands for one text.
   */
  rows<Row extends object>(
    text: string,
    values?: readonly unknown[],
    name?: string,
  ): Promise<Row[]>;
  /** Exactly one row or undefined. */
  row<Row extends object>(
    text: string,
    values?: readonly unknown[],
    name?: string,
  ): Promise<Row | undefined>;
  /** Number of rows a statement changed. */
  change(text: string, values?: readonly unknown[], name?: string): Promise<number>;
  /** The raw client, for COPY and cursors. */
  readonly client: pg.PoolClient;
  /** The tenant of this transaction; undefined in a registry transaction. */
  readonly tenantNo: number | undefined;
}

const ATTEMPTS = 8;

export class Database {
  readonly #pool: pg.Pool;

  private constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  static open(options: DatabaseOptions): Database {
    const pool = new pg.Pool({
      connectionString: options.url,
      max: options.maxConnections ?? 4,
      application_name: options.applicationName ?? 'entra-backup',
      types,
      keepAlive: true,
      connectionTimeoutMillis: 15_000,
      ...(options.password ? { password: options.password } : {}),
      ...(options.caFile
        ? { ssl: { ca: readFileSync(options.caFile, 'utf8'), rejectUnauthorized: true } }
        : {}),
    });
    // An idle connection that breaks is replaced by the pool; the next use reports what is wrong.
    pool.on('error', () => undefined);
    return new Database(pool);
  }

  /** Runs `work` in one transaction of one tenant; repeated whole on deadlock and serialisation. */
  async withTenant<T>(tenantNo: number, work: (tx: Transaction) => Promise<T>): Promise<T> {
    return await this.#repeat(tenantNo, work);
  }

  /** Runs `work` in one transaction that sees the registry tables only. */
  async withRegistry<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return await this.#repeat(undefined, work);
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }

  async #repeat<T>(
    tenantNo: number | undefined,
    work: (tx: Transaction) => Promise<T>,
  ): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#once(tenantNo, work);
      } catch (error) {
        const known = toRepositoryError(error);
        const again = known instanceof BackupError && known.code === 'repositoryConflict';
        if (!again || attempt >= ATTEMPTS) throw known;
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 20 * 2 ** attempt));
      }
    }
  }

  async #once<T>(tenantNo: number | undefined, work: (tx: Transaction) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect();
    let broken: Error | undefined;
    // The server may end a connection between two statements (time limit, restart). The pool listens
    // to idle connections only: without this listener the event would end the whole process.
    const lose = (error: Error): void => {
      broken ??= error;
    };
    client.on('error', lose);
    try {
      await client.query('begin');
      if (tenantNo !== undefined) {
        await client.query({
          name: 'set-tenant',
          text: "select set_config('app.tenant_no', $1, true)",
          values: [String(tenantNo)],
        });
      }
      const result = await work(transactionOf(client, tenantNo));
      await client.query('commit');
      return result;
    } catch (error) {
      const lost = broken;
      broken ??= await rollback(client);
      // says why, where the statement after it only says that there is no connection
      throw lost ?? error;
    } finally {
      client.off('error', lose);
      client.release(broken);
    }
  }
}

/** Rolls back; answers the error when the connection is of no use any more. */
async function rollback(client: pg.PoolClient): Promise<Error | undefined> {
  try {
    await client.query('rollback');
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error('rollback failed');
  }
}

function transactionOf(client: pg.PoolClient, tenantNo: number | undefined): Transaction {
  const query = async <Row extends object>(
    text: string,
    values: readonly unknown[] = [],
    name?: string,
  ): Promise<pg.QueryResult<Row>> =>
    await client.query<Row>({ text, values: [...values], ...(name === undefined ? {} : { name }) });
  return {
    client,
    tenantNo,
    rows: async <Row extends object>(...statement: Parameters<Transaction['rows']>) =>
      (await query<Row>(...statement)).rows,
    row: async <Row extends object>(...statement: Parameters<Transaction['row']>) =>
      (await query<Row>(...statement)).rows[0],
    change: async (...statement) => (await query(...statement)).rowCount ?? 0,
  };
}
