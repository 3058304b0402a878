import { isCancelRequested } from '../../shared/repository/operations.ts';
import { tasksOf } from '../../shared/repository/session-tasks.ts';
import { runSlice, type SliceResult } from '../../shared/tenant-backup/slice.ts';
import { nextStage, type StageName } from '../../shared/tenant-backup/stage.ts';
import { backupContext, sliceDeadline } from '../backup-parts.ts';
import { defineActivity } from '../durable/define-activity.ts';
import { type Outcome, outcomeOf } from '../durable/outcome.ts';
import { type BackupInput, reportProgress } from './plan-backup-stage.ts';

export interface SliceInput extends BackupInput {
  readonly collection: string;
  readonly stage: StageName;
}

type Answer = SliceResult & { readonly canceled: boolean };

/** Works on one collection for one slice of time. */
export const backupSlice = defineActivity<SliceInput, Outcome<Answer>>(
  'backupSlice',
  async ({ tenantNo, operationId, fence, collection, stage }) =>
    await outcomeOf(async () => {
      const context = await backupContext(tenantNo);
      const result = await runSlice(context, fence, collection, stage, sliceDeadline(context));
      return await context.database.withTenant(tenantNo, async (tx) => {
        await context.tables.fence.holdLease(tx, fence);
        const tasks = await tasksOf(tx, fence.sessionId);
        await reportProgress(tx, operationId, tasks, nextStage(tasks));
        return { ...result, canceled: await isCancelRequested(tx, operationId) };
      });
    }),
);
