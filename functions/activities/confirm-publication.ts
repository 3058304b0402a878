import { updateOperation } from '../../shared/repository/operations.ts';
import { commitSession } from '../../shared/tenant-backup/commit-session.ts';
import { backupContext } from '../backup-parts.ts';
import { defineActivity } from '../durable/define-activity.ts';
import { type Outcome, outcomeOf } from '../durable/outcome.ts';
import type { BackupInput } from './plan-backup-stage.ts';

interface Answer {
  readonly point: number;
  readonly result: 'complete' | 'partial';
}

/** What a committed session has published, when the answer of the commit was lost. */
export const confirmPublication = defineActivity<BackupInput, Outcome<Answer>>(
  'confirmPublication',
  async ({ tenantNo, tenantId, operationId, fence }) =>
    await outcomeOf(async () => {
      const context = await backupContext(tenantNo);
      const { point, state } = await commitSession(context, fence);
      const resourceLocation = `/api/tenants/${tenantId}/restorePoints/${point}`;
      await context.database.withTenant(tenantNo, (tx) =>
        updateOperation(tx, operationId, { phase: 'published', result: state, resourceLocation }),
      );
      return { point, result: state };
    }),
);
