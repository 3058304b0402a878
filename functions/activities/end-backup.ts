import { updateOperation } from '../../shared/repository/operations.ts';
import { cleanSessions } from '../../shared/tenant-backup/abandon-session.ts';
import { isContinuedElsewhere } from '../../shared/tenant-backup/continued-elsewhere.ts';
import { backupContext, sliceDeadline } from '../backup-parts.ts';
import { defineActivity } from '../durable/define-activity.ts';
import { type Outcome, outcomeOf } from '../durable/outcome.ts';

interface Input {
  readonly tenantNo: number;
  readonly operationId: string;
  readonly status: 'succeeded' | 'failed' | 'canceled';
  readonly error?: { readonly code: string; readonly message: string };
}

/**
 * Deletes working rows of ended sessions, then records how the operation ended; a worker that was
 * fenced while another goes on with the operation leaves it alone.
 */
export const endBackup = defineActivity<Input, Outcome<{ readonly done: boolean }>>(
  'endBackup',
  async ({ tenantNo, operationId, status, error }) =>
    await outcomeOf(async () => {
      const context = await backupContext(tenantNo);
      if (error?.code === 'fenced' && (await isContinuedElsewhere(context, operationId))) {
        return { done: true };
      }
      const done = await cleanSessions(context, sliceDeadline(context));
      if (!done) return { done };
      await context.database.withTenant(tenantNo, (tx) =>
        updateOperation(tx, operationId, {
          status,
          waitingFor: null,
          ...(error === undefined ? {} : { error }),
        }),
      );
      return { done };
    }),
);
