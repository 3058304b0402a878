import { type OrphanPlace, removeLogOrphans } from '../../shared/retention/log-orphans.ts';
import { sliceMs } from '../backup-parts.ts';
import { defineActivity } from '../durable/define-activity.ts';
import { type Outcome, outcomeOf } from '../durable/outcome.ts';
import { chainOf, logRetentionContext } from '../log-upkeep-parts.ts';
import { services } from '../services.ts';
import { noted, type RetainLogInput } from './retain-log-slice.ts';

type Input = Omit<RetainLogInput, 'isFirst'> & { readonly from?: OrphanPlace };

const DAY_MS = 86_400_000;

/** Removes containers that no manifest names in one chain, for one slice of time. */
export const removeOrphansSlice = defineActivity<Input, Outcome<{ readonly next?: OrphanPlace }>>(
  'removeOrphansSlice',
  async (input) =>
    await outcomeOf(async () => {
      const next = await noted({ ...input, isFirst: false }, async (run) => {
        const { clock } = services();
        const now = clock.now().getTime();
        const { tenantId, source, side, from } = input;
        const context = await logRetentionContext(services(), chainOf(tenantId, source), side);
        // once a week everything is looked at again
        const isWhole = Math.floor(now / DAY_MS) % 7 === 0;
        const found = await removeLogOrphans(context, new Date(now + sliceMs), {
          after: isWhole ? 0 : run.orphansThrough,
          ...(from === undefined ? {} : { from }),
        });
        return {
          run: {
            ...run,
            orphansRemoved: run.orphansRemoved + found.removed,
            orphansRetained: run.orphansRetained + found.retained,
            orphansThrough: found.next === undefined ? found.through : run.orphansThrough,
          },
          state: found.next,
        };
      });
      return next === undefined ? {} : { next };
    }),
);
