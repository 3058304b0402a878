import { BackupError } from '../errors/backup-error.ts';
import type { GraphRequest } from '../graph/graph-request.ts';
import type { JsonObject } from '../json/json-value.ts';
import { sameValue } from './steps/live-object.ts';
import {
  type ApplyContext,
  type PropertyOutcome,
  type StepResult,
  type StepTask,
  writeRows,
} from './steps/step-context.ts';
import { taskOf } from './steps/step-task.ts';

const stepsPerChunk = 100;

/**
 * The final verification: after the last write every object that was created, taken back or patched
 * is read once more, 20 to a call. What does not hold any more is said in the result of its step; the
 * step stays done. It writes nothing to the tenant.
 */
export async function verifyRestore(
  context: ApplyContext,
): Promise<{ readonly state: 'more' | 'finished' }> {
  const { restores, restoreSteps } = context.repository;
  await context.failpoint('restore.beforeVerification');
  while (context.clock.now() < context.deadline) {
    const rows = await context.database.withTenant(context.tenantNo, async (tx) => {
      const { verifiedTo } = await restores.getRestore(tx, context.restoreId);
      return await restoreSteps.stepsToVerify(tx, context.restoreId, verifiedTo, stepsPerChunk);
    });
    const last = rows.at(-1);
    if (last === undefined) return { state: 'finished' };
    const tasks = rows.map((row) => taskOf(context, row, {}));
    const live = await context.graph.batchObjects(tasks.map(requestOf));
    const results = tasks.flatMap((task, index) => {
      const result = judge(context, task, live[index]);
      return result === undefined ? [] : [{ no: task.row.no, result }];
    });
    await writeRows(context, async (tx) => {
      await restoreSteps.replaceResults(tx, context.restoreId, results);
      await restores.setVerifiedTo(tx, context.restoreId, last.no);
    });
  }
  return { state: 'more' };
}

function requestOf({ type, currentId, step }: StepTask): GraphRequest {
  const names = new Set(['id', ...step.properties.map(({ name }) => name)]);
  return {
    path: `${type.collection}/${currentId}`,
    apiVersion: type.apiVersion,
    service: type.service,
    query: { $select: [...names].join(',') },
  };
}

function judge(
  context: ApplyContext,
  task: StepTask,
  live: JsonObject | BackupError | undefined,
): StepResult | undefined {
  const known = task.row.result === null ? {} : (JSON.parse(task.row.result) as StepResult);
  if (live === undefined) return undefined;
  if (live instanceof BackupError) {
    if (live.code === 'graphNotFound') return { ...known, cause: 'goneAfterwards' };
    throw live;
  }
  const properties = task.step.properties
    .filter((property) => property.changesLater === undefined)
    .map(({ name, after }): PropertyOutcome => {
      const holds = sameValue(context, task, name, live[name], after);
      return { name, outcome: holds ? 'done' : 'conflict' };
    });
  if (properties.every(({ outcome }) => outcome === 'done')) return undefined;
  return { ...known, properties, cause: known.cause ?? 'changedAfterwards' };
}
