import { sliceMs } from '../backup-parts.ts';
import { defineActivity } from '../durable/define-activity.ts';
import { type Outcome, outcomeOf } from '../durable/outcome.ts';
import { removeExpiredLogExports } from '../log-exports.ts';
import { services } from '../services.ts';

interface Input {
  readonly tenantNo: number;
  readonly tenantId: string;
}

/** Removes exports of logs that have expired; what is left when the time is up goes the next day. */
export const removeExportsSlice = defineActivity<Input, Outcome<object>>(
  'removeExportsSlice',
  async (tenant) =>
    await outcomeOf(async () => {
      const { clock, logger } = services();
      const deadline = new Date(clock.now().getTime() + sliceMs);
      const results = await removeExpiredLogExports(services(), tenant, deadline);
      for (const [component, { removed, retained, bytes }] of Object.entries(results)) {
        const { tenantNo } = tenant;
        logger.info('exports tidied', { tenantNo, component, removed, bytes, skipped: retained });
      }
      return {};
    }),
);
