import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migrate, migrationNames } from '../../shared/repository/migrate.ts';
import { assertSchemaVersion, schemaVersion } from '../../shared/repository/schema-version.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

describe('migrations', () => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await createTestDatabase();
  });
  afterAll(async () => await test.drop());

  it('are numbered without gaps, and the newest is the version the code asks for', async () => {
    const found = await migrationNames();
    expect(found.map((name) => Number(name.slice(0, 4)))).toEqual(found.map((_, i) => i + 1));
    expect(found.at(-1)).toBe(schemaVersion);
  });

  it('do nothing the second time', async () => {
    await expect(migrate({ url: test.ownerUrl })).resolves.toEqual({
      applied: [],
      version: schemaVersion,
    });
  });

  it('run as a command that needs the owner’s URL and says so', () => {
    const script = path.join(import.meta.dirname, '..', '..', 'local', 'migrate.ts');
    const command = (url: string) =>
      spawnSync(process.execPath, [script], {
        encoding: 'utf8',
        env: { ...process.env, POSTGRES_MIGRATION_URL: url },
      });
    const missing = command('');
    expect(missing.status).toBe(2);
    expect(missing.stderr).toContain('POSTGRES_MIGRATION_URL is missing: put postgres://');
    const done = command(test.ownerUrl);
    expect(done.stdout.trim()).toBe(`schema is up to date: ${schemaVersion}`);
    const app = command(test.appUrl);
    expect(app.status).not.toBe(0);
  });

  it('let two runners at once finish, the second after the first', async () => {
    const runs = await Promise.all([1, 2, 3].map(() => migrate({ url: test.ownerUrl })));
    expect(runs.map((run) => run.applied)).toEqual([[], [], []]);
  });

  it('let the application start on the schema it was written for', async () => {
    await test.database.withRegistry(assertSchemaVersion);
  });

  it('stop the application when the schema is newer or older', async () => {
    await test.owner.rows("insert into pgmigrations (name, run_on) values ('9999_later', now())");
    const newer = test.database.withRegistry(assertSchemaVersion);
    await expect(newer).rejects.toMatchObject({
      code: 'repositoryVersion',
      message: `database has schema 9999_later, needed is ${schemaVersion}`,
    });
    await test.owner.rows("delete from pgmigrations where name >= '0001'");
    const older = test.database.withRegistry(assertSchemaVersion);
    await expect(older).rejects.toMatchObject({ code: 'repositoryVersion' });
  });

  it('refuse a schema that is newer than the files and change nothing', async () => {
    const other = await createTestDatabase();
    try {
      await other.owner.rows(
        "insert into pgmigrations (name, run_on) values ('9999_later', now())",
      );
      await expect(migrate({ url: other.ownerUrl })).rejects.toMatchObject({
        code: 'repositoryVersion',
        message: 'database has migration 9999_later, which this version does not know',
      });
    } finally {
      await other.drop();
    }
  });

  it('stop the application on a database without a schema', async () => {
    const other = await createTestDatabase();
    try {
      await other.owner.rows('drop table pgmigrations');
      const start = other.database.withRegistry(assertSchemaVersion);
      await expect(start).rejects.toMatchObject({
        code: 'repositoryVersion',
        message: `database has no schema, needed is ${schemaVersion}`,
      });
    } finally {
      await other.drop();
    }
  });
});
