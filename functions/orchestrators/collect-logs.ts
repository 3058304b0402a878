// The backup of the logs of one tenant: one sub-orchestration per log, all at once within the quota of
// Graph that they share. It needs no backup of the tenant and runs beside one.
import type { Task } from 'durable-functions';
import type { LogRun } from '../activities/collect-log-slice.ts';
import { finishLogBackup } from '../activities/finish-log-backup.ts';
import { planLogBackup } from '../activities/plan-log-backup.ts';
import { defineOrchestration } from '../durable/define-activity.ts';
import type { Outcome } from '../durable/outcome.ts';
import type { OperationInput } from '../durable/start-operation.ts';
import { collectLogSource } from './collect-log-source.ts';
import { type Ending, ended } from './ended.ts';
import { persevering, refuse } from './persevering.ts';

export const collectLogs = defineOrchestration<OperationInput, Outcome<Ending>>(
  'collectLogs',
  function* (context, input) {
    return yield* ended(context, input, function* () {
      const { tenantNo, tenantId, operationId } = input;
      const plan = yield* persevering(context, () =>
        planLogBackup(context, { tenantNo, operationId }),
      );
      if (plan.sources.length === 0) refuse('canceled', 'the operation was canceled');
      // an id of its own for each run: a child of a run that was ended may still be known
      const run = context.df.newGuid(context.df.instanceId);
      const tasks = plan.sources.map((source): Task => {
        const { retentionDays } = plan;
        const child: LogRun = { tenantNo, tenantId, operationId, source, retentionDays };
        const id = `logs:${tenantId}:${source}:${run}`;
        return context.df.callSubOrchestrator(collectLogSource.name, child, id);
      });
      yield context.df.Task.all(tasks);
      const { end } = yield* persevering(context, () =>
        finishLogBackup(context, { tenantNo, operationId }),
      );
      if (end === 'canceled') refuse('canceled', 'the operation was canceled');
      if (end.status === 'failed') refuse(end.error.code, end.error.message);
      return { status: end.status, result: end.result };
    });
  },
);
