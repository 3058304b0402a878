import type { ChainLink } from '../log-repository/chain.ts';
import type { CopyStatement } from '../log-repository/copy-manifest.ts';
import { type CopyContext, copyChain } from './copy-context.ts';
import { type CopyProgress, planCopy, resumeCopy, statementOf } from './copy-plan.ts';
import { writeNextSegment } from './copy-segment.ts';

export interface CopySlice {
  /**
   * copied: the container holds all points up to `point`; more: another slice goes on; overtaken:
   * another worker copies, this one stops.
   */
  readonly state: 'copied' | 'more' | 'overtaken';
  readonly point: number;
  /** Manifests that the container held before and does not hold any more. */
  readonly lost: number;
}

/**
 * Copies what the container does not hold of the tenant, until `deadline` at the earliest segment
 * border behind it. Any number of workers may run it, at any time: the chain of the container lets
 * one manifest of each number in. Throws the errors of the store, of the key and of a damaged chain.
 */
export async function copyTenantSlice(context: CopyContext, deadline: Date): Promise<CopySlice> {
  const { database, tables, store, chain, tenant } = context;
  const stand = await database.withTenant(tenant.tenantNo, (tx) =>
    tables.tenantCopies.readCopy(tx, store.description),
  );
  const hint = stand.number > 0 ? stand.number : undefined;
  const head = await chain.readHead(store, copyChain(tenant.tenantId), hint);
  const lost = Math.max(0, stand.number - (head?.number ?? 0));
  const progress = resumeCopy(stand.progress, head) ?? (await planCopy(context, head));
  await context.reached('planned');
  if (progress === undefined) {
    await noteHead(context, head);
    return { state: 'copied', point: statementOf(head)?.through ?? 0, lost };
  }
  const ended = await writeSegments(context, progress, stand.revision, deadline);
  const state = typeof ended === 'string' ? ended : await finishCopy(context, head, ended);
  return { state, point: progress.through, lost };
}

/** The copy with all its segments; `more` when the time was over before. */
async function writeSegments(
  context: CopyContext,
  begun: CopyProgress,
  begunRevision: number,
  deadline: Date,
): Promise<CopyProgress | 'more' | 'overtaken'> {
  let [progress, revision] = [begun, begunRevision];
  while (progress.section !== 'end') {
    const isFirst = progress === begun;
    if (!isFirst && context.clock.now() >= deadline) return 'more';
    progress = await writeNextSegment(context, progress, deadline);
    await context.reached('segmentStored');
    if (!(await save(context, revision, progress))) return 'overtaken';
    revision += 1;
    await context.reached('progressSaved');
  }
  return progress;
}

async function save(
  { database, tables, store, tenant }: CopyContext,
  revision: number,
  progress: CopyProgress | undefined,
): Promise<boolean> {
  const text = progress === undefined ? null : JSON.stringify(progress);
  return await database.withTenant(tenant.tenantNo, (tx) =>
    tables.tenantCopies.saveProgress(tx, store.description, revision, text),
  );
}

async function finishCopy(
  context: CopyContext,
  head: ChainLink | undefined,
  progress: CopyProgress,
): Promise<CopySlice['state']> {
  const { clock, store, chain, tenant, database, tables } = context;
  const { after, through } = progress;
  const hasLost = await database.withTenant(
    tenant.tenantNo,
    async (tx) => after > 0 && (await tables.copiedRows.hasExpired(tx, after, through)),
  );
  if (hasLost) {
    // rows may have been purged while they were copied: the next slice begins a full copy
    await database.withTenant(tenant.tenantNo, async (tx) => {
      const { revision } = await tables.tenantCopies.readCopy(tx, store.description);
      await tables.tenantCopies.saveProgress(tx, store.description, revision, null);
    });
    return 'more';
  }
  const createdDateTime = clock.now().toISOString();
  const appended = await chain.appendManifest(store, copyChain(tenant.tenantId), head, {
    kind: 'copy',
    createdDateTime,
    writer: progress.segments[0]?.name.slice(-'0123456789abcdef.seg'.length, -'.seg'.length) ?? '',
    segments: [],
    copy: statement(progress, createdDateTime),
  });
  if (appended.outcome === 'lost') return 'overtaken';
  await context.reached('manifestStored');
  await noteHead(context, appended.link);
  await context.reached('noted');
  return 'copied';
}

function statement(progress: CopyProgress, createdDateTime: string): CopyStatement {
  const { number, previous: _, copiedMaxKey: _1, section: _2, place: _3, full, ...rest } = progress;
  return { ...rest, segments: [...rest.segments], full: full ?? { number, createdDateTime } };
}

async function noteHead(context: CopyContext, head: ChainLink | undefined): Promise<void> {
  const { clock, database, tables, store, tenant } = context;
  const created = head?.manifest.createdDateTime;
  await database.withTenant(tenant.tenantNo, (tx) =>
    tables.tenantCopies.noteCopied(tx, store.description, {
      number: head?.number ?? 0,
      copiedPoint: statementOf(head)?.through ?? 0,
      copiedAt: created === undefined ? null : new Date(created),
      checkedAt: clock.now(),
    }),
  );
}
