import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Held until `release`, or until the process ends in whatever way. */
export interface FolderLock {
  release(): void;
}

/**
 * Makes this process the only user of `folder`. The lock is the one SQLite takes on its file, so the
 * operating system frees it when the holder is killed. Throws when another process holds it.
 */
export function lockFolder(folder: string): FolderLock {
  mkdirSync(folder, { recursive: true });
  const database = new DatabaseSync(path.join(folder, 'in-use.lock'), { timeout: 0 });
  try {
    database.exec('pragma locking_mode = exclusive; begin exclusive');
  } catch (error) {
    database.close();
    throw new Error(
      `folder ${folder} is in use by another process: stop it first, or name another folder`,
      { cause: error },
    );
  }
  return { release: () => database.close() };
}
