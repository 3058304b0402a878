import { updateOperation } from '../../shared/repository/operations.ts';
import { commitSession } from '../../shared/tenant-backup/commit-session.ts';
import { keepAlive } from '../../shared/tenant-backup/heartbeat.ts';
import { preparePoint } from '../../shared/tenant-backup/prepare-point.ts';
import { askUnknownEnds } from '../../shared/tenant-backup/unknown-ends.ts';
import { backupContext, sliceDeadline } from '../backup-parts.ts';
import { defineActivity } from '../durable/define-activity.ts';
import { type Outcome, outcomeOf } from '../durable/outcome.ts';
import type { BackupInput } from './plan-backup-stage.ts';

type Answer =
  | { readonly state: 'more' }
  | {
      readonly state: 'published';
      readonly point: number;
      readonly result: 'complete' | 'partial';
    };

/** Asks about unknown link ends, computes the summary of the point and publishes it. */
export const publishBackup = defineActivity<BackupInput, Outcome<Answer>>(
  'publishBackup',
  async ({ tenantNo, tenantId, operationId, fence }) =>
    await outcomeOf(async (): Promise<Answer> => {
      const context = await backupContext(tenantNo);
      const alive = await keepAlive(context, fence);
      try {
        const asked = await askUnknownEnds(context, fence, sliceDeadline(context));
        if (!asked) return { state: 'more' };
        await preparePoint(context, fence);
      } finally {
        await alive.stop();
      }
      const { point, state } = await commitSession(context, fence);
      const resourceLocation = `/api/tenants/${tenantId}/restorePoints/${point}`;
      await context.database.withTenant(tenantNo, (tx) =>
        updateOperation(tx, operationId, { phase: 'published', result: state, resourceLocation }),
      );
      return { state: 'published', point, result: state };
    }),
);
