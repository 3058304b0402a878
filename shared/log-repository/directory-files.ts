import { link, mkdir, open, readdir, realpath, stat, unlink } from 'node:fs/promises';
import path from 'node:path';
import { BackupError } from '../errors/backup-error.ts';
import { codeOf } from './store-errors.ts';

/** Files that are being written; no name of the repository begins with a dot. */
export const INCOMING = '.incoming';
const LEFT_BEHIND_MS = 24 * 60 * 60 * 1000;

/** Makes the folder of incoming files and removes what killed processes left there a day ago. */
export async function prepareIncoming(root: string): Promise<void> {
  const folder = path.join(root, INCOMING);
  await mkdir(folder, { mode: 0o700 }).catch((error: unknown) => {
    if (codeOf(error) !== 'EEXIST') throw error;
  });
  const limit = Date.now() - LEFT_BEHIND_MS;
  for (const file of await readdir(folder)) {
    const left = path.join(folder, file);
    // another process may clean at the same time
    const found = await ifThere(stat(left));
    if (found !== undefined && found.mtimeMs < limit) await ifThere(unlink(left));
  }
}

/** Gives a complete file its name, durably. `exists` leaves what is there. */
export async function placeFile(
  root: string,
  temporary: string,
  target: string,
): Promise<'created' | 'exists'> {
  const folder = path.dirname(target);
  await makeFolders(root, folder);
  try {
    await link(temporary, target);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    // over NFS the answer to a link that was made may be lost: then the file has two names
    if (!(await areSame(temporary, target))) return 'exists';
  }
  await syncFolder(folder);
  return 'created';
}

async function areSame(one: string, other: string): Promise<boolean> {
  const [first, second] = await Promise.all([stat(one), stat(other)]);
  return first.ino === second.ino && first.dev === second.dev;
}

/** Makes the folders below the root, each entry durable, and refuses links that lead out of it. */
async function makeFolders(root: string, folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true, mode: 0o700 });
  const [realRoot, realFolder] = await Promise.all([realpath(root), realpath(folder)]);
  if (path.relative(realRoot, realFolder).startsWith('..')) {
    throw new BackupError('logStoreRefused', 'a folder of the log repository leads out of it');
  }
  if (first === undefined) return;
  for (let made = folder; made.length >= first.length; made = path.dirname(made)) {
    await syncFolder(path.dirname(made));
  }
}

/** Makes new and removed entries of a folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  // Windows knows no handle of a folder and needs no sync of it
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function ifThere<Result>(act: Promise<Result>): Promise<Result | undefined> {
  try {
    return await act;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
