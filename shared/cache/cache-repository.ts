// The cache repository (DESIGN 10): watermarks, digests per source and hour, leases of throttle
// quotas. All of it is a hint: whatever is lost, garbled or older is rebuilt from manifests, so this
// folder promises only that nothing is handed out which was not stored under that very name, and
// that of two writers who have read the same state one wins. It knows nothing of logs or quotas.

export interface CachedValue {
  readonly value: Buffer;
  /** Hand it to `write` to replace exactly this state. */
  readonly etag: string;
}

export interface CacheEntry {
  readonly row: string;
  readonly bytes: number;
  /** From then on `expire` removes it; until it does, it can be read. */
  readonly expires?: Date;
}

export interface CacheWriteOptions {
  readonly expires?: Date;
}

/** What happened since the start of the process. */
export interface CacheCounts {
  /** Requests to the table service, repeated ones included. */
  readonly transactions: number;
  /** Values that were there and could not be believed. */
  readonly damaged: number;
}

/** Every method throws `cacheUnreachable` when the account does not answer or refuses. */
export interface CacheRepository {
  /** Names the account and the table in errors; no secrets. */
  readonly description: string;
  readonly counts: CacheCounts;
  /** Undefined when nothing is there, or when what is there fails its checksum (then counted). */
  read(partition: string, row: string): Promise<CachedValue | undefined>;
  /**
   * Replaces the state `etag`, or makes the value when `etag` is undefined and nothing sound is
   * there; answers the new etag. `invalidState` when the value is larger than the limit (32 MiB) or
   * a name is longer than 4,096 characters.
   */
  write(
    partition: string,
    row: string,
    value: Buffer,
    etag: string | undefined,
    options?: CacheWriteOptions,
  ): Promise<string | 'conflict'>;
  /** Without `etag` in whatever state it is. */
  remove(
    partition: string,
    row: string,
    etag?: string,
  ): Promise<'removed' | 'missing' | 'conflict'>;
  /** By no particular order; values are not read, so they may turn out to be damaged. */
  list(partition: string): AsyncIterable<CacheEntry>;
  /**
   * Removes what has expired, leftovers of interrupted writes, and, above the size limit, what
   * would expire next. Answers how many values it removed.
   */
  expire(now: Date): Promise<number>;
  /** One small request. `region` only where the service names one in its answers. */
  check(): Promise<{ readonly latencyMs: number; readonly region?: string }>;
}
