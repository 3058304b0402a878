import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import { databaseUrl, withClient } from '../../local/postgres.ts';
import { Database } from '../../shared/repository/database.ts';

export interface TestDatabase {
  readonly appUrl: string;
  readonly ownerUrl: string;
  /** Under the application role, as the product uses it. */
  readonly database: Database;
  /** Statements outside row level security (superuser), to look at rows or to damage them. */
  readonly owner: {
    rows<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  };
  /** Registers a tenant and answers its number. */
  addTenant(tenantId: string, displayName?: string): Promise<number>;
  drop(): Promise<void>;
}

const INT8 = 20;
const types = {
  getTypeParser: (oid: number, format?: string): unknown =>
    oid === INT8 && format !== 'binary' ? Number : pg.types.getTypeParser(oid, format as 'text'),
};

/** A copy of the migrated database, for one test file. */
export async function createTestDatabase(
  urls: { superUrl: string; ownerUrl: string; appUrl: string } = inject('postgres'),
): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await withClient(urls.superUrl, async (client) => {
    await client.query(`create database ${name} template entra_backup`);
  });
  const appUrl = databaseUrl(urls.appUrl, name);
  const ownerUrl = databaseUrl(urls.ownerUrl, name);
  const database = Database.open({ url: appUrl, maxConnections: 8 });
  const everything = new pg.Pool({
    connectionString: databaseUrl(urls.superUrl, name),
    max: 2,
    types,
  });
  everything.on('error', () => undefined);
  const rows = async <Row extends object>(text: string, values: readonly unknown[] = []) =>
    (await everything.query<Row>(text, [...values])).rows;
  return {
    appUrl,
    ownerUrl,
    database,
    owner: { rows },
    addTenant: async (tenantId, displayName = 'contoso.example') => {
      const [row] = await rows<{ no: number }>(
        'insert into tenant (tenant_id, display_name) values ($1, $2) returning tenant_no as no',
        [tenantId, displayName],
      );
      if (!row) throw new Error('tenant was not inserted');
      return row.no;
    },
    drop: async () => {
      await database.close();
      await everything.end();
      await withClient(urls.superUrl, async (client) => {
        await client.query(`drop database if exists ${name} with (force)`);
      });
    },
  };
}
