// Keeps generated passwords (RESTORE_SECRETS). A secret is stored here before the request that uses
// it, so that no created account is left with a password nobody knows. Nothing here reads settings.
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BackupError, isBackupError } from '../errors/backup-error.ts';
import { createLinkCipher } from './link-cipher.ts';

export interface SecretStore {
  /** The secret of that name; made by `make` and stored first when there is none. */
  ensure(name: string, make: () => string): Promise<string>;
  find(name: string): Promise<string | undefined>;
}

/**
 * Secrets in one local file, a line each, encrypted under a key in a file beside it; both can be
 * read by their owner only. Lines are only appended; the first of a name counts.
 */
export function createFileSecretStore(path: string): SecretStore {
  const find = async (name: string): Promise<string | undefined> => {
    const lines = await readLines(path);
    const line = lines.find((each) => each.name === name);
    if (line === undefined) return undefined;
    return createLinkCipher(await readKey(path)).open(Buffer.from(line.sealed, 'base64'), name);
  };
  return {
    find,
    ensure: async (name, make) => {
      const known = await find(name);
      if (known !== undefined) return known;
      const sealed = createLinkCipher(await readKey(path)).seal(make(), name);
      await append(path, `${JSON.stringify({ name, sealed: sealed.toString('base64') })}\n`);
      // read back: another process may have been first
      const stored = await find(name);
      if (stored === undefined) throw unusable('a secret did not arrive in the file');
      return stored;
    },
  };
}

interface Line {
  readonly name: string;
  readonly sealed: string;
}

async function readLines(path: string): Promise<Line[]> {
  const text = await readIfThere(path);
  if (text === undefined) return [];
  return text
    .toString('utf8')
    .split('\n')
    .flatMap((line) => parseLine(line));
}

/** A line cut off by a crash was never used: its request had not left. */
function parseLine(line: string): Line[] {
  try {
    const value: unknown = JSON.parse(line);
    const isLine = typeof value === 'object' && value !== null && 'name' in value;
    return isLine ? [value as Line] : [];
  } catch {
    return [];
  }
}

async function readKey(path: string): Promise<Buffer> {
  const file = `${path}.key`;
  const known = await readIfThere(file);
  if (known !== undefined) return known;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  try {
    const handle = await open(file, 'wx', 0o600);
    await handle.writeFile(randomBytes(32));
    await handle.sync();
    await handle.close();
  } catch (cause) {
    if (!isCode(cause, 'EEXIST')) throw unusable('the key file cannot be written', cause);
  }
  return await readFile(file);
}

async function append(path: string, line: string): Promise<void> {
  try {
    const flags = constants.O_APPEND | constants.O_CREAT | constants.O_WRONLY;
    const handle = await open(path, flags, 0o600);
    // a line cut off before is closed first
    await handle.writeFile(`\n${line}`);
    await handle.sync();
    await handle.close();
  } catch (cause) {
    throw unusable('the file cannot be written', cause);
  }
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (cause) {
    if (isCode(cause, 'ENOENT')) return undefined;
    throw isBackupError(cause) ? cause : unusable('the file cannot be read', cause);
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

function unusable(what: string, cause?: unknown): BackupError {
  return new BackupError('settingsInvalid', `the secret store RESTORE_SECRETS: ${what}`, { cause });
}
