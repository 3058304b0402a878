import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { databaseUrl } from '../../local/postgres.ts';
import { assertApplicationRole } from '../../shared/repository/application-role.ts';
import { Database } from '../../shared/repository/database.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

/** Tables that are read before a tenant is known; every other table is a tenant table. */
const registryTables = new Set([
  'pgmigrations',
  'tenant',
  'operation',
  'job',
  'tenant_access',
  'tenant_copy',
  'log_source',
  'log_copy',
  'log_retention',
  'audit_event',
  'repeatable_request',
  'shared_key',
]);

/** Values that satisfy the checks and types of any column of our tables. */
interface Column {
  readonly name: string;
  readonly type: string;
  readonly check: string | null;
}

describe('row level security under the application role', () => {
  let test: TestDatabase;
  let mine = 0;
  let foreign = 0;
  let tables: string[] = [];

  beforeAll(async () => {
    test = await createTestDatabase();
    mine = await test.addTenant('11111111-1111-4111-8111-111111111111');
    foreign = await test.addTenant('22222222-2222-4222-8222-222222222222');
    tables = await tenantTables();
    for (const table of tables) {
      for (const tenantNo of [mine, foreign]) await insertSample(table, tenantNo);
    }
  });
  afterAll(async () => await test.drop());

  async function tenantTables(): Promise<string[]> {
    const rows = await test.owner.rows<{ name: string }>(
      `select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'public' and c.relkind in ('r', 'p') order by 1`,
    );
    return rows.map((row) => row.name).filter((name) => !registryTables.has(name));
  }

  async function columnsOf(table: string): Promise<Column[]> {
    return await test.owner.rows<Column>(
      `select a.attname as name, format_type(a.atttypid, a.atttypmod) as type,
         (select pg_get_constraintdef(k.oid) from pg_constraint k
           where k.conrelid = a.attrelid and k.contype = 'c' and k.conkey = array[a.attnum]
           limit 1) as check
       from pg_attribute a
       where a.attrelid = $1::regclass and a.attnum > 0 and not a.attisdropped
         and a.attnotnull and a.attidentity = '' and (not a.atthasdef or a.attname in ('to_point', 'tenant_no'))`,
      [table],
    );
  }

  const byType: readonly (readonly [RegExp, string])[] = [
    [/\[\]$|^json/, "'{}'"],
    [/^(int|bigint|smallint|numeric|double|real)/, '1'],
    [/^boolean/, 'false'],
    [/^timestamp/, 'clock_timestamp()'],
    [/^uuid/, 'gen_random_uuid()'],
  ];

  function sampleOf(column: Column, tenantNo: number): string {
    if (column.name === 'tenant_no') return String(tenantNo);
    if (column.name === 'to_point') return '2147483647';
    const allowed = column.check?.match(/'([^']+)'/)?.[1];
    if (allowed !== undefined) return `'${allowed}'`;
    return byType.find(([pattern]) => pattern.test(column.type))?.[1] ?? `'x${tenantNo}'`;
  }

  async function insertText(table: string, tenantNo: number): Promise<string> {
    const columns = await columnsOf(table);
    const names = columns.map((column) => column.name).join(', ');
    const values = columns.map((column) => sampleOf(column, tenantNo)).join(', ');
    return `insert into ${table} (${names}) values (${values})`;
  }

  async function insertSample(table: string, tenantNo: number): Promise<void> {
    await test.owner.rows(
      `begin; set local session_replication_role = replica;
       ${await insertText(table, tenantNo)}; commit`,
    );
  }

  it('covers every table that is not a registry table, each with a tenant_no column', async () => {
    expect(tables).toContain('object_version');
    const rows = await test.owner.rows<{ name: string; forced: boolean; tenant: boolean }>(
      `select c.relname as name, c.relrowsecurity and c.relforcerowsecurity as forced,
         exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_no'
           and a.attnotnull) as tenant
       from pg_class c where c.oid = any($1::text[]::regclass[])`,
      [tables],
    );
    expect(rows.filter((row) => !row.forced || !row.tenant)).toEqual([]);
    expect(rows).toHaveLength(tables.length);
  });

  it('shows a tenant its own rows only', async () => {
    for (const table of tables) {
      const seen = await test.database.withTenant(mine, (tx) =>
        tx.rows<{ no: number }>(`select tenant_no as no from ${table}`),
      );
      expect(seen, table).toEqual([{ no: mine }]);
    }
  });

  it('neither changes nor deletes the rows of another tenant', async () => {
    for (const table of tables) {
      const gone = await test.database.withTenant(mine, (tx) =>
        tx.change(`delete from ${table} where tenant_no = $1`, [foreign]),
      );
      expect(gone, table).toBe(0);
      const [left] = await test.owner.rows<{ count: number }>(
        `select count(*) as count from ${table} where tenant_no = ${foreign}`,
      );
      expect(left?.count, table).toBe(1);
    }
  });

  it('is an error, not an empty answer, when no tenant is set', async () => {
    for (const table of tables) {
      const read = test.database.withRegistry((tx) => tx.rows(`select * from ${table}`));
      await expect(read, table).rejects.toThrow(/app\.tenant_no|invalid input syntax/);
    }
  });

  it('refuses a row of another tenant', async () => {
    for (const table of tables) {
      const text = await insertText(table, foreign);
      const write = test.database.withTenant(mine, (tx) => tx.rows(text));
      await expect(write, table).rejects.toThrow(/row-level security/);
    }
  });

  it('shows a tenant its own rows only in registry tables that name a tenant', async () => {
    // who may see which tenant is asked before there is a tenant
    const open = new Set(['tenant', 'tenant_access']);
    const registry = [...registryTables].filter((name) => !open.has(name));
    const named = await test.owner.rows<{ name: string }>(
      `select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid
        where c.oid = any($1::text[]::regclass[]) and a.attname = 'tenant_no'`,
      [registry],
    );
    expect(named.map(({ name }) => name)).toContain('operation');
    for (const { name } of named) {
      for (const tenantNo of [mine, foreign]) await insertSample(name, tenantNo);
      const seen = await test.database.withTenant(mine, (tx) =>
        tx.rows<{ no: number }>(`select tenant_no as no from ${name}`),
      );
      expect(seen, name).toEqual([{ no: mine }]);
    }
  });

  it('does not keep the tenant of one transaction for the next one', async () => {
    const single = Database.open({ url: test.appUrl, maxConnections: 1 });
    try {
      await single.withTenant(mine, (tx) => tx.rows('select 1'));
      const read = single.withRegistry((tx) => tx.rows('select * from object'));
      await expect(read).rejects.toThrow(/app\.tenant_no|invalid input syntax/);
    } finally {
      await single.close();
    }
  });

  it('lets the application role own nothing and create nothing', async () => {
    const [owned] = await test.owner.rows<{ count: number }>(
      `select count(*) as count from pg_class c join pg_roles r on r.oid = c.relowner
        where r.rolname = 'entra_backup_app'`,
    );
    expect(owned?.count).toBe(0);
    const create = test.database.withRegistry((tx) => tx.rows('create table mine (a int)'));
    await expect(create).rejects.toThrow(/permission denied/);
    const forge = test.database.withRegistry((tx) =>
      tx.rows("insert into pgmigrations (name, run_on) values ('9999_x', now())"),
    );
    await expect(forge).rejects.toThrow(/permission denied/);
  });

  it('gives the application role time limits, so that a frozen worker lets go', async () => {
    const rows = await test.database.withRegistry((tx) =>
      tx.rows<{ statement: string; idle: string; lock: string }>(
        `select current_setting('statement_timeout') as statement,
           current_setting('idle_in_transaction_session_timeout') as idle,
           current_setting('lock_timeout') as lock`,
      ),
    );
    expect(rows).toEqual([{ statement: '1min', idle: '15s', lock: '10s' }]);
  });

  it('accepts the application role at start', async () => {
    await test.database.withRegistry(assertApplicationRole);
  });

  it.each([
    ['a superuser', 'superuser', /is a superuser/],
    ['bypassrls', 'nosuperuser bypassrls', /has bypassrls/],
    ['membership in the owner', 'nosuperuser in role entra_backup_owner', /owns \d+ tables/],
  ])('refuses a role with %s at start', async (_what, attributes, message) => {
    const role = `probe_${Math.random().toString(36).slice(2)}`;
    await test.owner.rows(`create role ${role} login password 'probe' ${attributes}`);
    const url = new URL(test.appUrl);
    url.username = role;
    url.password = 'probe';
    const database = Database.open({ url: url.href });
    try {
      const start = database.withRegistry(assertApplicationRole);
      await expect(start).rejects.toMatchObject({ code: 'repositoryRole' });
      await expect(database.withRegistry(assertApplicationRole)).rejects.toThrow(message);
    } finally {
      await database.close();
      await test.owner.rows(`drop owned by ${role}; drop role ${role}`);
    }
  });

  it('refuses the owner of the schema at start', async () => {
    const database = Database.open({
      url: databaseUrl(inject('postgres').ownerUrl, 'entra_backup'),
    });
    try {
      const start = database.withRegistry(assertApplicationRole);
      await expect(start).rejects.toThrow(/owns \d+ tables/);
    } finally {
      await database.close();
    }
  });
});
