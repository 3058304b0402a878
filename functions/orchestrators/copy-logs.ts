// Brings the secondary log repository of a tenant up to its primary, the sources by turns, so that days
// of one do not hold the others up. A source that is refused is left, and in an outage all are: the timer
// comes back to them, and collection goes on meanwhile.
import { logSources } from '../../shared/model/log-source.ts';
import { copyLogSlice } from '../activities/copy-log-slice.ts';
import { defineOrchestration } from '../durable/define-activity.ts';

export interface CopyLogsInput {
  readonly tenantNo: number;
  readonly tenantId: string;
}

/** About an hour: the timer starts again where this ends. */
const MOST_SLICES = 60;

export const copyLogs = defineOrchestration<CopyLogsInput, { readonly refused: number }>(
  'copyLogs',
  function* (context, { tenantNo, tenantId }) {
    const open = [...logSources];
    let refused = 0;
    for (let slices = 0; slices < MOST_SLICES; slices += 1) {
      const source = open.shift();
      if (source === undefined) break;
      const outcome = yield* copyLogSlice(context, { tenantNo, tenantId, source });
      if (outcome.ok && outcome.state === 'down') return { refused: logSources.length };
      if (!outcome.ok) refused += 1;
      else if (outcome.state === 'more') open.push(source);
    }
    return { refused };
  },
);
