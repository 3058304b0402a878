import { randomBytes } from 'node:crypto';
import { BackupError } from '../errors/backup-error.ts';
import type { Transaction } from './database.ts';

const KEY_BYTES = 32;

/** A random key of 32 bytes that all instances of the application share; made on first use. */
export async function sharedKey(tx: Transaction, name: string): Promise<Buffer> {
  await tx.change('insert into shared_key (name, value) values ($1, $2) on conflict do nothing', [
    name,
    randomBytes(KEY_BYTES),
  ]);
  const row = await tx.row<{ value: Buffer }>('select value from shared_key where name = $1', [
    name,
  ]);
  if (row === undefined) throw new BackupError('invalidState', `shared key ${name} is missing`);
  return row.value;
}
