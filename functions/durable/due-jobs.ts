import { isBackupError } from '../../shared/errors/backup-error.ts';
import type { Schedule } from '../../shared/model/tenant.ts';
import { listDueJobs, moveJob, takeJob } from '../../shared/repository/jobs.ts';
import { listUnstarted } from '../../shared/repository/operation-starts.ts';
import { createOperation } from '../../shared/repository/operations.ts';
import { forgetRequests } from '../../shared/repository/repeatable-requests.ts';
import type { Services } from '../services.ts';
import type { OrchestrationClient } from './orchestration-client.ts';
import { nextRun } from './schedule-times.ts';
import { startOperation } from './start-operation.ts';

const PER_TICK = 200;
const REMEMBERED_MS = 7 * 86_400_000;

export interface Tick {
  /** Operations that due jobs have created. */
  readonly created: number;
  /** Due jobs passed over: the tenant was busy or paused. */
  readonly passed: number;
  /** Operations whose orchestration was started. */
  readonly started: number;
}

/**
 * One check of what is due: jobs become operations, operations without an instance get one. May run in
 * several processes at once; each job is taken by one of them. A job missed for hours runs once.
 */
export async function runDueJobs(services: Services, client: OrchestrationClient): Promise<Tick> {
  const now = services.clock.now();
  const { database } = services;
  const due = await database.withRegistry((tx) => listDueJobs(tx, now, PER_TICK));
  const failures: unknown[] = [];
  let created = 0;
  for (const { tenantNo, schedule } of due) {
    const done = await kept(failures, () => runJob(services, tenantNo, schedule.name, now));
    if (done === true) created += 1;
  }
  const waiting = await database.withRegistry(async (tx) => {
    await forgetRequests(tx, new Date(now.getTime() - REMEMBERED_MS));
    return await listUnstarted(tx, PER_TICK);
  });
  let started = 0;
  for (const operation of waiting) {
    const answer = await kept(failures, () => startOperation(operation, client, database));
    if (answer === 'started') started += 1;
  }
  if (failures.length > 0) throw new AggregateError(failures, 'some due jobs could not be started');
  return { created, passed: due.length - created, started };
}

/** One job or operation that cannot be started does not keep the others from it. */
async function kept<T>(failures: unknown[], work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    failures.push(error);
    return undefined;
  }
}

/** Takes one due job; true when it became an operation. */
async function runJob(
  services: Services,
  tenantNo: number,
  name: string,
  now: Date,
): Promise<boolean> {
  return await services.database.withTenant(tenantNo, async (tx) => {
    const job = await takeJob(tx, tenantNo, name, now);
    if (job === undefined) return false;
    const next = nextRun(job.schedule, job.tenantId, now);
    const id = crypto.randomUUID();
    try {
      await createOperation(tx, {
        id,
        tenantNo,
        kind: job.schedule.kind,
        requestedBy: `schedule:${name}`,
        trigger: 'schedule',
        request: requestOf(job.schedule),
      });
    } catch (error) {
      // Both are refused before anything is written: the transaction goes on.
      if (!isBackupError(error, 'tenantBusy', 'tenantPaused')) throw error;
      services.logger.info('due job passed over', { tenantNo, jobName: name, reason: error.code });
      await moveJob(tx, job, next, undefined);
      return false;
    }
    await moveJob(tx, job, next, { at: now, operationId: id });
    return true;
  });
}

function requestOf({ kind, sources }: Schedule): Readonly<Record<string, unknown>> {
  if (kind === 'tenantBackup') return { mode: 'auto' };
  return sources === undefined ? {} : { sources };
}
