import { createHash } from 'node:crypto';
import { BackupError } from '../errors/backup-error.ts';

/** Keys may have 1 KiB, 512 characters: the rest is for what stands behind a name. */
const LONGEST_KEY = 400;
const LONGEST_NAME = 4096;
const unsafe = /[^A-Za-z0-9._-]/g;

/**
 * Any name as a key of the table: what the service excludes (`/ \ # ?`, control characters), what
 * needs care in addresses and filters, and `~` itself become `~` and the four digits of the UTF-16
 * unit; a long name is cut and gets its SHA-256. No two names share a key.
 * https://learn.microsoft.com/rest/api/storageservices/understanding-the-table-service-data-model
 */
export function keyOf(name: string): string {
  const key = encodedName(name);
  if (key.length <= LONGEST_KEY) return key;
  // a lone tilde at the end of the cut part cannot come from encoding
  return `${key.slice(0, 300)}~~${createHash('sha256').update(key).digest('hex')}`;
}

/** The name in letters, digits and `._-~` only, in full. */
export function encodedName(name: string): string {
  if (name.length > LONGEST_NAME) {
    throw new BackupError('invalidState', `a name in the cache has ${name.length} characters`);
  }
  if (name === '') return '~';
  return name.replace(unsafe, (unit) => `~${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** The inverse of `encodedName`. */
export function decodedName(encoded: string): string {
  if (encoded === '~') return '';
  return encoded.replace(/~([0-9a-f]{4})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
}

/** True when the key holds only a part of the name. */
export function isCut(key: string): boolean {
  return key.includes('~~');
}
