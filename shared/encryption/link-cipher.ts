// Encrypts delta and next links before they are stored (DESIGN 12, REPOSITORY_KEY): they let anybody
// with a token go on reading the tenant. Nothing here reads settings or knows what a link means.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { BackupError } from '../errors/backup-error.ts';

export interface LinkCipher {
  /** `context` (tenant, collection) is authenticated: bytes moved to another row do not open. */
  seal(link: string, context: string): Buffer;
  open(sealed: Buffer, context: string): string;
}

const VERSION = 1;
const NONCE = 12;
const TAG = 16;

/** AES-256-GCM with a random nonce per link; layout: version, nonce, tag, text. */
export function createLinkCipher(key: Buffer): LinkCipher {
  if (key.length !== 32) {
    throw new BackupError('settingsInvalid', 'the repository key must have 32 bytes');
  }
  return {
    seal: (link, context) => {
      const nonce = randomBytes(NONCE);
      const cipher = createCipheriv('aes-256-gcm', key, nonce);
      cipher.setAAD(Buffer.from(context));
      const text = Buffer.concat([cipher.update(link, 'utf8'), cipher.final()]);
      return Buffer.concat([Buffer.from([VERSION]), nonce, cipher.getAuthTag(), text]);
    },
    open: (sealed, context) => openLink(key, sealed, context),
  };
}

function openLink(key: Buffer, sealed: Buffer, context: string): string {
  try {
    const nonce = sealed.subarray(1, 1 + NONCE);
    const decipher = createDecipheriv('aes-256-gcm', key, nonce);
    decipher.setAAD(Buffer.from(context));
    decipher.setAuthTag(sealed.subarray(1 + NONCE, 1 + NONCE + TAG));
    const text = sealed.subarray(1 + NONCE + TAG);
    return Buffer.concat([decipher.update(text), decipher.final()]).toString('utf8');
  } catch (cause) {
    throw new BackupError('invalidState', 'a stored link does not open with the repository key', {
      cause,
    });
  }
}
