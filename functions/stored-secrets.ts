import { readFileSync } from 'node:fs';
import { createFileSecretStore, type SecretStore } from '../shared/encryption/secret-store.ts';
import { BackupError } from '../shared/errors/backup-error.ts';
import type { Settings } from '../shared/settings/settings.ts';

const KEY_BYTES = 32;

/** The 32 bytes of REPOSITORY_KEY: a file with them raw, or as text in base64 or hexadecimal. */
export function repositoryKey(settings: Settings): Buffer {
  const source = settings.repositoryKey;
  if (source === undefined) throw missing('REPOSITORY_KEY is missing');
  if (source.startsWith('https://')) {
    throw missing('REPOSITORY_KEY has to be a key file, addresses of Key Vault cannot be read');
  }
  const key = decoded(readFileSync(source));
  if (key === undefined) throw missing('the file of REPOSITORY_KEY does not hold 32 bytes');
  return key;
}

function decoded(bytes: Buffer): Buffer | undefined {
  if (bytes.length === KEY_BYTES) return bytes;
  const text = bytes.toString('latin1').trim();
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex');
  const key = Buffer.from(text, 'base64');
  return key.length === KEY_BYTES ? key : undefined;
}

export function secretStore(settings: Settings): SecretStore {
  const place = settings.restoreSecrets;
  if (place === undefined) throw missing('RESTORE_SECRETS is missing');
  if (place.startsWith('https://')) {
    throw missing('RESTORE_SECRETS has to be a file, addresses of Key Vault cannot be used');
  }
  return createFileSecretStore(place);
}

function missing(message: string): BackupError {
  return new BackupError('settingsInvalid', message);
}
