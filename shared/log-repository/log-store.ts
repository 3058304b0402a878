// Where log segments, their indexes and manifests lie: a blob container or a folder. A store knows
// names and bytes, never what they mean; nothing it holds is ever overwritten. What the bytes mean is
// said by container-*.ts, segment-*.ts, index-*.ts, manifest.ts and chain.ts beside it.

export interface StoredBlob {
  readonly name: string;
  readonly bytes: number;
  /** Until when the store itself refuses to remove it, where the store tells. */
  readonly retainedUntil?: Date;
}

export interface ByteRange {
  /** Offset of the first byte. */
  readonly from: number;
  readonly bytes: number;
}

/** Why something could not be removed: the store keeps it. */
export interface Retained {
  readonly retained: string;
  readonly until?: Date;
}

/**
 * Names are parts of letters, digits, `.`, `_` and `-` joined by `/`; anything else is
 * `logNameInvalid`. Every function may throw `logStoreUnavailable` (try again), `logStoreRefused` or
 * `logStoreMissing`.
 */
export interface LogStore {
  /** Account and container, or the folder, for errors and health: no secrets. */
  readonly description: string;
  /**
   * Creates, and never overwrites: `exists` when the name is taken by somebody else's bytes, which
   * the caller compares. Returns when the bytes are durable and were read back: another length or
   * hash is `logReadBackFailed`. An error of `content` creates nothing and is thrown on.
   */
  create(
    name: string,
    content: AsyncIterable<Uint8Array> | Uint8Array,
  ): Promise<'created' | 'exists'>;
  /** Undefined when it is not there; fewer bytes than asked for when the range passes the end. */
  read(name: string, range?: ByteRange): Promise<Buffer | undefined>;
  /** Throws `logBlobMissing`. */
  readStream(name: string): AsyncIterable<Uint8Array>;
  head(name: string): Promise<StoredBlob | undefined>;
  /** By name in code unit order; with `after` only names that come later. */
  list(prefix: string, options?: { readonly after?: string }): AsyncIterable<StoredBlob>;
  remove(name: string): Promise<'removed' | 'missing' | Retained>;
  /** One round trip to the store: its latency, and its region where known. */
  check(): Promise<{ readonly latencyMs: number; readonly region?: string }>;
}
