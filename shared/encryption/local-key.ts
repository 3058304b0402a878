import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { link, mkdir, open, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BackupError } from '../errors/backup-error.ts';
import { KEY_BYTES, type KeyWrapper, type WrappedKey } from './key-wrapper.ts';

const ALGORITHM = 'A256KW';
const CIPHER = 'id-aes256-wrap';
// the initial value of RFC 3394, 2.2.3.1: https://www.rfc-editor.org/rfc/rfc3394
const INITIAL_VALUE = Buffer.alloc(8, 0xa6);

/**
 * Wraps with a key file: 32 bytes raw, or as text in hexadecimal or base64; RFC 3394, so that
 * `openssl` unwraps it too. `keyUnavailable` when the file cannot be read, `settingsInvalid` when it
 * does not hold 32 bytes.
 */
export function openLocalKey(path: string): KeyWrapper {
  return createLocalKey(readKey(path));
}

/** The same with the 32 bytes themselves. */
export function createLocalKey(key: Buffer): KeyWrapper {
  if (key.length !== KEY_BYTES) throw notAKey();
  const keyId = `local:${createHash('sha256').update(key).digest('hex').slice(0, 16)}`;
  return {
    keyId,
    wrap: (dataKey) => Promise.resolve(wrap(key, keyId, dataKey)),
    unwrap: async (wrapped) => await Promise.resolve(unwrap(key, keyId, wrapped)),
  };
}

/**
 * Makes a key file, 64 hexadecimal digits, when there is none; an existing one stays as it is, also
 * when two processes come at once. Only its owner can read it.
 */
export async function ensureLocalKeyFile(path: string): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(`${randomBytes(KEY_BYTES).toString('hex')}\n`);
    await file.sync();
    await link(temporary, path);
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'EEXIST')) throw cause;
  } finally {
    await file.close();
    await unlink(temporary);
  }
}

function wrap(key: Buffer, keyId: string, dataKey: Buffer): WrappedKey {
  const cipher = createCipheriv(CIPHER, key, INITIAL_VALUE);
  const bytes = Buffer.concat([cipher.update(dataKey), cipher.final()]);
  return { keyId, algorithm: ALGORITHM, bytes };
}

function unwrap(key: Buffer, keyId: string, wrapped: WrappedKey): Buffer {
  if (wrapped.keyId !== keyId || wrapped.algorithm !== ALGORITHM) {
    throw new BackupError(
      'keyWrong',
      `a data key was wrapped by ${wrapped.keyId} (${wrapped.algorithm}), the key here is ${keyId}`,
      { details: { keyId, wrappedBy: wrapped.keyId } },
    );
  }
  try {
    const decipher = createDecipheriv(CIPHER, key, INITIAL_VALUE);
    const dataKey = Buffer.concat([decipher.update(wrapped.bytes), decipher.final()]);
    // nothing wrapped opens as nothing, without a complaint
    if (dataKey.length === 0) throw new Error('the wrapped key is empty');
    return dataKey;
  } catch (cause) {
    throw new BackupError('keyWrong', `a data key does not open with the key ${keyId}`, {
      cause,
      details: { keyId },
    });
  }
}

function readKey(path: string): Buffer {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw new BackupError('keyUnavailable', 'a local key file cannot be read', { cause });
  }
  const key = decoded(bytes);
  if (key === undefined) throw notAKey();
  return key;
}

function decoded(bytes: Buffer): Buffer | undefined {
  if (bytes.length === KEY_BYTES) return bytes;
  const text = bytes.toString('latin1').trim();
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex');
  return /^[A-Za-z0-9+/]{43}=?$/.test(text) ? Buffer.from(text, 'base64') : undefined;
}

function notAKey(): BackupError {
  return new BackupError(
    'settingsInvalid',
    'a local key does not hold 32 bytes, raw or as text in hexadecimal or base64',
  );
}
