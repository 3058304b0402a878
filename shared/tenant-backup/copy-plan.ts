import { BackupError } from '../errors/backup-error.ts';
import type { ChainLink } from '../log-repository/chain.ts';
import type { CopiedSegment, CopyStatement } from '../log-repository/copy-manifest.ts';
import type { CopySection } from '../repository/copied-rows.ts';
import type { CopyContext } from './copy-context.ts';

/** A copy under way, as it is stored between two slices. */
export interface CopyProgress extends Omit<CopyStatement, 'full' | 'segments' | 'lines'> {
  /** Number of the manifest it is to become, and the hash of the one before. */
  readonly number: number;
  readonly previous: string | null;
  /** Largest key that was copied before. */
  readonly copiedMaxKey: number;
  /** Undefined in a full copy, which is that itself. */
  readonly full?: CopyStatement['full'];
  readonly segments: readonly CopiedSegment[];
  readonly lines: Readonly<Record<string, number>>;
  /** What is copied next: the rows of a section behind a key. */
  readonly section: CopySection | 'end';
  readonly place?: readonly string[];
}

/** What the newest manifest copies; `manifestForeign` when it is no manifest of a copy. */
export function statementOf(link: ChainLink | undefined): CopyStatement | undefined {
  if (link === undefined) return undefined;
  const { copy, tenant, source } = link.manifest;
  if (copy !== undefined) return copy;
  throw new BackupError('manifestForeign', `manifest ${link.number} is none of a copy`, {
    details: { tenant, source, number: link.number },
  });
}

/**
 * What is to be copied after the newest manifest: the changes of all points since; or everything,
 * when there is nothing yet, every 7 days, when the database has another history than the copy, and
 * when a point expired before it was copied. Undefined when nothing has changed.
 */
export async function planCopy(
  context: CopyContext,
  head: ChainLink | undefined,
): Promise<CopyProgress | undefined> {
  const { database, tables, tenant } = context;
  const before = statementOf(head);
  const found = await database.withTenant(tenant.tenantNo, async (tx) => {
    const { copySource, hasExpired, stateDigest } = tables.copiedRows;
    const now = await copySource(tx);
    return {
      now,
      state: await stateDigest(tx),
      former: before === undefined ? undefined : await copySource(tx, before.through),
      lost: before !== undefined && (await hasExpired(tx, before.through, now.headPoint)),
    };
  });
  const { session, headPoint: through, maxKey } = found.now;
  if (session === null) return undefined;
  const isSame = before !== undefined && found.former?.session === before.session;
  const hasState = before?.state !== found.state;
  if (isSame && before.through === through && !hasState) return undefined;
  const mayAdd = isSame && !found.lost && !isFullDue(context, before);
  return {
    number: (head?.number ?? 0) + 1,
    previous: head?.sha256 ?? null,
    ...(mayAdd ? changesAfter(before, hasState) : everything),
    ...{ through, session, maxKey, state: found.state },
    ...{ segments: [], lines: {}, section: 'object' },
  };
}

type Extent = Pick<CopyProgress, 'kind' | 'after' | 'copiedMaxKey' | 'hasState' | 'full'>;

const everything: Extent = { kind: 'full', after: 0, copiedMaxKey: 0, hasState: true };

function changesAfter({ through, maxKey, full }: CopyStatement, hasState: boolean): Extent {
  return { kind: 'changes', after: through, copiedMaxKey: maxKey, hasState, full };
}

function isFullDue({ clock, limits }: CopyContext, before: CopyStatement): boolean {
  const age = clock.now().getTime() - Date.parse(before.full.createdDateTime);
  return age >= limits.fullEveryMs;
}

/** A stored copy under way, when it still follows the newest manifest. */
export function resumeCopy(
  text: string | null,
  head: ChainLink | undefined,
): CopyProgress | undefined {
  if (text === null) return undefined;
  const progress = JSON.parse(text) as CopyProgress;
  const follows =
    progress.number === (head?.number ?? 0) + 1 && progress.previous === (head?.sha256 ?? null);
  return follows ? progress : undefined;
}
