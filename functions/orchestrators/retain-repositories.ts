// Removes what is older than the retention of each repository of a tenant: logs in the secondary, then
// in the primary, because what the primary does takes a number that the secondary gets by the copy
// only; then exports that have expired, and segments of old tenant copies. A part that is refused is left for the next day.
import type { OrchestrationContext } from 'durable-functions';
import { logSources } from '../../shared/model/log-source.ts';
import { removeExportsSlice } from '../activities/remove-exports-slice.ts';
import { removeOrphansSlice } from '../activities/remove-orphans-slice.ts';
import { retainCopySlice } from '../activities/retain-copy-slice.ts';
import { type RetainLogInput, retainLogSlice } from '../activities/retain-log-slice.ts';
import { defineOrchestration, type Step } from '../durable/define-activity.ts';

export interface RetainInput {
  readonly tenantNo: number;
  readonly tenantId: string;
  /** The log repositories that there are, the secondary first. */
  readonly sides: readonly RetainLogInput['side'][];
  /** Containers of TENANT_COPY_REPOSITORIES. */
  readonly containers: number;
}

type Part = Omit<RetainLogInput, 'isFirst'>;

const MOST_SLICES = 30;

export const retainRepositories = defineOrchestration<RetainInput, { readonly refused: number }>(
  'retainRepositories',
  function* (context, { tenantNo, tenantId, sides, containers }) {
    let refused = 0;
    for (const side of sides) refused += yield* retainSide(context, { tenantNo, tenantId, side });
    if (sides.length > 0) {
      const { ok } = yield* removeExportsSlice(context, { tenantNo, tenantId });
      refused += ok ? 0 : 1;
    }
    for (let container = 0; container < containers; container += 1) {
      const { ok } = yield* retainCopySlice(context, { tenantNo, tenantId, container });
      refused += ok ? 0 : 1;
    }
    return { refused };
  },
);

/** Answers how many sources were refused. */
function* retainSide(context: OrchestrationContext, where: Omit<Part, 'source'>): Step<number> {
  let refused = 0;
  for (const source of logSources) {
    const part = { ...where, source };
    const isDone = (yield* retainPart(context, part)) && (yield* removeOrphans(context, part));
    refused += isDone ? 0 : 1;
  }
  return refused;
}

/** False when it was refused. */
function* retainPart(context: OrchestrationContext, part: Part): Step<boolean> {
  for (let slices = 0; slices < MOST_SLICES; slices += 1) {
    const outcome = yield* retainLogSlice(context, { ...part, isFirst: slices === 0 });
    if (!outcome.ok) return false;
    if (outcome.state !== 'more') return true;
  }
  return true;
}

function* removeOrphans(context: OrchestrationContext, part: Part): Step<boolean> {
  let outcome = yield* removeOrphansSlice(context, part);
  for (let slices = 1; slices < MOST_SLICES && outcome.ok; slices += 1) {
    const from = outcome.next;
    if (from === undefined) return true;
    outcome = yield* removeOrphansSlice(context, { ...part, from });
  }
  return outcome.ok;
}
