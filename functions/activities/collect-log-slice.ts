import { BackupError, isBackupError } from '../../shared/errors/backup-error.ts';
import type { CollectContext } from '../../shared/log-backup/collect-context.ts';
import { collectSlice, type SliceReport } from '../../shared/log-backup/collect-slice.ts';
import { summariseRun } from '../../shared/log-backup/run-summary.ts';
import { countsOfSlice } from '../../shared/log-backup/slice-counts.ts';
import type { OperationUpdate } from '../../shared/model/operation.ts';
import type { Transaction } from '../../shared/repository/database.ts';
import {
  findLogSource,
  listLogSources,
  noteLogFailure,
  noteLogHead,
  noteLogSlice,
} from '../../shared/repository/log-sources.ts';
import { isCancelRequested, updateOperation } from '../../shared/repository/operations.ts';
import { CollectionCanceled, collectContext, type LogRun } from '../collect-parts.ts';
import { defineActivity } from '../durable/define-activity.ts';
import { type Outcome, outcomeOf } from '../durable/outcome.ts';
import { services } from '../services.ts';

export type { LogRun } from '../collect-parts.ts';

export interface LogSlice {
  /** done: nothing is due, or Graph refuses this log; wait: go on after `retryAfterMs`. */
  readonly state: 'more' | 'done' | 'wait' | 'canceled';
  readonly retryAfterMs?: number;
}

/** Collects one log for one slice of time. What it did is in the chain, and noted beside it. */
export const collectLogSlice = defineActivity<LogRun, Outcome<LogSlice>>(
  'collectLogSlice',
  async (run) => await outcomeOf(async () => await slice(run)),
);

async function slice(run: LogRun): Promise<LogSlice> {
  const { database } = services();
  const { tenantNo, operationId, source } = run;
  const stop = await database.withTenant(tenantNo, (tx) => isCancelRequested(tx, operationId));
  if (stop) return { state: 'canceled' };
  try {
    const context = await collectContext(run);
    const fromHead = await headOf(run, context);
    const report = await collectSlice(context);
    await note(run, context, fromHead, report);
    return answerOf(report);
  } catch (error) {
    if (error instanceof CollectionCanceled) return { state: 'canceled' };
    if (!isBackupError(error)) throw error;
    const { code } = error;
    services().logger.warn('log collection does not go on', { tenantNo, collection: source, code });
    await database.withTenant(tenantNo, async (tx) => {
      await noteLogFailure(tx, source, operationId, code);
      await showRun(tx, operationId);
    });
    throw error;
  }
}

/** The manifest up to which the run was counted; at its first slice the newest one of the chain. */
async function headOf(run: LogRun, context: CollectContext): Promise<number> {
  const { database } = services();
  const { tenantNo, operationId, source } = run;
  const row = await database.withTenant(tenantNo, (tx) => findLogSource(tx, source));
  if (row?.operationId !== operationId) {
    throw new BackupError('invalidState', `${source} is collected by another operation`);
  }
  if (row.head !== undefined) return row.head;
  const head = (await context.repository.head(context))?.number ?? 0;
  await database.withTenant(tenantNo, (tx) => noteLogHead(tx, source, operationId, head));
  return head;
}

async function note(
  run: LogRun,
  context: CollectContext,
  fromHead: number,
  report: SliceReport,
): Promise<void> {
  const { database, clock, logger } = services();
  const { tenantNo, operationId, source } = run;
  const counts = await countsOfSlice(context, fromHead, report);
  const { outcome, code, permission, head, readThrough } = report;
  const { unanswered, withoutCache, neededRequestsPerHour: neededRequests } = report;
  await database.withTenant(tenantNo, async (tx) => {
    // takes the row of the operation first: logs of one run show themselves one after the other
    if (!(await updateOperation(tx, operationId, {}))) return;
    await noteLogSlice(tx, source, operationId, {
      ...{ outcome, fromHead, head, unanswered, withoutCache, neededRequests, at: clock.now() },
      ...counts,
      ...(code === undefined ? {} : { code }),
      ...(permission === undefined ? {} : { permission }),
      ...(readThrough === undefined ? {} : { readThrough }),
    });
    await showRun(tx, operationId, waitingFor(run, report));
  });
  const { requests } = report;
  const { added, changed } = counts;
  const amounts = { requests, added, changed, rows: counts.read };
  logger.info('log slice', { tenantNo, collection: source, outcome, ...amounts });
}

async function showRun(
  tx: Transaction,
  operationId: string,
  waiting: OperationUpdate['waitingFor'] = null,
): Promise<void> {
  const { update } = summariseRun(await listLogSources(tx), operationId);
  await updateOperation(tx, operationId, { ...update, waitingFor: waiting });
}

function waitingFor({ source }: LogRun, report: SliceReport): OperationUpdate['waitingFor'] {
  if (report.outcome !== 'throttled') return null;
  const until = new Date(services().clock.now().getTime() + (report.retryAfterMs ?? 0));
  const detail = `${source} waits for the quota of graph`;
  return { cause: 'graphThrottled', until: until.toISOString(), detail };
}

function answerOf({ outcome, retryAfterMs }: SliceReport): LogSlice {
  if (outcome === 'more') return { state: 'more' };
  if (outcome !== 'throttled') return { state: 'done' };
  return { state: 'wait', ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}
