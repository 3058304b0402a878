import { isBackupError } from '../../shared/errors/backup-error.ts';
import { PREMIUM_DAYS, readRetentionDays } from '../../shared/log-backup/licence.ts';
import { type LogSource, logSources } from '../../shared/model/log-source.ts';
import type { Operation } from '../../shared/model/operation.ts';
import type { Tenant } from '../../shared/model/tenant.ts';
import { beginLogSources } from '../../shared/repository/log-sources.ts';
import {
  getOperation,
  isCancelRequested,
  updateOperation,
} from '../../shared/repository/operations.ts';
import { getTenantByNo } from '../../shared/repository/tenants.ts';
import { defineActivity } from '../durable/define-activity.ts';
import { type Outcome, outcomeOf } from '../durable/outcome.ts';
import { requireLogPlaces } from '../log-parts.ts';
import { services } from '../services.ts';

interface Input {
  readonly tenantNo: number;
  readonly operationId: string;
}

interface Plan {
  /** None when the operation was canceled before it began. */
  readonly sources: readonly LogSource[];
  readonly retentionDays: number;
}

/** Which logs an operation collects, and how far back Microsoft keeps them for this tenant. */
export const planLogBackup = defineActivity<Input, Outcome<Plan>>(
  'planLogBackup',
  async ({ tenantNo, operationId }) =>
    await outcomeOf(async () => {
      requireLogPlaces(services());
      const { database } = services();
      const tenant = await database.withRegistry((tx) => getTenantByNo(tx, tenantNo));
      const retentionDays = await retentionDaysOf(tenant);
      return await database.withTenant(tenantNo, async (tx) => {
        if (await isCancelRequested(tx, operationId)) return { sources: [], retentionDays };
        const sources = sourcesOf(await getOperation(tx, operationId));
        await beginLogSources(tx, sources, { operationId, retentionDays });
        await updateOperation(tx, operationId, { status: 'running', phase: 'collecting' });
        return { sources, retentionDays };
      });
    }),
);

/** As the API has validated and stored them. */
function sourcesOf({ request }: Operation): readonly LogSource[] {
  const { sources } = request;
  return Array.isArray(sources) ? logSources.filter((name) => sources.includes(name)) : logSources;
}

/**
 * Where Graph refuses to say, each log says why itself; meanwhile nothing is taken for lost that may
 * still be there.
 */
async function retentionDaysOf(tenant: Tenant): Promise<number> {
  const { clock, newGraph } = services();
  try {
    return await readRetentionDays(newGraph(tenant, 'backup'), clock.now());
  } catch (error) {
    const isRefused = isBackupError(error, 'graphForbidden', 'graphBadRequest', 'graphNotFound');
    if (isRefused) return PREMIUM_DAYS;
    throw error;
  }
}
