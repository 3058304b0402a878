// Plans what to do for one object: the ladder of DESIGN 9 (patch, take back from the recycle bin,
// create again). Planning is pure and deterministic: no I/O, no clock, no randomness; it writes
// nothing and knows no SQL. What it cannot restore it says in notes, never by leaving it out.
import type { ObjectType } from '../catalog/object-type.ts';
import { type ObjectPlan, type ObjectPlanInput, type PlanContext, stopped } from './object-plan.ts';
import { undeletePhase } from './phases.ts';
import { planCreation } from './plan-creation.ts';
import { planPatch } from './plan-patch.ts';
import { type PlanStep, stepId } from './plan-step.ts';
import { strategiesOf } from './strategies/registry.ts';
import type { RestoreStrategy, StrategyInput } from './strategies/restore-strategy.ts';

/** The steps that make the object itself equal to the restore point, without its links. */
export function planObject(input: ObjectPlanInput, context: PlanContext): ObjectPlan {
  const { type, live } = input;
  if (type.level !== 'restorable') {
    return stopped(input, 'notRestorable', 'Objects of this type are captured, not restored.');
  }
  if (context.properties !== undefined && live.rung !== 'live') {
    return stopped(input, 'stopped', 'Only properties are selected, and the object is not live.');
  }
  const about = strategyInput(input);
  if (live.rung === 'gone') {
    const refused = firstReason(type, (strategy) => strategy.refuseCreation?.(about));
    if (refused !== undefined) return stopped(input, 'stopped', refused);
    return planCreation(input, context, about);
  }
  const undelete = live.rung === 'recycleBin' ? [undeleteStep(input, live.id)] : [];
  // what lies in the recycle bin is taken back even when it must not be changed
  const refused = firstReason(type, (strategy) => strategy.refuse?.(about));
  if (refused !== undefined) {
    const { notes } = stopped(input, 'notRestorable', refused);
    return { rung: live.rung, steps: undelete, notes };
  }
  const patch = planPatch(input, context, live.id, live.state);
  return { rung: live.rung, steps: [...undelete, ...patch.steps], notes: patch.notes };
}

function strategyInput({ wanted, live }: ObjectPlanInput): StrategyInput {
  const body = live.rung === 'gone' ? undefined : live.state?.body;
  const about = { objectId: wanted.id, wanted: wanted.body };
  return body === undefined ? about : { ...about, live: body };
}

function firstReason(
  type: ObjectType,
  ask: (strategy: RestoreStrategy) => string | undefined,
): string | undefined {
  for (const strategy of strategiesOf(type)) {
    const reason = ask(strategy);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

/** https://learn.microsoft.com/graph/api/directory-deleteditems-restore */
function undeleteStep(input: ObjectPlanInput, id: string): PlanStep {
  const { type, key, wanted } = input;
  return {
    id: stepId(undeletePhase, 'undelete', type.name, wanted.id),
    phase: undeletePhase,
    kind: 'undelete',
    type: type.name,
    objectKey: key,
    objectId: wanted.id,
    currentId: id,
    unit: wanted.id,
    request: {
      method: 'POST',
      path: `/directory/deletedItems/${id}/restore`,
      apiVersion: type.apiVersion,
      service: type.service,
    },
    properties: [],
    needs: [],
    reason: 'The object is in the recycle bin.',
  };
}
