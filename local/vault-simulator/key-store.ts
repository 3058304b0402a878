/** The keys of a vault with all their versions; kept in one file so that data stay readable. */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { VaultError } from './vault-request.ts';

const newPair = promisify(generateKeyPair);

export interface KeyAttributes {
  enabled: boolean;
  /** Seconds since 1970, as all times of the service. */
  nbf?: number;
  exp?: number;
  created: number;
  updated: number;
}

export interface KeyVersion {
  readonly version: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  operations: readonly string[];
  readonly attributes: KeyAttributes;
}

export interface VaultKey {
  readonly name: string;
  /** The newest is the last: it is the current one, whatever its state. */
  readonly versions: KeyVersion[];
}

export type KeyChange = Partial<Pick<KeyAttributes, 'enabled' | 'nbf' | 'exp'>>;

/** https://learn.microsoft.com/azure/key-vault/keys/about-keys-details */
export const keyOperations = [
  ...['encrypt', 'decrypt', 'sign', 'verify', 'wrapKey', 'unwrapKey'],
] as const;

type StoredKey = {
  readonly name: string;
  readonly versions: readonly {
    readonly version: string;
    readonly pem: string;
    readonly operations: readonly string[];
    readonly attributes: KeyAttributes;
  }[];
};

export class KeyStore {
  readonly #file: string;
  readonly #now: () => Date;
  readonly #keys = new Map<string, VaultKey>();
  #saving: Promise<void> = Promise.resolve();

  private constructor(file: string, now: () => Date) {
    this.#file = file;
    this.#now = now;
  }

  static async open(folder: string, now: () => Date): Promise<KeyStore> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const store = new KeyStore(path.join(folder, 'keys.json'), now);
    await store.#load();
    return store;
  }

  /** A new key, or a new version of one that is there; 2,048 bit RSA. */
  async create(
    name: string,
    change: KeyChange = {},
    operations: readonly string[] = keyOperations,
  ): Promise<KeyVersion> {
    const { privateKey, publicKey } = await newPair('rsa', { modulusLength: 2048 });
    const now = Math.floor(this.#now().getTime() / 1000);
    const attributes = { enabled: true, created: now, updated: now, ...change };
    const version = randomBytes(16).toString('hex');
    const added = { version, privateKey, publicKey, operations, attributes };
    const key = this.#keys.get(name.toLowerCase()) ?? { name, versions: [] };
    key.versions.push(added);
    this.#keys.set(name.toLowerCase(), key);
    await this.#save();
    return added;
  }

  /** Makes the key when it is not there. */
  async ensure(name: string): Promise<void> {
    if (!this.#keys.has(name.toLowerCase())) await this.create(name);
  }

  async update(name: string, version: string, change: KeyChange): Promise<KeyVersion> {
    const { found } = this.find(name, version);
    Object.assign(found.attributes, change, { updated: Math.floor(this.#now().getTime() / 1000) });
    await this.#save();
    return found;
  }

  async delete(name: string): Promise<void> {
    this.#keys.delete(name.toLowerCase());
    await this.#save();
  }

  /** Without a version the current one; throws VaultError 404. */
  find(name: string, version = ''): { readonly key: VaultKey; readonly found: KeyVersion } {
    const key = this.#keys.get(name.toLowerCase());
    const found =
      version === ''
        ? key?.versions.at(-1)
        : key?.versions.find((each) => each.version === version.toLowerCase());
    if (key !== undefined && found !== undefined) return { key, found };
    const id = version === '' ? name : `${name}/${version}`;
    throw new VaultError(
      404,
      'KeyNotFound',
      `A key with (name/id) ${id} was not found in this key vault. If you recently deleted this key you may be able to recover it using the correct recovery command.`,
    );
  }

  async #load(): Promise<void> {
    const text = await readFile(this.#file, 'utf8').catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '[]';
      throw error;
    });
    for (const { name, versions } of JSON.parse(text) as StoredKey[]) {
      const read = versions.map(({ pem, ...rest }): KeyVersion => {
        const privateKey = createPrivateKey(pem);
        return { ...rest, privateKey, publicKey: createPublicKey(privateKey) };
      });
      this.#keys.set(name.toLowerCase(), { name, versions: read });
    }
  }

  /** One after another, each all at once. */
  #save(): Promise<void> {
    this.#saving = this.#saving.then(async () => {
      const stored = [...this.#keys.values()].map(({ name, versions }): StoredKey => {
        const plain = versions.map(({ privateKey, version, operations, attributes }) => {
          const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
          return { version, operations, attributes, pem };
        });
        return { name, versions: plain };
      });
      const temporary = `${this.#file}.new`;
      await writeFile(temporary, JSON.stringify(stored), { mode: 0o600 });
      await rename(temporary, this.#file);
    });
    return this.#saving;
  }
}
