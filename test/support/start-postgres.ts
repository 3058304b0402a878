// One PostgreSQL for all projects of a test run; each test file works in a copy of the migrated
// database `entra_backup` (database.ts).
import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { type RunningPostgres, startPostgres } from '../../local/postgres.ts';
import { removePostgres } from '../../local/postgres-folders.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** URLs of the test server: superuser, and owner and application of the template. */
    postgres: { superUrl: string; ownerUrl: string; appUrl: string };
  }
}

interface Shared {
  users: number;
  readonly folder: string;
  readonly running: Promise<RunningPostgres>;
}

// Each project loads this file by itself: what they share hangs on the global object.
const KEY = Symbol.for('entra-backup.test.postgres');
const store = globalThis as { [KEY]?: Shared };

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  store[KEY] ??= begin();
  const shared = store[KEY];
  shared.users += 1;
  const { superUrl, ownerUrl, appUrl } = await shared.running;
  project.provide('postgres', { superUrl, ownerUrl, appUrl });
  return async () => {
    shared.users -= 1;
    if (shared.users > 0) return;
    delete store[KEY];
    await (await shared.running).stop();
    removePostgres(shared.folder);
  };
}

function begin(): Shared {
  const folder = mkdtempSync(path.join(tmpdir(), 'entra-backup-test-'));
  // so that the user postgres can enter it when the tests run as root
  chmodSync(folder, 0o755);
  const running = startPostgres({ dataDir: folder, volatile: true }).catch((error: unknown) => {
    removePostgres(folder);
    throw error;
  });
  return { users: 0, folder, running };
}
