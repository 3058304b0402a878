// The chain of manifests of one source of one tenant is also its lock: of two writers that build the
// same number exactly one creates it. Nothing here knows what a window or a gap means.
import { BackupError } from '../errors/backup-error.ts';
import { missing } from './container-ends.ts';
import { type ChainId, manifestName, manifestPrefix, parseLogName } from './log-names.ts';
import type { LogStore } from './log-store.ts';
import {
  encodeManifest,
  type Manifest,
  type ManifestContent,
  manifestHash,
  parseManifest,
} from './manifest.ts';

export interface ChainLink {
  readonly number: number;
  /** Of the manifest's bytes. */
  readonly sha256: string;
  readonly manifest: Manifest;
}

/**
 * The newest manifest, or undefined while there is none. `hint`: a number that was seen before (of
 * the cache); a few reads near it replace the listing. A wrong hint costs the listing only. Throws
 * the errors of parseManifest.
 */
export async function readHead(
  store: LogStore,
  chain: ChainId,
  hint?: number,
): Promise<ChainLink | undefined> {
  if (hint !== undefined && hint >= 1 && (await isThere(store, chain, hint))) {
    return await readLink(store, chain, await lastFrom(store, chain, hint));
  }
  let last: number | undefined;
  for await (const number of listNumbers(store, chain)) last = number;
  return last === undefined ? undefined : await readLink(store, chain, last);
}

/** One manifest, checked by itself; `logBlobMissing` when it is not there. */
export async function readLink(
  store: LogStore,
  chain: ChainId,
  number: number,
): Promise<ChainLink> {
  const name = manifestName(chain, number);
  const bytes = await store.read(name);
  if (bytes === undefined) throw missing(name);
  return { number, sha256: manifestHash(bytes), manifest: parseManifest(bytes, chain, number) };
}

/**
 * Creates the manifest after `head`. `lost`: another writer has that number; what was built on
 * `head` is void. The same content again, such as a repeated activity, is `appended` as before.
 */
export async function appendManifest(
  store: LogStore,
  chain: ChainId,
  head: Pick<ChainLink, 'number' | 'sha256'> | undefined,
  content: ManifestContent,
): Promise<{ readonly outcome: 'appended'; readonly link: ChainLink } | { outcome: 'lost' }> {
  const number = (head?.number ?? 0) + 1;
  const { tenant, source } = chain;
  const previous = head?.sha256 ?? null;
  const manifest: Manifest = { ...content, version: 1, tenant, source, number, previous };
  const bytes = encodeManifest(manifest);
  const name = manifestName(chain, number);
  if ((await store.create(name, bytes)) === 'exists') {
    const found = await store.read(name);
    if (found?.equals(bytes) !== true) return { outcome: 'lost' };
  }
  return { outcome: 'appended', link: { number, sha256: manifestHash(bytes), manifest } };
}

/** Numbers that are there, ascending. A name below the prefix that is none of ours is an error. */
export async function* listNumbers(store: LogStore, chain: ChainId): AsyncGenerator<number> {
  for await (const { name } of store.list(manifestPrefix(chain))) {
    const parsed = parseLogName(name);
    if (parsed?.kind !== 'manifest') {
      throw new BackupError('chainBroken', `${name} is not the name of a manifest`, {
        details: { name },
      });
    }
    yield parsed.number;
  }
}

async function isThere(store: LogStore, chain: ChainId, number: number): Promise<boolean> {
  return (await store.head(manifestName(chain, number))) !== undefined;
}

/** Numbers have no gaps: the last one is found by doubling steps, then by halving them. */
async function lastFrom(store: LogStore, chain: ChainId, present: number): Promise<number> {
  let [low, step] = [present, 1];
  while (await isThere(store, chain, low + step)) {
    low += step;
    step *= 2;
  }
  let high = low + step;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (await isThere(store, chain, middle)) low = middle;
    else high = middle;
  }
  return low;
}
