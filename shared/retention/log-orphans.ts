import { isBackupError } from '../errors/backup-error.ts';
import { type LogRetentionContext, ownSide } from './log-retention-context.ts';

export interface OrphanResult {
  readonly removed: number;
  /** The store refuses to remove them. */
  readonly retained: number;
  /** Not old enough, or of numbers that are not written yet. */
  readonly waiting: number;
  /** Numbers up to here need no second look: the `after` of the next run. */
  readonly through: number;
  /** Where the next slice goes on; undefined: all names were looked at. */
  readonly next?: OrphanPlace;
}

export interface OrphanPlace {
  /** The last name that was looked at. */
  readonly name: string;
  readonly through: number;
  /** Nothing was retained so far. */
  readonly clean: boolean;
}

/** The longest that a writer may need between a segment and its manifest. */
const SAFE_AGE = 48 * 3_600_000;

/**
 * Removes containers that no manifest names: what crashes and lost races left. Only of numbers whose
 * manifest was written long ago by somebody else, so that nobody can name them any more. Numbers up to
 * `after` were looked at by an earlier run; 0 looks at all. Throws `chainBroken` when the beginning of
 * the chain is lost: its containers are needed for a repair.
 */
export async function removeLogOrphans(
  context: LogRetentionContext,
  deadline: Date,
  { after = 0, from }: { readonly after?: number; readonly from?: OrphanPlace } = {},
): Promise<OrphanResult> {
  const { chain, parts, clock } = context;
  const counts = { removed: 0, retained: 0, waiting: 0 };
  const named = new NamedContainers(context, await firstNumber(context));
  let through = from?.through ?? after;
  const clean = (): boolean => from?.clean !== false && counts.retained === 0;
  const behind = from === undefined ? {} : { after: from.name };
  for await (const { name } of ownSide(context).store.list(
    `${parts.chainFolder(chain)}/`,
    behind,
  )) {
    const parsed = parts.parseLogName(name);
    const isContainer = parsed !== undefined && parsed.kind !== 'manifest';
    if (!isContainer || parsed.number <= after) continue;
    const names = await named.of(parsed.number);
    if (names !== undefined) through = Math.max(through, parsed.number);
    await countOrphan(context, name, names, counts);
    if (clock.now() >= deadline) {
      return { ...counts, through: after, next: { name, through, clean: clean() } };
    }
  }
  // what the store retains is asked again
  return { ...counts, through: clean() ? through : after };
}

/** What the manifest of a number names, read once for neighbouring names. */
class NamedContainers {
  readonly #context: LogRetentionContext;
  readonly #first: number;
  #isExplained = false;
  #last: { readonly number: number; readonly names: ReadonlySet<string> | undefined } | undefined;

  constructor(context: LogRetentionContext, first: number) {
    this.#context = context;
    this.#first = first;
  }

  async of(number: number): Promise<ReadonlySet<string> | undefined> {
    if (this.#last?.number !== number) this.#last = { number, names: await this.#read(number) };
    return this.#last.names;
  }

  async #read(number: number): Promise<ReadonlySet<string> | undefined> {
    if (number >= this.#first) return await namedBy(this.#context, number);
    if (!this.#isExplained) await explainBeginning(this.#context);
    this.#isExplained = true;
    // whoever could have named it is removed behind a checkpoint
    return new Set();
  }
}

async function countOrphan(
  context: LogRetentionContext,
  name: string,
  named: ReadonlySet<string> | undefined,
  counts: { removed: number; retained: number; waiting: number },
): Promise<void> {
  if (named?.has(name) === true) return;
  if (named === undefined) {
    counts.waiting += 1;
    return;
  }
  const outcome = await ownSide(context).store.remove(name);
  counts[typeof outcome === 'string' ? 'removed' : 'retained'] += 1;
}

async function firstNumber(context: LogRetentionContext): Promise<number> {
  const { chain, parts } = context;
  for await (const number of parts.listNumbers(ownSide(context).store, chain)) return number;
  return 0;
}

/** Throws `chainBroken`: manifests that are lost are not removed ones. */
async function explainBeginning(context: LogRetentionContext): Promise<void> {
  const { chain, parts } = context;
  for await (const _ of parts.walkChain(ownSide(context).store, chain)) {
    // the walk itself checks that a checkpoint has removed what lies before
  }
}

/** Undefined: there is no such manifest, or a young one. A damaged one may name anything: it throws. */
async function namedBy(
  context: LogRetentionContext,
  number: number,
): Promise<ReadonlySet<string> | undefined> {
  const { chain, parts, clock } = context;
  try {
    const { manifest } = await parts.readLink(ownSide(context).store, chain, number);
    const age = clock.now().getTime() - Date.parse(manifest.createdDateTime);
    if (age < SAFE_AGE) return undefined;
    return new Set(manifest.segments.flatMap(({ name, index }) => [name, index.name]));
  } catch (error) {
    if (isBackupError(error, 'logBlobMissing')) return undefined;
    throw error;
  }
}
