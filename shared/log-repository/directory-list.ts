import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { StoredBlob } from './log-store.ts';
import { codeOf } from './store-errors.ts';

/**
 * Files below `root` whose names begin with `prefix` and come after `after`, in code unit order of
 * the whole name; walks only folders that can hold such names.
 */
export async function* listFolder(
  root: string,
  prefix: string,
  after: string,
): AsyncGenerator<StoredBlob> {
  // the walk begins in the folder that the prefix names
  const start = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  yield* walk(root, start, prefix, after);
}

async function* walk(
  root: string,
  folder: string,
  prefix: string,
  after: string,
): AsyncGenerator<StoredBlob> {
  for (const entry of sorted(await entriesOf(path.join(root, folder)))) {
    const name = folder + keyOf(entry);
    if (entry.isDirectory()) {
      if (mayHold(name, prefix, after)) yield* walk(root, name, prefix, after);
    } else if (entry.isFile() && name.startsWith(prefix) && name > after) {
      const bytes = await sizeOf(path.join(root, name));
      if (bytes !== undefined) yield { name, bytes };
    }
  }
}

/** Whether the folder `name` may hold names of the prefix that come after `after`. */
function mayHold(name: string, prefix: string, after: string): boolean {
  const isWanted = name.startsWith(prefix) || prefix.startsWith(name);
  return isWanted && (name > after || after.startsWith(name));
}

/** As it stands in names: a folder ends with `/`, which decides its place between files. */
function keyOf(entry: Dirent): string {
  return entry.isDirectory() ? `${entry.name}/` : entry.name;
}

function sorted(entries: readonly Dirent[]): Dirent[] {
  return entries
    .filter((entry) => !entry.name.startsWith('.'))
    .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return [];
    throw error;
  }
}

/** Undefined when it was removed since. */
async function sizeOf(file: string): Promise<number | undefined> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
