import { BackupError } from '../errors/backup-error.ts';
import type { Transaction } from './database.ts';

/** Name of the newest file in migrations/: what this version of the code needs; a test compares. */
export const schemaVersion = '0010_log_upkeep';

const UNDEFINED_TABLE = '42P01';

/**
 * Compares the schema of the database with the one this code was written for. Throws
 * `repositoryVersion` when it is older, newer or missing; the application stops at start.
 */
export async function assertSchemaVersion(tx: Transaction): Promise<void> {
  const found = await appliedVersion(tx);
  if (found === schemaVersion) return;
  const has = found === undefined ? 'no schema' : `schema ${found}`;
  throw new BackupError('repositoryVersion', `database has ${has}, needed is ${schemaVersion}`, {
    details: { component: 'repository', requirement: 'R-P-3' },
  });
}

async function appliedVersion(tx: Transaction): Promise<string | undefined> {
  try {
    const row = await tx.row<{ name: string | null }>('select max(name) as name from pgmigrations');
    return row?.name ?? undefined;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === UNDEFINED_TABLE) {
      return undefined;
    }
    throw error;
  }
}
