// Applies an approved plan, slice by slice: the open steps of the lowest phase, units side by side,
// the steps of a unit one after the other. What was done is known from the rows alone. It writes
// nothing that is not a step of the plan, and begins no step once a pause or a cancellation was asked
// for.

import type { RestoreStepRow } from '../repository/restore-steps.ts';
import { confirmStep, writeStep } from './steps/run-step.ts';
import type { ApplyContext, StepTask, UnitMemory } from './steps/step-context.ts';
import { taskOf } from './steps/step-task.ts';
import { verifyRestore } from './verify-restore.ts';

const unitsPerQuery = 64;

export type SliceAnswer =
  /** Steps are left and due. */
  | { readonly state: 'more' }
  /** Nothing is due before this many milliseconds have passed. */
  | { readonly state: 'wait'; readonly afterMs: number }
  /** Every step has an outcome. */
  | { readonly state: 'finished' };

/** Works until the deadline of the context, until nothing is due or until all is done. */
export async function applySlice(context: ApplyContext): Promise<SliceAnswer> {
  const { restoreSteps } = context.repository;
  while (context.clock.now() < context.deadline) {
    if (await context.isOnHold()) break;
    const open = await context.database.withTenant(context.tenantNo, (tx) =>
      restoreSteps.findOpenPhase(tx, context.restoreId),
    );
    if (open === undefined) return await verifyRestore(context);
    if (open.dueInMs > 0) return { state: 'wait', afterMs: open.dueInMs };
    const rows = await context.database.withTenant(context.tenantNo, (tx) =>
      restoreSteps.dueSteps(tx, context.restoreId, open.phase, unitsPerQuery),
    );
    const units = [...Map.groupBy(rows, (row) => row.unit).values()];
    await inParallel(units, context.limits.concurrency, (unit) => runUnit(context, unit));
  }
  return { state: 'more' };
}

/** Writes the due steps of a unit in order, then reads them back together. */
async function runUnit(context: ApplyContext, rows: readonly RestoreStepRow[]): Promise<void> {
  const memory: UnitMemory = {};
  const written: StepTask[] = [];
  for (const row of rows) {
    if (context.clock.now() >= context.deadline) break;
    if (row.state === 'planned' && (await context.isOnHold())) break;
    const task = taskOf(context, row, memory);
    const moved = await writeStep(context, task);
    if (moved.row.state === 'written') written.push(moved);
    // a step that waits holds back those after it: they may build on it
    if (moved.row.state === 'planned' || moved.row.state === 'started') break;
  }
  // what was read before the writes says nothing about them
  delete memory.targets;
  for (const task of written) await confirmStep(context, task);
}

/** Runs `work` on every item, `width` at a time; the first error is thrown when all have stopped. */
async function inParallel<Item>(
  items: readonly Item[],
  width: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const queue = [...items];
  const errors: unknown[] = [];
  const worker = async (): Promise<void> => {
    while (errors.length === 0) {
      const item = queue.shift();
      if (item === undefined) return;
      try {
        await work(item);
      } catch (error) {
        errors.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  if (errors.length > 0) throw errors[0];
}
