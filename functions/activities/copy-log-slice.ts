import { isBackupError } from '../../shared/errors/backup-error.ts';
import { copyLogs } from '../../shared/log-backup/copy-logs.ts';
import { type LogSource, logSources } from '../../shared/model/log-source.ts';
import {
  findLogCopy,
  noteLogCopied,
  noteLogCopyFailure,
} from '../../shared/repository/log-copies.ts';
import { sliceMs } from '../backup-parts.ts';
import { defineActivity } from '../durable/define-activity.ts';
import { type Outcome, outcomeOf } from '../durable/outcome.ts';
import { chainOf, logCopyContext } from '../log-upkeep-parts.ts';
import { services } from '../services.ts';

export interface LogCopyInput {
  readonly tenantNo: number;
  readonly tenantId: string;
  readonly source: LogSource;
}

/**
 * done: nothing is left that can be copied now; more: another slice goes on; down: a store or a key
 * does not answer, so that no other source need be tried.
 */
export interface LogCopySlice {
  readonly state: 'done' | 'more' | 'down';
  readonly copied: number;
}

/** What stops all sources alike. */
const outages = [
  ...(['logStoreUnavailable', 'logStoreRefused', 'logStoreMissing'] as const),
  ...(['keyUnavailable', 'cacheUnreachable', 'settingsInvalid'] as const),
];

/** Copies the chain of one source to the secondary log repository for one slice of time. */
export const copyLogSlice = defineActivity<LogCopyInput, Outcome<LogCopySlice>>(
  'copyLogSlice',
  async (input) =>
    await outcomeOf(async () => {
      const { clock, database, logger } = services();
      const { tenantNo, source } = input;
      try {
        return await copySlice(input);
      } catch (error) {
        if (!isBackupError(error)) throw error;
        const { code } = error;
        logger.warn('log copy does not go on', { tenantNo, collection: source, code });
        const isDown = isBackupError(error, ...outages);
        await database.withTenant(tenantNo, async (tx) => {
          for (const each of isDown ? logSources : [source]) {
            await noteLogCopyFailure(tx, each, code, clock.now());
          }
        });
        if (isDown) return { state: 'down', copied: 0 };
        throw error;
      }
    }),
);

async function copySlice({ tenantNo, tenantId, source }: LogCopyInput): Promise<LogCopySlice> {
  const { clock, database, logger } = services();
  const before = await database.withTenant(tenantNo, (tx) => findLogCopy(tx, source));
  const context = logCopyContext(services(), chainOf(tenantId, source));
  const result = await copyLogs(context, new Date(clock.now().getTime() + sliceMs));
  const { head, copied, verified, defects } = result;
  const stand = { head, copied, verified, defects };
  await database.withTenant(tenantNo, (tx) => noteLogCopied(tx, source, stand, clock.now()));
  if (defects > 0) {
    logger.warn('copies of logs do not read back', {
      tenantNo,
      collection: source,
      count: defects,
    });
  }
  const isMoved = copied !== before?.copied || verified !== before.verified;
  return { state: result.done || result.lost || !isMoved ? 'done' : 'more', copied };
}
