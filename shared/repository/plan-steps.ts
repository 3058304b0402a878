import type { Transaction } from './database.ts';

/** A stored step or note; `document` is its JSON. */
export interface PlanStepRow {
  readonly id: string;
  /** Undefined until the plan is complete. */
  readonly no: number | null;
  readonly phase: number;
  readonly kind: string;
  readonly unit: string;
  readonly type: string;
  readonly objectKey: number;
  readonly document: string;
}

export interface PlanNoteRow {
  readonly id: string;
  readonly kind: string;
  readonly objectKey: number;
  readonly document: string;
}

export interface PlanObjectRow {
  readonly objectKey: number;
  readonly rung: 'live' | 'recycleBin' | 'gone' | 'stopped';
  readonly currentKey: number | null;
}

/** Stores steps; one with the same id is left as it is, because planning is deterministic. */
export async function addSteps(
  tx: Transaction,
  planId: string,
  steps: readonly Omit<PlanStepRow, 'no'>[],
): Promise<void> {
  await tx.change(
    `insert into plan_step (tenant_no, plan_id, id, phase, kind, unit, type, object_key,
       document)
     select $1, $2, * from unnest($3::text[], $4::int[], $5::text[], $6::text[], $7::text[],
       $8::bigint[], $9::text[])
     on conflict do nothing`,
    [
      tx.tenantNo,
      planId,
      steps.map((step) => step.id),
      steps.map((step) => step.phase),
      steps.map((step) => step.kind),
      steps.map((step) => step.unit),
      steps.map((step) => step.type),
      steps.map((step) => step.objectKey),
      steps.map((step) => step.document),
    ],
  );
}

export async function addNotes(
  tx: Transaction,
  planId: string,
  notes: readonly PlanNoteRow[],
): Promise<void> {
  await tx.change(
    `insert into plan_note (tenant_no, plan_id, id, kind, object_key, document)
     select $1, $2, * from unnest($3::text[], $4::text[], $5::bigint[], $6::text[])
     on conflict do nothing`,
    [
      tx.tenantNo,
      planId,
      notes.map((note) => note.id),
      notes.map((note) => note.kind),
      notes.map((note) => note.objectKey),
      notes.map((note) => note.document),
    ],
  );
}

export async function addPlanObjects(
  tx: Transaction,
  planId: string,
  objects: readonly PlanObjectRow[],
): Promise<void> {
  await tx.change(
    `insert into plan_object (tenant_no, plan_id, object_key, rung, current_key)
     select $1, $2, * from unnest($3::bigint[], $4::text[], $5::bigint[]) on conflict do nothing`,
    [
      tx.tenantNo,
      planId,
      objects.map((each) => each.objectKey),
      objects.map((each) => each.rung),
      objects.map((each) => each.currentKey),
    ],
  );
}

export async function planObjects(
  tx: Transaction,
  planId: string,
  keys: readonly number[],
): Promise<Map<number, PlanObjectRow>> {
  const rows = await tx.rows<PlanObjectRow>(
    `select object_key as "objectKey", rung, current_key as "currentKey" from plan_object
     where tenant_no = $1 and plan_id = $2 and object_key = any ($3::bigint[])`,
    [tx.tenantNo, planId, [...keys]],
  );
  return new Map(rows.map((row) => [row.objectKey, row]));
}

/** Keys of the objects that the plan creates again. */
export async function goneObjects(tx: Transaction, planId: string): Promise<number[]> {
  const rows = await tx.rows<{ key: number }>(
    `select object_key as key from plan_object
     where tenant_no = $1 and plan_id = $2 and rung = 'gone' order by object_key`,
    [tx.tenantNo, planId],
  );
  return rows.map(({ key }) => key);
}

/** Gives the steps of a complete plan their numbers, in order of phase and id. */
export async function numberSteps(tx: Transaction, planId: string): Promise<void> {
  await tx.change(
    `update plan_step s set no = n.no
     from (select id, row_number() over (order by phase, id) as no from plan_step
       where tenant_no = $1 and plan_id = $2) n
     where s.tenant_no = $1 and s.plan_id = $2 and s.id = n.id`,
    [tx.tenantNo, planId],
  );
}

/** Numbered steps after number `after`, in order. */
export async function listSteps(
  tx: Transaction,
  planId: string,
  after: number,
  top: number,
): Promise<(PlanStepRow & { readonly no: number })[]> {
  return await tx.rows<PlanStepRow & { readonly no: number }>(
    `select id, no, phase, kind, unit, type, object_key as "objectKey", document from plan_step
     where tenant_no = $1 and plan_id = $2 and no > $3 order by no limit $4`,
    [tx.tenantNo, planId, after, top],
  );
}

/** Notes after id `after`, in order of id. */
export async function listNotes(
  tx: Transaction,
  planId: string,
  after: string,
  top: number,
): Promise<PlanNoteRow[]> {
  return await tx.rows<PlanNoteRow>(
    `select id, kind, object_key as "objectKey", document from plan_note
     where tenant_no = $1 and plan_id = $2 and id > $3 order by id limit $4`,
    [tx.tenantNo, planId, after, top],
  );
}

/** Number of steps and of notes by kind. */
export async function countByKind(
  tx: Transaction,
  planId: string,
): Promise<{ steps: Record<string, number>; notes: Record<string, number> }> {
  const count = async (table: 'plan_step' | 'plan_note'): Promise<Record<string, number>> => {
    const rows = await tx.rows<{ kind: string; count: number }>(
      `select kind, count(*)::int as count from ${table}
       where tenant_no = $1 and plan_id = $2 group by kind order by kind`,
      [tx.tenantNo, planId],
    );
    return Object.fromEntries(rows.map((row) => [row.kind, row.count]));
  };
  return { steps: await count('plan_step'), notes: await count('plan_note') };
}
