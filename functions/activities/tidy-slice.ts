import { defineActivity } from '../durable/define-activity.ts';
import { type Outcome, outcomeOf } from '../durable/outcome.ts';
import { services } from '../services.ts';

/** Removes expired values of the cache; answers how many. */
export const tidySlice = defineActivity<object, Outcome<{ readonly removed: number }>>(
  'tidySlice',
  async () =>
    await outcomeOf(async () => {
      const { clock, logger } = services();
      const removed = (await services().cache()?.expire(clock.now())) ?? 0;
      logger.info('cache tidied', { removed });
      return { removed };
    }),
);
