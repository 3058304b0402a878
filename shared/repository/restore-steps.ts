import { BackupError } from '../errors/backup-error.ts';
import type { Transaction } from './database.ts';

export type OpenStepState = 'planned' | 'started' | 'written';
export type StepOutcome = 'done' | 'skipped' | 'conflict' | 'failed' | 'pending' | 'canceled';

/** The execution of a step beside its document in the plan. */
export interface RestoreStepRow {
  readonly no: number;
  readonly phase: number;
  readonly unit: string;
  readonly state: OpenStepState | StepOutcome;
  readonly attempt: number;
  readonly startedAt: Date | null;
  readonly writtenAt: Date | null;
  readonly finishedAt: Date | null;
  /** JSON {id?, properties?, cause?}. */
  readonly result: string | null;
  /** JSON of what undoes the step. */
  readonly inverse: string | null;
  /** JSON of the PlanStep. */
  readonly document: string;
}

const columns = `s.no, s.phase, s.unit, s.state, s.attempt, s.started_at as "startedAt",
  s.written_at as "writtenAt", s.finished_at as "finishedAt", s.result, s.inverse, p.document`;
const tables = `restore_step s
  join restore r on r.tenant_no = s.tenant_no and r.id = s.restore_id
  join plan_step p on p.tenant_no = s.tenant_no and p.plan_id = r.plan_id and p.no = s.no`;

/** What is to be done next: the lowest phase with open steps, and when its next step is due. */
export interface OpenPhase {
  readonly phase: number;
  /** Milliseconds until the first open step is due; 0 when one is due now. */
  readonly dueInMs: number;
}

export async function findOpenPhase(
  tx: Transaction,
  restoreId: string,
): Promise<OpenPhase | undefined> {
  return await tx.row<OpenPhase>(
    `select phase, greatest(0, ceil(extract(epoch from
       min(coalesce(due_at, '-infinity'::timestamptz)) - clock_timestamp()) * 1000))::float8
       as "dueInMs"
     from restore_step
     where tenant_no = $1 and restore_id = $2 and state in ('planned', 'started', 'written')
     group by phase order by phase limit 1`,
    [tx.tenantNo, restoreId],
  );
}

/** Due open steps of some units of a phase, whole units, in order of unit and number. */
export async function dueSteps(
  tx: Transaction,
  restoreId: string,
  phase: number,
  units: number,
): Promise<RestoreStepRow[]> {
  return await tx.rows<RestoreStepRow>(
    `select ${columns} from ${tables}
     where s.tenant_no = $1 and s.restore_id = $2 and s.phase = $3
       and s.state in ('planned', 'started', 'written')
       and coalesce(s.due_at, '-infinity'::timestamptz) <= clock_timestamp()
       and s.unit in (
         select unit from restore_step
         where tenant_no = $1 and restore_id = $2 and phase = $3
           and state in ('planned', 'started', 'written')
           and coalesce(due_at, '-infinity'::timestamptz) <= clock_timestamp()
         group by unit order by min(no) limit $4)
     order by s.unit, s.no`,
    [tx.tenantNo, restoreId, phase, units],
  );
}

/** Steps after number `after`, in order. */
export async function listRestoreSteps(
  tx: Transaction,
  restoreId: string,
  after: number,
  top: number,
): Promise<RestoreStepRow[]> {
  return await tx.rows<RestoreStepRow>(
    `select ${columns} from ${tables}
     where s.tenant_no = $1 and s.restore_id = $2 and s.no > $3 order by s.no limit $4`,
    [tx.tenantNo, restoreId, after, top],
  );
}

export interface StepMove {
  readonly no: number;
  readonly from: OpenStepState;
  readonly to: OpenStepState | StepOutcome;
  readonly result?: object;
  readonly inverse?: object;
  /** Milliseconds from now before which the step is not looked at again. */
  readonly dueInMs?: number;
}

/** Moves a step on; `fenced` when somebody else has moved it. */
export async function moveStep(tx: Transaction, restoreId: string, move: StepMove): Promise<void> {
  const changed = await tx.change(
    `update restore_step set state = $5,
       attempt = attempt + case when $5 = 'started' then 1 else 0 end,
       started_at = case when $4 = 'planned' and $5 in ('planned', 'started')
         then coalesce(started_at, clock_timestamp()) else started_at end,
       written_at = case when $5 = 'written' and $4 <> 'written' then clock_timestamp()
         else written_at end,
       finished_at = case when $5 in ('planned', 'started', 'written') then null
         else clock_timestamp() end,
       due_at = case when $8::float8 is null then null
         else clock_timestamp() + $8 * interval '1 millisecond' end,
       result = coalesce($6, result), inverse = coalesce($7, inverse)
     where tenant_no = $1 and restore_id = $2 and no = $3 and state = $4`,
    [
      tx.tenantNo,
      restoreId,
      move.no,
      move.from,
      move.to,
      move.result === undefined ? null : JSON.stringify(move.result),
      move.inverse === undefined ? null : JSON.stringify(move.inverse),
      move.dueInMs ?? null,
    ],
  );
  if (changed !== 1) {
    throw new BackupError('fenced', `step ${move.no} is not ${move.from} any more`);
  }
}

