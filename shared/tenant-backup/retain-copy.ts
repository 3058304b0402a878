import type { CopyStatement } from '../log-repository/copy-manifest.ts';
import type { Clock } from '../model/clock.ts';
import { type CopyPlace, copyChain } from './copy-context.ts';
import { statementOf } from './copy-plan.ts';
import { damaged } from './read-copy.ts';

export interface CopyRetention {
  /** Removed by this slice. */
  readonly segments: number;
  readonly bytes: number;
  /** The first one that the store refuses to remove. */
  readonly kept?: {
    readonly number: number;
    readonly name: string;
    readonly detail: string;
    readonly until?: Date;
  };
  readonly done: boolean;
}

export interface CopyRetentionContext extends CopyPlace {
  readonly clock: Clock;
  /** Days for which a state of the tenant stays rebuildable from the container. */
  readonly days: number;
}

const DAY_MS = 86_400_000;

/**
 * Removes the segments before the newest full copy that is older than the days to keep: that one and
 * all after it stay, and so do all manifests, which are small. Nothing is removed while a segment of
 * the newest copy is missing. Throws the errors of the chain and of the store.
 */
export async function retainCopy(
  context: CopyRetentionContext,
  tenantId: string,
  deadline: Date,
): Promise<CopyRetention> {
  const { store, chain, clock } = context;
  let [segments, bytes] = [0, 0];
  const keptFrom = await firstToKeep(context, tenantId);
  for await (const blob of store.list(`${chain.chainFolder(copyChain(tenantId))}/`)) {
    const parsed = chain.parseLogName(blob.name);
    if (parsed?.kind !== 'segment' || parsed.number >= keptFrom) continue;
    const outcome = await store.remove(blob.name);
    if (typeof outcome !== 'string') {
      const { retained: detail, until } = outcome;
      const kept = { number: parsed.number, name: blob.name, detail };
      return { segments, bytes, done: true, kept: until === undefined ? kept : { ...kept, until } };
    }
    segments += 1;
    bytes += blob.bytes;
    if (clock.now() >= deadline) return { segments, bytes, done: false };
  }
  return { segments, bytes, done: true };
}

/** Number of the full copy from which on everything stays; 0: nothing may go. */
async function firstToKeep(context: CopyRetentionContext, tenantId: string): Promise<number> {
  const { store, chain, clock, days } = context;
  const oldest = clock.now().getTime() - days * DAY_MS;
  let first = 0;
  let newest: CopyStatement[] = [];
  for await (const link of chain.walkChain(store, copyChain(tenantId))) {
    const copy = statementOf(link);
    if (copy === undefined) continue;
    const isOld = Date.parse(link.manifest.createdDateTime) <= oldest;
    if (copy.kind === 'full' && isOld) first = link.number;
    newest = copy.kind === 'full' ? [copy] : [...newest, copy];
  }
  if (first > 0) for (const copy of newest) await requireSegments(context, copy);
  return first;
}

/** What a rebuild reads must be there before anything else goes. */
async function requireSegments(
  { store }: CopyRetentionContext,
  { segments }: CopyStatement,
): Promise<void> {
  for (const { name, bytes } of segments) {
    if ((await store.head(name))?.bytes === bytes) continue;
    throw damaged(name, 'it is missing or cut off, so that older ones stay');
  }
}
