import { BackupError } from '../errors/backup-error.ts';
import type { PointReason, TypeCounts } from '../model/points.ts';
import type { Transaction } from '../repository/database.ts';
import type { Fence } from '../repository/fence.ts';
import type { SessionTask } from '../repository/session-tasks.ts';
import { type BackupContext, read } from './backup-context.ts';
import { judgeChange, judgeSession, type Weakened } from './change-guard.ts';

/** What a commit publishes besides the rows, computed before it. */
export interface PointSummary {
  readonly counts: Readonly<Record<string, TypeCounts>>;
  readonly digests: Readonly<Record<string, string>>;
  readonly reasons: readonly PointReason[];
  readonly suspicious: boolean;
  readonly partial: boolean;
}

const CHUNK = 500;

/**
 * Counts, digests and change guard of the point to come, when every collection is done or failed.
 * Throws the first failure when none was read: there is nothing to publish.
 */
export async function preparePoint(context: BackupContext, fence: Fence): Promise<void> {
  const { tables, tenant } = context;
  const session = await read(context, (tx) => tables.sessions.sessionById(tx, fence.sessionId));
  if (session?.phase === 'prepared') return;
  const tasks = await read(context, (tx) => tables.sessionTasks.tasksOf(tx, fence.sessionId));
  refuseEmptySession(tasks);
  const weakened = fence.point > 1 ? await weakenedObjects(context, fence) : new Map();
  await context.database.withTenant(tenant.tenantNo, async (tx) => {
    await tables.fence.holdSessionAlone(tx, fence);
    const now = await tables.sessions.lockSession(tx, fence);
    if (now.phase === 'prepared') return;
    const summary = await summarise(context, tx, fence, tasks, weakened);
    const text = JSON.stringify(summary);
    await tables.sessions.advanceSession(tx, fence, 'collections', 'prepared', { summary: text });
  });
}

function refuseEmptySession(tasks: readonly SessionTask[]): void {
  const unfinished = tasks.find((task) => !['done', 'failed', 'skipped'].includes(task.phase));
  if (unfinished !== undefined) {
    throw new BackupError(
      'invalidState',
      `${unfinished.collection} is in phase ${unfinished.phase}`,
    );
  }
  if (tasks.some((task) => task.phase === 'done')) return;
  const failed = tasks.find((task) => task.phase === 'failed');
  throw new BackupError(
    failed?.outcome === 'forbidden' ? 'permissionMissing' : 'graphUnavailable',
    `no collection could be read: ${failed?.reason ?? 'none was due'}`,
    // Failed collections stay failed: asking this session again changes nothing.
    { details: { final: true } },
  );
}

async function weakenedObjects(
  context: BackupContext,
  fence: Fence,
): Promise<Map<string, Weakened>> {
  const found = new Map<string, Weakened>();
  for (let after = 0; ; ) {
    const rows = await read(context, (tx) =>
      context.tables.pointSummary.changedBodies(tx, fence.point, after, CHUNK),
    );
    for (const row of rows) {
      const one = judgeChange(row);
      const sum = found.get(row.type) ?? { disabled: 0, weakened: 0 };
      const disabled = sum.disabled + one.disabled;
      found.set(row.type, { disabled, weakened: sum.weakened + one.weakened });
    }
    const last = rows.at(-1);
    if (rows.length < CHUNK || last === undefined) return found;
    after = last.key;
  }
}

async function summarise(
  context: BackupContext,
  tx: Transaction,
  fence: Fence,
  tasks: readonly SessionTask[],
  weakened: ReadonlyMap<string, Weakened>,
): Promise<PointSummary> {
  const { pointSummary } = context.tables;
  const { guards } = context.tenant.configuration;
  const types = await pointSummary.summariseTypes(tx, fence.point);
  const relationships = await pointSummary.summariseLinks(tx, fence.point);
  const now = context.clock.now();
  const { catalogue } = context;
  const suspicions =
    fence.point === 1
      ? []
      : judgeSession({ guards, catalogue, types, relationships, weakened, now });
  const missing = tasks.flatMap((task) => reasonsOf(task, guards.acceptedForbidden));
  return {
    counts: Object.fromEntries(types.map(({ type, digest: _, ...counts }) => [type, counts])),
    digests: Object.fromEntries(types.map((type) => [type.type, type.digest])),
    reasons: [...missing, ...suspicions],
    suspicious: suspicions.length > 0,
    partial: missing.length > 0,
  };
}

/** What is missing from the point, unless somebody has accepted that. */
function reasonsOf(task: SessionTask, accepted: readonly string[]): PointReason[] {
  const { collection } = task;
  if (accepted.includes(collection) && task.outcome === 'forbidden') return [];
  const reasons: PointReason[] = [];
  if (task.outcome === 'carried-failed' || task.outcome === 'forbidden') {
    const detail = task.reason ?? 'could not be read';
    reasons.push({ code: task.outcome, collection, detail });
  }
  if (task.phase !== 'done') return reasons;
  if (task.quarantined > 0) {
    const detail = `${task.quarantined} objects could not be stored`;
    reasons.push({ code: 'quarantined', collection, detail });
  }
  for (const name of task.notCaptured) {
    if (accepted.includes(`${collection}.${name}`)) continue;
    reasons.push({ code: 'notCaptured', collection, detail: `${name}: permission missing` });
  }
  return reasons;
}