/** Steps that were done and write properties, after number `after`, in order. */
export async function stepsToVerify(
  tx: Transaction,
  restoreId: string,
  after: number,
  top: number,
): Promise<RestoreStepRow[]> {
  return await tx.rows<RestoreStepRow>(
    `select ${columns} from ${tables}
     where s.tenant_no = $1 and s.restore_id = $2 and s.no > $3 and s.state = 'done'
       and p.kind in ('create', 'patch', 'undelete') order by s.no limit $4`,
    [tx.tenantNo, restoreId, after, top],
  );
}

/** Replaces the results of steps that have their outcome. */
export async function replaceResults(
  tx: Transaction,
  restoreId: string,
  results: readonly { readonly no: number; readonly result: object }[],
): Promise<void> {
  await tx.change(
    `update restore_step s set result = r.result
     from unnest($3::int[], $4::text[]) as r (no, result)
     where s.tenant_no = $1 and s.restore_id = $2 and s.no = r.no`,
    [
      tx.tenantNo,
      restoreId,
      results.map((each) => each.no),
      results.map((each) => JSON.stringify(each.result)),
    ],
  );
}

/** Gives every step that was not begun an outcome; those begun are still finished. */
export async function cancelPlanned(tx: Transaction, restoreId: string): Promise<void> {
  await tx.change(
    `update restore_step set state = 'canceled', finished_at = clock_timestamp()
     where tenant_no = $1 and restore_id = $2 and state = 'planned'`,
    [tx.tenantNo, restoreId],
  );
}

/** Ids in the restore point of the objects whose creation by this restore has happened. */
export async function createdObjects(tx: Transaction, restoreId: string): Promise<string[]> {
  const rows = await tx.rows<{ id: string }>(
    `select o.object_id as id from ${tables}
     join object o on o.tenant_no = s.tenant_no and o.key = p.object_key
     where s.tenant_no = $1 and s.restore_id = $2 and p.kind = 'create'
       and s.written_at is not null`,
    [tx.tenantNo, restoreId],
  );
  return rows.map(({ id }) => id);
}

/** Number of steps by state. */
export async function countSteps(
  tx: Transaction,
  restoreId: string,
): Promise<Readonly<Record<string, number>>> {
  const rows = await tx.rows<{ state: string; count: number }>(
    `select state, count(*)::int as count from restore_step
     where tenant_no = $1 and restore_id = $2 group by state`,
    [tx.tenantNo, restoreId],
  );
  return Object.fromEntries(rows.map((row) => [row.state, row.count]));
}

/** True when the object's state before the first write of this restore is stored. */
export async function hasPrestate(
  tx: Transaction,
  restoreId: string,
  objectKey: number,
): Promise<boolean> {
  const row = await tx.row(
    `select 1 from restore_prestate where tenant_no = $1 and restore_id = $2 and object_key = $3`,
    [tx.tenantNo, restoreId, objectKey],
  );
  return row !== undefined;
}

/** Keeps what an object was before the first write; what is stored stays. */
export async function savePrestate(
  tx: Transaction,
  restoreId: string,
  objectKey: number,
  body: string | null,
): Promise<void> {
  await tx.change(
    `insert into restore_prestate (tenant_no, restore_id, object_key, body)
     values ($1, $2, $3, $4) on conflict do nothing`,
    [tx.tenantNo, restoreId, objectKey, body],
  );
}

/**
 * Those of the ids that the plan's live point or any point before it knew, or that a restore has
 * made: none of them is what a lost answer of this restore has made. A backup that came later may
 * have seen that one.
 */
export async function objectsKnownToPlan(
  tx: Transaction,
  restoreId: string,
  ids: readonly string[],
): Promise<string[]> {
  const rows = await tx.rows<{ id: string }>(
    `select o.object_id as id from restore r
     join restore_plan p on p.tenant_no = $1 and p.id = r.plan_id
     join object o on o.tenant_no = $1 and o.space = 'directory' and o.parent_key = 0
       and o.object_id = any ($3)
     where r.tenant_no = $1 and r.id = $2 and (
       exists (select from identity_map m where m.tenant_no = $1 and m.new_key = o.key)
       or exists (select from object_version v where v.tenant_no = $1 and v.object_key = o.key
         and v.from_point <= coalesce(p.live_point, 2147483647)))`,
    [tx.tenantNo, restoreId, [...ids]],
  );
  return rows.map(({ id }) => id);
}
