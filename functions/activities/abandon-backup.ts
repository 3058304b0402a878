import {
  abandonSession,
  markAbandoning,
  releaseLease,
} from '../../shared/tenant-backup/abandon-session.ts';
import { backupContext, sliceDeadline } from '../backup-parts.ts';
import { defineActivity } from '../durable/define-activity.ts';
import { type Outcome, outcomeOf } from '../durable/outcome.ts';
import type { BackupInput } from './plan-backup-stage.ts';

interface Input extends BackupInput {
  readonly reason: string;
  /** Whether the lease is given up at the end; not when the same operation opens its own session. */
  readonly release: boolean;
}

/** committed: it was too late, the point is published. */
type Answer = { readonly state: 'more' | 'abandoned' | 'committed' };

/** Undoes a session, chunk by chunk. */
export const abandonBackup = defineActivity<Input, Outcome<Answer>>(
  'abandonBackup',
  async ({ tenantNo, fence, reason, release }) =>
    await outcomeOf(async (): Promise<Answer> => {
      const context = await backupContext(tenantNo);
      if (!(await markAbandoning(context, fence, reason))) return { state: 'committed' };
      const done = await abandonSession(context, fence, sliceDeadline(context));
      if (!done) return { state: 'more' };
      if (release) await releaseLease(context, fence);
      return { state: 'abandoned' };
    }),
);
