import { heartbeat } from '../../shared/tenant-backup/heartbeat.ts';
import { settleLinks } from '../../shared/tenant-backup/settle.ts';
import { backupContext } from '../backup-parts.ts';
import { defineActivity } from '../durable/define-activity.ts';
import { type Outcome, outcomeOf } from '../durable/outcome.ts';
import type { BackupInput } from './plan-backup-stage.ts';

/** Asks for closing rounds or decides about links that reads did not show. */
export const settleBackup = defineActivity<BackupInput, Outcome<object>>(
  'settleBackup',
  async ({ tenantNo, fence }) =>
    await outcomeOf(async () => {
      const context = await backupContext(tenantNo);
      await heartbeat(context, fence);
      await settleLinks(context, fence);
      return {};
    }),
);
