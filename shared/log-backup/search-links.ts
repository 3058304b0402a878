import { type BackupError, isBackupError } from '../errors/backup-error.ts';
import type { ChainLink } from '../log-repository/chain.ts';
import type { ChainId } from '../log-repository/log-names.ts';
import type { LogStore } from '../log-repository/log-store.ts';
import type { SearchContext } from './search-context.ts';

/** A manifest that is not there or cannot be believed. */
export interface BadLink {
  readonly number: number;
  readonly name: string;
  readonly code: string;
}

const MOST_KNOWN = 50_000;
/** Manifests never change: those that were read once are kept per store while the process lives. */
const known = new WeakMap<LogStore, Map<string, Map<number, ChainLink>>>();

/** The manifests of one chain for reading: by number, each read once. */
export class ChainLinks {
  readonly chain: ChainId;
  readonly #context: SearchContext;
  readonly #links: Map<number, ChainLink>;

  constructor(context: SearchContext, chain: ChainId) {
    this.chain = chain;
    this.#context = context;
    const folder = context.parts.chainFolder(chain);
    const chains = known.get(context.store) ?? new Map<string, Map<number, ChainLink>>();
    known.set(context.store, chains);
    this.#links = chains.get(folder) ?? new Map<number, ChainLink>();
    chains.set(folder, this.#links);
  }

  async read(number: number): Promise<ChainLink | BadLink> {
    const kept = this.#links.get(number);
    if (kept !== undefined) return kept;
    const { store, parts } = this.#context;
    try {
      const link = await parts.readLink(store, this.chain, number);
      this.#keep(link);
      return link;
    } catch (error) {
      if (!isBadManifest(error)) throw error;
      return { number, name: parts.manifestName(this.chain, number), code: error.code };
    }
  }

  /** First and last number that are there; undefined when there is none. */
  async bounds(): Promise<{ readonly first: number; readonly last: number } | undefined> {
    const { store, parts } = this.#context;
    const newest = await this.#newest();
    let [first, last] = [0, newest ?? 0];
    for await (const { name } of store.list(parts.manifestPrefix(this.chain))) {
      const parsed = parts.parseLogName(name);
      if (parsed?.kind !== 'manifest') continue;
      if (first === 0) first = parsed.number;
      if (newest !== undefined) break;
      last = parsed.number;
    }
    return first === 0 ? undefined : { first, last };
  }

  /** The head, found near the newest number that was seen before; undefined: by listing. */
  async #newest(): Promise<number | undefined> {
    const { store, parts } = this.#context;
    let hint = 0;
    for (const number of this.#links.keys()) hint = Math.max(hint, number);
    if (hint === 0) return undefined;
    try {
      return (await parts.readHead(store, this.chain, hint))?.number;
    } catch (error) {
      if (!isBadManifest(error)) throw error;
      return undefined;
    }
  }

  #keep(link: ChainLink): void {
    if (this.#links.size >= MOST_KNOWN) {
      const [oldest] = this.#links.keys();
      if (oldest !== undefined) this.#links.delete(oldest);
    }
    this.#links.set(link.number, link);
  }
}

export function isLink(read: ChainLink | BadLink): read is ChainLink {
  return 'manifest' in read;
}

function isBadManifest(error: unknown): error is BackupError {
  return isBackupError(
    error,
    ...(['logBlobMissing', 'manifestDamaged', 'manifestForeign', 'containerVersion'] as const),
    'chainBroken',
  );
}

/** Milliseconds since 1970. */
export function writtenAt({ manifest }: ChainLink): number {
  return Date.parse(manifest.createdDateTime);
}

/**
 * The number from which on manifests were written at `since` or later, by halving. One that cannot be
 * read counts like the next one that can.
 */
export async function firstSince(
  links: ChainLinks,
  bounds: { readonly first: number; readonly last: number },
  since: number,
): Promise<number> {
  let [low, high] = [bounds.first, bounds.last + 1];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const probe = await readableFrom(links, middle, high);
    if (probe !== undefined && writtenAt(probe) < since) low = probe.number + 1;
    else high = middle;
  }
  return low;
}

async function readableFrom(
  links: ChainLinks,
  from: number,
  end: number,
): Promise<ChainLink | undefined> {
  for (let number = from; number < end; number += 1) {
    const read = await links.read(number);
    if (isLink(read)) return read;
  }
  return undefined;
}
