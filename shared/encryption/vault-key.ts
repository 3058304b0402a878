import {
  CryptographyClient,
  type CryptographyClientOptions,
  KeyClient,
  type KeyClientOptions,
} from '@azure/keyvault-keys';
import { BackupError } from '../errors/backup-error.ts';
import { type Clock, systemClock } from '../model/clock.ts';
import type { KeyWrapper, WrappedKey } from './key-wrapper.ts';
import { UnwrappedKeys } from './unwrapped-keys.ts';
import { innerCodeOf, isRefusedData, keyUnavailable } from './vault-error.ts';

/** What every credential of `@azure/identity` is. */
export interface VaultCredential {
  getToken(
    scopes: string | string[],
  ): Promise<{ readonly token: string; readonly expiresOnTimestamp: number } | null>;
}

export interface VaultKeyOptions {
  readonly credential: VaultCredential;
  /**
   * True only for a vault of the local stack, whose address is none of Azure: the client checks
   * otherwise that it sends its token to the service for which the token was made.
   */
  readonly disableChallengeResourceVerification?: boolean;
  readonly clock?: Clock;
  /** Limit of one call with the retries of the client; 60 s by default. */
  readonly timeoutMs?: number;
  /** How long an opened data key and the newest version are remembered; 5 min by default. */
  readonly rememberMs?: number;
  readonly client?: Omit<KeyClientOptions, 'disableChallengeResourceVerification'>;
}

interface Address {
  readonly vault: string;
  readonly name: string;
  readonly version: string;
}

const ALGORITHM = 'RSA-OAEP-256';
const REMEMBERED_MS = 5 * 60_000;
const retryOptions = { maxRetries: 3, retryDelayInMs: 500, maxRetryDelayInMs: 8_000 };

/**
 * Wraps with a Key Vault key, `https://<vault>/keys/<name>[/<version>]`, RSA. Without a version in
 * the address the newest one wraps, and its full id goes with the data key, so that after a rotation
 * the older versions go on opening what they have wrapped, expired ones too. Needs the permissions
 * get, wrapKey and unwrapKey (role Key Vault Crypto Service Encryption User). Makes no request
 * itself; throws `settingsInvalid`.
 */
export function openVaultKey(address: string, options: VaultKeyOptions): KeyWrapper {
  return new VaultKey(parseAddress(address), options);
}

class VaultKey implements KeyWrapper {
  readonly keyId: string;
  readonly #address: Address;
  readonly #options: VaultKeyOptions;
  readonly #clock: Clock;
  readonly #keys: KeyClient;
  readonly #versions = new Map<string, CryptographyClient>();
  readonly #opened: UnwrappedKeys;
  #newest: { readonly version: string; readonly until: number } | undefined;

  constructor(address: Address, options: VaultKeyOptions) {
    this.keyId = idOf(address, address.version);
    this.#address = address;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#keys = new KeyClient(address.vault, options.credential, this.#clientOptions());
    this.#opened = new UnwrappedKeys(this.#clock, options.rememberMs ?? REMEMBERED_MS);
  }

