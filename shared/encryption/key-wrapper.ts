// Keys of the log repositories: each container has a data key of its own, which a repository's key
// wraps. The wrapped form stands in the container's header; whoever may use the repository's key can
// read all of it. Nothing here reads settings or knows what a container holds.

/** A data key as it stands in a header. */
export interface WrappedKey {
  /** Names the key that wrapped it, its version included: no secret. */
  readonly keyId: string;
  /** `A256KW` (local key file, RFC 3394) or `RSA-OAEP-256` (Key Vault). */
  readonly algorithm: string;
  readonly bytes: Buffer;
}

export interface KeyWrapper {
  /** The key that wraps new data keys. */
  readonly keyId: string;
  /** Throws `keyUnavailable`. */
  wrap(key: Buffer): Promise<WrappedKey>;
  /** Throws `keyWrong` when another key wrapped it or it does not open, `keyUnavailable`. */
  unwrap(key: WrappedKey): Promise<Buffer>;
}

/** Bytes of a data key and of a local key: AES-256. */
export const KEY_BYTES = 32;
