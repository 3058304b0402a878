// Brings the copies of a tenant up to its newest point, one container after the other. A container that
// does not answer is left: the timer comes back to it, and the others and all backups go on meanwhile.
import { copyTenantSlice } from '../activities/copy-tenant-slice.ts';
import { defineOrchestration } from '../durable/define-activity.ts';

export interface CopyTenantInput {
  readonly tenantNo: number;
  /** Containers of TENANT_COPY_REPOSITORIES. */
  readonly containers: number;
}

/** About four hours of slices: the timer starts again where this ends. */
const MOST_SLICES = 240;

export const copyTenant = defineOrchestration<CopyTenantInput, { readonly copied: number }>(
  'copyTenant',
  function* (context, { tenantNo, containers }) {
    let copied = 0;
    for (let container = 0; container < containers; container += 1) {
      for (let slices = 1; slices <= MOST_SLICES; slices += 1) {
        const outcome = yield* copyTenantSlice(context, { tenantNo, container });
        if (outcome.ok && outcome.state === 'copied') copied += 1;
        if (!outcome.ok || outcome.state !== 'more') break;
      }
    }
    return { copied };
  },
);
