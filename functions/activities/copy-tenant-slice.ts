import { isBackupError } from '../../shared/errors/backup-error.ts';
import { noteCopyFailure } from '../../shared/repository/tenant-copies.ts';
import {
  type CopySlice,
  copyTenantSlice as copySlice,
} from '../../shared/tenant-backup/copy-slice.ts';
import { sliceMs } from '../backup-parts.ts';
import { copyContext } from '../copy-parts.ts';
import { defineActivity } from '../durable/define-activity.ts';
import { type Outcome, outcomeOf } from '../durable/outcome.ts';
import { services } from '../services.ts';

export interface CopySliceInput {
  readonly tenantNo: number;
  /** Place of the container in TENANT_COPY_REPOSITORIES, from 0. */
  readonly container: number;
}

/** Copies the points of a tenant to one container for one slice of time. */
export const copyTenantSlice = defineActivity<CopySliceInput, Outcome<CopySlice>>(
  'copyTenantSlice',
  async ({ tenantNo, container }) =>
    await outcomeOf(async () => {
      const context = await copyContext(tenantNo, container);
      const { clock, database, store } = context;
      try {
        const slice = await copySlice(context, new Date(clock.now().getTime() + sliceMs));
        const { lost, point, state } = slice;
        if (lost > 0) {
          services().logger.warn('copy container has lost manifests', { tenantNo, count: lost });
        }
        services().logger.info('tenant copy slice', { tenantNo, point, state });
        return slice;
      } catch (error) {
        if (!isBackupError(error)) throw error;
        const { code } = error;
        services().logger.warn('tenant copy does not go on', { tenantNo, code });
        await database.withTenant(tenantNo, (tx) =>
          noteCopyFailure(tx, store.description, code, clock.now()),
        );
        throw error;
      }
    }),
);
