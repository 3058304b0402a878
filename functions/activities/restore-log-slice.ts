import { restoreLogsSlice } from '../../shared/log-backup/restore-logs.ts';
import { searchParts } from '../../shared/log-repository/search-parts.ts';
import { getOperation, updateOperation } from '../../shared/repository/operations.ts';
import { sliceMs } from '../backup-parts.ts';
import { defineActivity } from '../durable/define-activity.ts';
import { type Outcome, outcomeOf } from '../durable/outcome.ts';
import { requireLogPlace } from '../log-parts.ts';
import { type LogRestoreInput, restoreTarget } from '../log-restores.ts';
import { services } from '../services.ts';

interface Input {
  readonly tenantNo: number;
  readonly operationId: string;
}

const MOST_WARNINGS = 20;

/** Restores segments of logs for one slice of time; what is written says where to go on. */
export const restoreLogSlice = defineActivity<
  Input,
  Outcome<{ state: 'more' | 'done'; segments: number; isWhole: boolean }>
>(
  'restoreLogSlice',
  async ({ tenantNo, operationId }) =>
    await outcomeOf(async () => {
      const { database, clock } = services();
      const operation = await database.withTenant(tenantNo, (tx) => getOperation(tx, operationId));
      const input = operation.request as unknown as LogRestoreInput;
      const { store, keys } = requireLogPlace(services(), input.repository);
      const context = {
        ...{ store, keys, clock, parts: searchParts, folder: operationId },
        tenant: operation.tenantId.toLowerCase(),
        target: restoreTarget(services(), input.container),
      };
      const deadline = new Date(clock.now().getTime() + sliceMs);
      const progress = await restoreLogsSlice(context, input.request, deadline);
      const { done, segments, total, missing } = progress;
      const warnings = missing.slice(0, MOST_WARNINGS).map(({ name, code }) => `${name}: ${code}`);
      await database.withTenant(tenantNo, (tx) =>
        updateOperation(tx, operationId, {
          ...{ status: 'running', phase: 'restore', warnings },
          progress: { segments: { done: segments, total } },
        }),
      );
      return { state: done ? 'done' : 'more', segments, isWhole: missing.length === 0 };
    }),
);
