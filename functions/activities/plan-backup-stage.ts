import type { Transaction } from '../../shared/repository/database.ts';
import type { Fence } from '../../shared/repository/fence.ts';
import { isCancelRequested, updateOperation } from '../../shared/repository/operations.ts';
import type { SessionTask } from '../../shared/repository/session-tasks.ts';
import { tasksOf } from '../../shared/repository/session-tasks.ts';
import { heartbeat } from '../../shared/tenant-backup/heartbeat.ts';
import { nextStage, type Stage } from '../../shared/tenant-backup/stage.ts';
import { parseStatistics } from '../../shared/tenant-backup/statistics.ts';
import { backupContext } from '../backup-parts.ts';
import { defineActivity } from '../durable/define-activity.ts';
import { type Outcome, outcomeOf } from '../durable/outcome.ts';

export interface BackupInput {
  readonly tenantNo: number;
  readonly tenantId: string;
  readonly operationId: string;
  readonly fence: Fence;
}

export type BackupStage = Stage;

type Answer = { readonly stage: Stage | { readonly kind: 'cancel' } };

/** Reads from the ledger what the session does next, and reports how far it is. */
export const planBackupStage = defineActivity<BackupInput, Outcome<Answer>>(
  'planBackupStage',
  async ({ tenantNo, operationId, fence }) =>
    await outcomeOf(async () => {
      const context = await backupContext(tenantNo);
      await heartbeat(context, fence);
      return await context.database.withTenant(tenantNo, async (tx): Promise<Answer> => {
        await context.tables.fence.holdLease(tx, fence);
        if (await isCancelRequested(tx, operationId)) return { stage: { kind: 'cancel' } };
        const tasks = await tasksOf(tx, fence.sessionId);
        const stage = nextStage(tasks);
        await reportProgress(tx, operationId, tasks, stage);
        return { stage };
      });
    }),
);

/** Rows read so far per collection, counts and what went wrong, on the operation. */
export async function reportProgress(
  tx: Transaction,
  operationId: string,
  tasks: readonly SessionTask[],
  stage: Stage,
): Promise<void> {
  const progress = Object.fromEntries(
    tasks.map((task) => {
      const { added, changed, unchanged } = parseStatistics(task.statistics);
      return [task.collection, { done: added + changed + unchanged }];
    }),
  );
  const count = (...phases: SessionTask['phase'][]): number =>
    tasks.filter((task) => phases.includes(task.phase)).length;
  const failed = count('failed', 'failing');
  const counts = {
    done: count('done', 'settle'),
    skipped: count('skipped'),
    conflict: 0,
    failed,
    pending: tasks.length - count('done', 'settle', 'skipped') - failed,
  };
  const warnings = tasks
    .filter((task) => task.outcome !== null && task.phase !== 'skipped')
    .map((task) => `${task.collection}: ${task.reason ?? task.outcome ?? ''}`);
  const phase = stage.kind === 'collections' ? stage.name : stage.kind;
  await updateOperation(tx, operationId, { phase, progress, counts, warnings });
}
