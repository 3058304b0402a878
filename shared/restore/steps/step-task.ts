import { currentIdOf } from '../../compare/rewrite-ids.ts';
import { BackupError } from '../../errors/backup-error.ts';
import { parseJson } from '../../json/parse-json.ts';
import type { RestoreStepRow } from '../../repository/restore-steps.ts';
import type { PlanStep } from '../plan-step.ts';
import type { ApplyContext, StepTask, UnitMemory } from './step-context.ts';

/** A row with its plan step, its type and the id its object has now. */
export function taskOf(context: ApplyContext, row: RestoreStepRow, unit: UnitMemory): StepTask {
  // numbers keep the text they came with
  const step = parseJson(row.document) as unknown as PlanStep;
  const type = context.types.find((each) => each.name === step.type);
  if (type === undefined) {
    throw new BackupError('invalidState', `the catalogue has no type ${step.type} any more`);
  }
  return { step, row, type, unit, currentId: currentIdOf(context.identity, step.currentId) };
}
