// What the local stack remembers between two starts: ports and generated secrets.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { freePort } from '../free-port.ts';

export interface StackState {
  /** Delta links that are stored name it: it stays the same. */
  readonly simulatorPort: number;
  readonly controlToken: string;
  readonly backupSecret: string;
  readonly restoreSecret: string;
}

/** Path of the key of REPOSITORY_KEY: 32 random bytes, made at the first start. */
export function repositoryKeyFile(folder: string): string {
  const file = path.join(folder, 'repository.key');
  if (!existsSync(file)) writeFileSync(file, randomBytes(32), { mode: 0o600 });
  return file;
}

/** Reads `stack.json` of the state folder, or makes it. */
export async function stackState(folder: string): Promise<StackState> {
  const file = path.join(folder, 'stack.json');
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as StackState;
  mkdirSync(folder, { recursive: true });
  const text = (): string => randomBytes(24).toString('base64url');
  const state: StackState = {
    simulatorPort: await freePort(),
    controlToken: text(),
    backupSecret: text(),
    restoreSecret: text(),
  };
  writeFileSync(`${file}.new`, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return state;
}
