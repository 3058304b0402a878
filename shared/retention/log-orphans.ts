import { isBackupError } from '../errors/backup-error.ts';
import { type LogRetentionContext, ownSide } from './log-retention-context.ts';

export interface OrphanResult {
  readonly removed: number;
  /** The store refuses to remove them. */
  readonly retained: number;
  /** Not old enough, or of numbers that are not written yet. */
  readonly waiting: number;
}

/** The longest that a writer may need between a segment and its manifest. */
const SAFE_AGE = 48 * 3_600_000;

/**
 * Removes containers that no manifest names: what crashes and lost races left. Only of numbers whose
 * manifest was written long ago by somebody else, so that nobody can name them any more.
 */
export async function removeLogOrphans(
  context: LogRetentionContext,
  deadline: Date,
): Promise<OrphanResult> {
  const { chain, parts, clock } = context;
  const { store } = ownSide(context);
  const counts = { removed: 0, retained: 0, waiting: 0 };
  const first = await firstNumber(context);
  let [number, named]: [number, ReadonlySet<string> | undefined] = [0, undefined];
  for await (const { name } of store.list(`${parts.chainFolder(chain)}/`)) {
    const parsed = parts.parseLogName(name);
    const isContainer = parsed !== undefined && parsed.kind !== 'manifest';
    if (!isContainer) continue;
    if (parsed.number !== number) {
      number = parsed.number;
      // whoever could have named it is removed behind a checkpoint
      named = number < first ? new Set() : await namedBy(context, number);
    }
    await countOrphan(context, name, named, counts);
    if (clock.now() >= deadline) break;
  }
  return counts;
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
