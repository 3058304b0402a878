import type { CacheRepository } from '../cache/cache-repository.ts';
import type { ChainId } from '../log-repository/log-names.ts';

export interface CopyDefect {
  readonly number: number;
  readonly name: string;
  readonly code: string;
}

/**
 * How far the copy of one chain was read back. Only a hint in the cache: without it, or when the
 * secondary's manifest has another hash, everything is read back again.
 */
export interface CopyMark {
  /** Newest number known in the secondary: what is shown while it does not answer. */
  readonly copied: number;
  /** All segments up to here were read back, but for `defects`. */
  readonly verified: number;
  /** Of the secondary's manifest `verified`; null when nothing was. */
  readonly sha256: string | null;
  /** Segments of the secondary that did not read back. */
  readonly defects: readonly CopyDefect[];
}

export const MAX_COPY_DEFECTS = 200;
export const nothingCopied: CopyMark = { copied: 0, verified: 0, sha256: null, defects: [] };

const ROW = 'copied';

export function markPartition({ tenant, source }: ChainId): string {
  return `copy/${tenant}/${source}`;
}

export interface ReadMark {
  readonly mark: CopyMark;
  readonly etag: string | undefined;
}

/** Throws `cacheUnreachable`. */
export async function readCopyMark(cache: CacheRepository, chain: ChainId): Promise<ReadMark> {
  const found = await cache.read(markPartition(chain), ROW);
  if (found === undefined) return { mark: nothingCopied, etag: undefined };
  const mark = JSON.parse(found.value.toString('utf8')) as CopyMark;
  return { mark, etag: found.etag };
}

/** `conflict`: another worker moved it. */
export async function writeCopyMark(
  cache: CacheRepository,
  chain: ChainId,
  mark: CopyMark,
  etag: string | undefined,
): Promise<string | 'conflict'> {
  const value = Buffer.from(JSON.stringify(mark));
  return await cache.write(markPartition(chain), ROW, value, etag);
}
