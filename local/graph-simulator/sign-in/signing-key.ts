/**
 * The authority's RS256 key. It is kept in the state folder so that tokens issued before a restart
 * of the simulator stay valid after it.
 */

import type { KeyObject } from 'node:crypto';
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JWK } from 'jose';

export interface SigningKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** The public half as it appears in the JWKS document. */
  readonly jwk: JWK;
}

/** Reads the key of this state folder or makes one (2,048 bit). */
export async function ensureSigningKey(stateDir: string): Promise<SigningKey> {
  const file = join(stateDir, 'sign-in', 'signing-key.pem');
  try {
    return fromPrivateKey(createPrivateKey(await readFile(file, 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const key = createSigningKey();
  await mkdir(join(stateDir, 'sign-in'), { recursive: true });
  const pem = key.privateKey.export({ type: 'pkcs8', format: 'pem' });
  await writeFile(file, pem, { mode: 0o600 });
  return key;
}

/** A fresh RS256 key that no JWKS document lists unless it is put there. */
export function createSigningKey(): SigningKey {
  return fromPrivateKey(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);
}

function fromPrivateKey(privateKey: KeyObject): SigningKey {
  const publicKey = createPublicKey(privateKey);
  const kid = createHash('sha1')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64url');
  const jwk = publicKey.export({ format: 'jwk' }) as JWK;
  return { kid, privateKey, publicKey, jwk: { ...jwk, kid, use: 'sig', x5t: kid, alg: 'RS256' } };
}
