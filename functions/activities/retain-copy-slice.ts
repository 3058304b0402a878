import { isBackupError } from '../../shared/errors/backup-error.ts';
import { type LogRetentionRun, noteLogRetention } from '../../shared/repository/log-retentions.ts';
import { type CopyRetention, retainCopy } from '../../shared/tenant-backup/retain-copy.ts';
import { sliceMs } from '../backup-parts.ts';
import { copyPlaces } from '../copy-parts.ts';
import { defineActivity } from '../durable/define-activity.ts';
import { type Outcome, outcomeOf } from '../durable/outcome.ts';
import { services } from '../services.ts';

interface Input {
  readonly tenantNo: number;
  readonly tenantId: string;
  /** Place of the container in TENANT_COPY_REPOSITORIES, from 0. */
  readonly container: number;
}

/** Removes old segments of the copy of a tenant from one container; what is left goes the next day. */
export const retainCopySlice = defineActivity<Input, Outcome<object>>(
  'retainCopySlice',
  async ({ tenantNo, tenantId, container }) =>
    await outcomeOf(async () => {
      const { clock, database, logger, settings } = services();
      const place = copyPlaces(services())[container];
      const days = settings.tenantCopies.retentionDays;
      if (place === undefined || days === undefined) return {};
      const repository = place.store.description;
      const note = async (run: Partial<LogRetentionRun>): Promise<void> =>
        await database.withTenant(tenantNo, (tx) =>
          noteLogRetention(tx, { ...noRun, ranAt: clock.now(), repository, ...run }),
        );
      const deadline = new Date(clock.now().getTime() + sliceMs);
      try {
        await note(runOf(await retainCopy({ ...place, clock, days }, tenantId, deadline)));
      } catch (error) {
        if (!isBackupError(error)) throw error;
        const { code } = error;
        logger.warn('retention of a tenant copy does not go on', { tenantNo, code });
        await note({ failure: code });
        throw error;
      }
      return {};
    }),
);

const noRun = {
  ...{ source: 'directory', manifests: 0, containers: 0, bytes: 0 },
  ...{ orphansRemoved: 0, orphansRetained: 0, orphansThrough: 0 },
};

function runOf({ segments, bytes, kept }: CopyRetention): Partial<LogRetentionRun> {
  if (kept === undefined) return { containers: segments, bytes };
  const { number, detail, until } = kept;
  const reason = { number, reason: 'retained', detail };
  const time = until === undefined ? {} : { until: until.toISOString() };
  return { containers: segments, bytes, kept: { ...reason, ...time } };
}
