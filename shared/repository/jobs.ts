// When scheduled jobs run next. Which times a schedule means is computed outside; here is who may take
// a due one: the row is locked and moved on in the transaction that creates the operation.
import type { Schedule } from '../model/tenant.ts';
import type { Transaction } from './database.ts';

export interface Job {
  readonly tenantNo: number;
  readonly tenantId: string;
  readonly tenantState: 'active' | 'paused';
  readonly schedule: Schedule;
  readonly nextRunAt: Date;
}

interface Row {
  readonly tenant_no: number;
  readonly tenant_id: string;
  readonly state: Job['tenantState'];
  readonly name: string;
  readonly kind: Schedule['kind'];
  readonly cron: string;
  readonly time_zone: string;
  readonly spread_seconds: number;
  readonly sources: NonNullable<Schedule['sources']> | null;
  readonly next_run_at: Date;
}

const select = `select j.tenant_no, t.tenant_id, t.state, j.name, j.kind, j.cron, j.time_zone,
  j.spread_seconds, j.sources, j.next_run_at from job j join tenant t on t.tenant_no = j.tenant_no`;

/**
 * Makes the jobs of a tenant those of its schedules. A job whose schedule did not change keeps its next
 * time, so that saving the settings neither starts nor skips one.
 */
export async function replaceJobs(
  tx: Transaction,
  tenantNo: number,
  jobs: readonly { readonly schedule: Schedule; readonly nextRunAt: Date }[],
): Promise<void> {
  await tx.change('delete from job where tenant_no = $1 and name <> all ($2::text[])', [
    tenantNo,
    jobs.map((job) => job.schedule.name),
  ]);
  for (const { schedule, nextRunAt } of jobs) {
    await tx.change(
      `insert into job (tenant_no, name, kind, cron, time_zone, spread_seconds, sources, next_run_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8)
       on conflict (tenant_no, name) do update set kind = excluded.kind, cron = excluded.cron,
         time_zone = excluded.time_zone, spread_seconds = excluded.spread_seconds,
         sources = excluded.sources, next_run_at = excluded.next_run_at
       where (job.kind, job.cron, job.time_zone, job.spread_seconds, job.sources)
         is distinct from (excluded.kind, excluded.cron, excluded.time_zone,
           excluded.spread_seconds, excluded.sources)`,
      [
        tenantNo,
        schedule.name,
        schedule.kind,
        schedule.cron,
        schedule.timeZone,
        schedule.spreadSeconds,
        schedule.sources ?? null,
        nextRunAt,
      ],
    );
  }
}

/** The jobs that are due, longest overdue first; a registry transaction. */
export async function listDueJobs(tx: Transaction, now: Date, top: number): Promise<Job[]> {
  const rows = await tx.rows<Row>(
    `${select} where j.next_run_at <= $1 order by j.next_run_at limit $2`,
    [now, top],
  );
  return rows.map(jobOf);
}

/** Takes a due job for this transaction; undefined when another one has it or has moved it on. */
export async function takeJob(
  tx: Transaction,
  tenantNo: number,
  name: string,
  now: Date,
): Promise<Job | undefined> {
  const row = await tx.row<Row>(
    `${select} where j.tenant_no = $1 and j.name = $2 and j.next_run_at <= $3
     for update of j skip locked`,
    [tenantNo, name, now],
  );
  return row === undefined ? undefined : jobOf(row);
}

/** Moves a taken job on to its next time; `operationId` when this run made an operation. */
export async function moveJob(
  tx: Transaction,
  job: Job,
  next: Date,
  run: { readonly at: Date; readonly operationId: string } | undefined,
): Promise<void> {
  await tx.change(
    `update job set next_run_at = $3, last_run_at = coalesce($4, last_run_at),
       last_operation_id = coalesce($5, last_operation_id) where tenant_no = $1 and name = $2`,
    [job.tenantNo, job.schedule.name, next, run?.at ?? null, run?.operationId ?? null],
  );
}

/** Jobs of active tenants that should have begun before `limit`, and since when. */
export async function overdueJobs(
  tx: Transaction,
  limit: Date,
): Promise<{ readonly count: number; readonly since: Date | null }> {
  const row = await tx.row<{ count: number; since: Date | null }>(
    `select count(*) as count, min(j.next_run_at) as since from job j
     join tenant t on t.tenant_no = j.tenant_no
     where j.next_run_at < $1 and t.state = 'active'`,
    [limit],
  );
  return row ?? { count: 0, since: null };
}

function jobOf(row: Row): Job {
  return {
    tenantNo: row.tenant_no,
    tenantId: row.tenant_id,
    tenantState: row.state,
    nextRunAt: row.next_run_at,
    schedule: {
      name: row.name,
      kind: row.kind,
      cron: row.cron,
      timeZone: row.time_zone,
      spreadSeconds: row.spread_seconds,
      ...(row.sources === null ? {} : { sources: row.sources }),
    },
  };
}