  async wrap(key: Buffer): Promise<WrappedKey> {
    const known = this.#known();
    try {
      return await this.#wrap(key, known ?? (await this.#readNewest()));
    } catch (cause) {
      // the version that was newest a moment ago may have been retired since
      const newest = known === undefined ? undefined : await this.#readNewest();
      if (newest === undefined || newest === known) throw keyUnavailable(this.keyId, cause);
      return await this.#wrap(key, newest).catch((again: unknown) => {
        throw keyUnavailable(this.keyId, again);
      });
    }
  }

  async unwrap(wrapped: WrappedKey): Promise<Buffer> {
    const version = this.#versionOf(wrapped);
    return await this.#opened.open(wrapped, async () => {
      try {
        const client = this.#client(version);
        const { result } = await client.unwrapKey(ALGORITHM, wrapped.bytes, this.#limit());
        return Buffer.from(result);
      } catch (cause) {
        if (!isRefusedData(cause)) throw keyUnavailable(wrapped.keyId, cause);
        const message = `a data key does not open with the key ${wrapped.keyId}`;
        const details = { keyId: wrapped.keyId, inner: innerCodeOf(cause) };
        throw new BackupError('keyWrong', message, { cause, details });
      }
    });
  }

  async #wrap(key: Buffer, version: string): Promise<WrappedKey> {
    const { result } = await this.#client(version).wrapKey(ALGORITHM, key, this.#limit());
    const keyId = idOf(this.#address, version);
    return { keyId, algorithm: ALGORITHM, bytes: Buffer.from(result) };
  }

  #known(): string | undefined {
    if (this.#address.version !== '') return this.#address.version;
    const newest = this.#newest;
    return newest !== undefined && newest.until > this.#time() ? newest.version : undefined;
  }

  /** The pinned version, or the one that the vault names as current. */
  async #readNewest(): Promise<string> {
    if (this.#address.version !== '') return this.#address.version;
    try {
      const { properties } = await this.#keys.getKey(this.#address.name, this.#limit());
      const { version = '' } = properties;
      if (version === '') throw new Error('the vault names no version of the key');
      const until = this.#time() + (this.#options.rememberMs ?? REMEMBERED_MS);
      this.#newest = { version, until };
      return version;
    } catch (cause) {
      throw keyUnavailable(this.keyId, cause);
    }
  }

  /** Other vaults and names are refused: a header must not decide where a token is sent. */
  #versionOf(wrapped: WrappedKey): string {
    const from = addressOf(wrapped.keyId);
    const { vault, name } = this.#address;
    const isOurs = from?.vault === vault && from.name === name && from.version !== '';
    if (isOurs && wrapped.algorithm === ALGORITHM) return from.version;
    throw new BackupError(
      'keyWrong',
      `a data key was wrapped by ${wrapped.keyId} (${wrapped.algorithm}), the key here is ${this.keyId}`,
      { details: { keyId: this.keyId, wrappedBy: wrapped.keyId } },
    );
  }

  /**
   * A client that asks the vault alone: made from the address it would fetch the key first and refuse
   * an expired version by itself, also for opening, which the vault allows.
   */
  #client(version: string): CryptographyClient {
    const known = this.#versions.get(version);
    if (known !== undefined) return known;
    const { vault, name } = this.#address;
    const id = idOf(this.#address, version);
    const properties = { vaultUrl: vault, name, version, id };
    const { credential } = this.#options;
    const client = new CryptographyClient(
      { id, name, properties },
      credential,
      this.#clientOptions(),
    );
    this.#versions.set(version, client);
    return client;
  }

  #clientOptions(): KeyClientOptions & CryptographyClientOptions {
    const { disableChallengeResourceVerification = false, client } = this.#options;
    return { retryOptions, ...client, disableChallengeResourceVerification };
  }

  #limit(): { readonly abortSignal: AbortSignal } {
    return { abortSignal: AbortSignal.timeout(this.#options.timeoutMs ?? 60_000) };
  }

  #time(): number {
    return this.#clock.now().getTime();
  }
}

function parseAddress(text: string): Address {
  const address = addressOf(text);
  if (address !== undefined) return address;
  throw new BackupError(
    'settingsInvalid',
    'the address of a Key Vault key has the form https://<vault>/keys/<name> or .../<version>',
  );
}

/** Names of keys do not depend on case. */
function addressOf(text: string): Address | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, origin, pathname, search, hash, username } = new URL(text);
  const [, name, version = ''] =
    /^\/keys\/([0-9A-Za-z-]{1,127})(?:\/([0-9A-Za-z]{32}))?\/?$/.exec(pathname) ?? [];
  const isPlain = protocol === 'https:' && `${search}${hash}${username}` === '';
  if (!isPlain || name === undefined) return undefined;
  return { vault: origin, name: name.toLowerCase(), version: version.toLowerCase() };
}

function idOf({ vault, name }: Address, version: string): string {
  return version === '' ? `${vault}/keys/${name}` : `${vault}/keys/${name}/${version}`;
}
