// Removes what has expired and belongs to no tenant.
import { tidySlice } from '../activities/tidy-slice.ts';
import { defineOrchestration } from '../durable/define-activity.ts';

export const tidyStores = defineOrchestration<object, { readonly removed: number }>(
  'tidyStores',
  function* (context) {
    const outcome = yield* tidySlice(context, {});
    return { removed: outcome.ok ? outcome.removed : 0 };
  },
);
