import { catalogueRevision } from '../catalog/index.ts';
import type { ObjectType } from '../catalog/object-type.ts';
import { BackupError } from '../errors/backup-error.ts';
import type { Transaction } from '../repository/database.ts';
import type { Fence } from '../repository/fence.ts';
import type { CollectionWindow } from '../repository/page-ledger.ts';
import type { NewPoint } from '../repository/point-publication.ts';
import type { SessionTask } from '../repository/session-tasks.ts';
import type { Session } from '../repository/sessions.ts';
import { type BackupContext, read } from './backup-context.ts';
import type { PointSummary } from './prepare-point.ts';
import { type LinkState, starsNeeded } from './settle.ts';
import { type Relation, relationNames, relationsOf, targetTypes } from './type-parts.ts';

export interface Committed {
  readonly point: number;
  readonly state: 'complete' | 'partial';
  readonly suspicious: boolean;
}

/** Publishes the point in one short transaction; repeated, it answers what was published. */
export async function commitSession(context: BackupContext, fence: Fence): Promise<Committed> {
  const { tables, tenant } = context;
  const session = await read(context, (tx) => tables.sessions.sessionById(tx, fence.sessionId));
  const summary = JSON.parse(session?.summary ?? 'null') as PointSummary | null;
  if (summary === null) throw new BackupError('invalidState', 'the point is not prepared');
  const { suspicious } = summary;
  const state = summary.partial ? 'partial' : 'complete';
  if (session?.state !== 'committed') {
    await context.failpoint('commit.beforeState');
    await context.database.withTenant(tenant.tenantNo, (tx) =>
      publish(context, tx, fence, summary),
    );
    await context.failpoint('commit.afterCommit.beforeReturn');
  }
  return { point: fence.point, state, suspicious };
}

async function publish(
  context: BackupContext,
  tx: Transaction,
  fence: Fence,
  summary: PointSummary,
): Promise<void> {
  const { tables, catalogue } = context;
  await tables.fence.holdLease(tx, fence);
  const moved = await tables.sessions.moveSession(tx, fence.sessionId, 'open', 'committed');
  const session = await tables.sessions.sessionById(tx, fence.sessionId);
  // A twin was faster with the same point.
  if (!moved && session?.state === 'committed') return;
  if (!moved) throw tables.fence.fenced('the session is not open any more', fence);
  const tasks = await tables.sessionTasks.tasksOf(tx, fence.sessionId);
  const windows = await tables.pageLedger.windowsOf(tx, fence.sessionId);
  const ticks = await tables.linkSettlement.readTicks(tx, fence.sessionId);
  if (session === undefined) throw tables.fence.fenced('the session is not there', fence);
  await tables.pointPublication.insertPoint(tx, newPoint(session, windows, summary));
  for (const task of tasks) {
    const type = catalogue.find((candidate) => candidate.name === task.collection);
    if (type === undefined) continue;
    await publishCollection(context, tx, fence, task, type, windows);
  }
  await settleDues(context, tx, fence, { catalogue, tasks, ticks });
  if (!(await tables.pointPublication.moveHead(tx, fence.point))) {
    throw new BackupError('invalidState', `the head is not ${fence.point - 1}`);
  }
  await tables.leases.releaseLease(tx, fence.sessionId);
}

function newPoint(
  session: Session,
  windows: readonly CollectionWindow[],
  summary: PointSummary,
): NewPoint {
  const times = windows.flatMap((row) => [row.windowStart, row.windowEnd]).map(Number);
  const first = times.length === 0 ? Number(session.startedAt) : Math.min(...times);
  return {
    number: session.point,
    sessionId: session.id,
    windowStart: new Date(first),
    windowEnd: new Date(Math.max(first, ...times)),
    state: summary.partial ? 'partial' : 'complete',
    suspicious: summary.suspicious,
    reasons: summary.reasons,
    label: session.label,
    hold: session.hold,
    counts: summary.counts,
    digests: summary.digests,
  };
}

async function publishCollection(
  context: BackupContext,
  tx: Transaction,
  fence: Fence,
  task: SessionTask,
  type: ObjectType,
  windows: readonly CollectionWindow[],
): Promise<void> {
  const { pointPublication } = context.tables;
  const isRead = task.phase === 'done';
  const window = isRead ? windows.find((row) => row.collection === type.name) : undefined;
  const captured = task.captured.filter((name) => !task.notCaptured.includes(name));
  await pointPublication.insertCollectionState(tx, fence.point, {
    collection: type.name,
    state: isRead ? 'read' : (task.outcome ?? 'carried-failed'),
    windowStart: window?.windowStart ?? null,
    windowEnd: window?.windowEnd ?? null,
    unsettled: isRead ? task.unsettled : 0,
    reason: task.reason,
    catalogueRevision,
    captured,
    statistics: task.statistics,
  });
  if (type.changeTracking === 'delta' && task.phase !== 'skipped') {
    await publishCursor(context, tx, fence, task, type);
  }
}

/** A cursor is good only when all it tracks was read in this session (DESIGN 6.5). */
async function publishCursor(
  context: BackupContext,
  tx: Transaction,
  fence: Fence,
  task: SessionTask,
  type: ObjectType,
): Promise<void> {
  const { deltaCursors } = context.tables;
  const isRead = task.phase === 'done';
  // No later round names again what this one could not store: then the next read is a full one.
  const isDoubtful = task.relisted || !task.tracked || task.quarantined > 0;
  const isUseless = isRead ? isDoubtful : task.mode === 'full';
  if (isUseless) await deltaCursors.deleteCursor(tx, type.name);
  if (isUseless || !isRead || task.token === null) return;
  await deltaCursors.saveCursor(tx, {
    collection: type.name,
    token: task.token,
    sessionId: fence.sessionId,
    selection: task.selection,
    full: task.mode === 'full',
  });
}

/** Removes what was served, and marks collections that could not vouch for links that were read. */
async function settleDues(
  context: BackupContext,
  tx: Transaction,
  fence: Fence,
  state: LinkState,
): Promise<void> {
  const isRead = (type: ObjectType): boolean =>
    state.tasks.some((task) => task.collection === type.name && task.phase === 'done');
  for (const owner of state.catalogue.filter(isRead)) {
    await context.tables.linkDues.removeServed(tx, fence.sessionId, relationNames([owner]));
    for (const relation of relationsOf(owner)) {
      const isSettled = targetTypes(state.catalogue, relation.link).every(isRead);
      await markCollections(context, tx, state, relation, isSettled);
    }
  }
}

async function markCollections(
  context: BackupContext,
  tx: Transaction,
  state: LinkState,
  relation: Relation,
  isSettled: boolean,
): Promise<void> {
  const { linkDues } = context.tables;
  const needed = starsNeeded(state, relation);
  const { name } = relation.link;
  if (needed.targets) await linkDues.addStar(tx, name, 't');
  else if (isSettled) await linkDues.removeStars(tx, name, 't');
  if (needed.sources) await linkDues.addStar(tx, name, 's');
  else await linkDues.removeStars(tx, name, 's');
}
