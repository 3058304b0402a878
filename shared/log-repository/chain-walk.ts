import { BackupError } from '../errors/backup-error.ts';
import { type ChainLink, listNumbers, readLink } from './chain.ts';
import { type ChainId, manifestName } from './log-names.ts';
import type { LogStore } from './log-store.ts';

export interface WalkOptions {
  /** A link whose hash is known, such as the one that a cache was folded from: the walk begins after it. */
  readonly after?: Pick<ChainLink, 'number' | 'sha256'>;
  /** Last number; the newest without it. */
  readonly through?: number;
}

const AHEAD = 8;

/**
 * The manifests in order, each checked against the one before; reads some ahead. Throws
 * `chainBroken` at a gap, at a wrong link, and at a beginning that no checkpoint explains, and the
 * errors of parseManifest. What was yielded before an error was right.
 */
export async function* walkChain(
  store: LogStore,
  chain: ChainId,
  options: WalkOptions = {},
): AsyncGenerator<ChainLink> {
  const { after, through } = options;
  const beginning = new Beginning(chain);
  let last = after;
  for await (const link of readAhead(store, chain, after?.number ?? 0, through)) {
    if (last === undefined) beginning.begin(link);
    else checkLink(chain, last, link);
    beginning.see(link);
    yield link;
    last = link;
  }
  // a walk that ends early may not have met the checkpoint yet
  if (through === undefined) beginning.finish();
}

function checkLink(
  chain: ChainId,
  last: Pick<ChainLink, 'number' | 'sha256'>,
  link: ChainLink,
): void {
  if (link.number !== last.number + 1) {
    throw broken(chain, last.number + 1, 'is missing, later ones are there');
  }
  if (link.manifest.previous !== last.sha256) {
    throw broken(chain, link.number, 'names another manifest as the one before');
  }
}

/** A chain begins with number 1, or behind manifests that a checkpoint of it has removed. */
class Beginning {
  readonly #chain: ChainId;
  #first: ChainLink | undefined;
  readonly #removed = new Map<number, string>();
  #explained = true;

  constructor(chain: ChainId) {
    this.#chain = chain;
  }

  begin(link: ChainLink): void {
    const isStart = link.number === 1;
    if (isStart !== (link.manifest.previous === null)) {
      throw broken(this.#chain, link.number, 'is not the beginning of a chain');
    }
    this.#explained = isStart;
    if (isStart) return;
    this.#first = link;
    this.#removed.set(link.number - 1, link.manifest.previous ?? '');
  }

  /** A checkpoint explains the beginning when it removes what lies before it, by the right hash. */
  see(link: ChainLink): void {
    const first = this.#first;
    if (first === undefined || this.#explained) return;
    this.#removed.set(link.number, link.sha256);
    const checkpoint = link.manifest.checkpoint;
    if (checkpoint === undefined || checkpoint.removedThrough < first.number - 1) return;
    if (this.#removed.get(checkpoint.removedThrough) !== checkpoint.manifestSha256) {
      throw broken(this.#chain, link.number, 'removes other manifests than were there');
    }
    this.#explained = true;
  }

  finish(): void {
    if (this.#explained) return;
    const number = (this.#first?.number ?? 1) - 1;
    throw broken(this.#chain, number, 'is missing and no checkpoint has removed it');
  }
}

async function* readAhead(
  store: LogStore,
  chain: ChainId,
  after: number,
  through = Number.POSITIVE_INFINITY,
): AsyncGenerator<ChainLink> {
  const waiting: Promise<ChainLink>[] = [];
  for await (const number of listNumbers(store, chain)) {
    if (number <= after || number > through) continue;
    const reading = readLink(store, chain, number);
    // an error is heard when its turn comes
    reading.catch(() => undefined);
    waiting.push(reading);
    const next = waiting.length >= AHEAD ? waiting.shift() : undefined;
    if (next !== undefined) yield await next;
  }
  for (const reading of waiting) yield await reading;
}

function broken(chain: ChainId, number: number, what: string): BackupError {
  const name = manifestName(chain, number);
  return new BackupError('chainBroken', `${name} ${what}`, { details: { name, number } });
}
