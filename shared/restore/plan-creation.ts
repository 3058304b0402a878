import type { ObjectType } from '../catalog/object-type.ts';
import { compareObject } from '../compare/compare-object.ts';
import { isEmptyValue } from '../compare/compare-properties.ts';
import { rewriteIds } from '../compare/rewrite-ids.ts';
import { emptyObject } from '../json/plain-object.ts';
import { type ObjectPlan, type ObjectPlanInput, type PlanContext, stopped } from './object-plan.ts';
import { enablePhase, undeletePhase } from './phases.ts';
import { planFacet } from './plan-facet.ts';
import { noteOf, type PlanStep, stepId } from './plan-step.ts';
import { strategiesOf } from './strategies/registry.ts';
import type { Creation, StrategyInput } from './strategies/restore-strategy.ts';
import { creatable } from './writable.ts';

/**
 * Creates the object again: a POST of all that can be written, and a PATCH at the end of the restore
 * for what must not be on before everything else is back.
 */
export function planCreation(
  input: ObjectPlanInput,
  context: PlanContext,
  asked: StrategyInput,
): ObjectPlan {
  const { type, wanted, key } = input;
  if (type.restore.deleted === 'none') {
    return stopped(input, 'stopped', 'Objects of this type cannot be created again.');
  }
  const body = emptyObject();
  for (const [name, value] of Object.entries(wanted.body)) {
    if (creatable(type, name) && !isEmptyValue(value)) body[name] = value;
  }
  let creation: Creation = { body, finish: emptyObject(), lost: [] };
  for (const strategy of strategiesOf(type)) {
    creation = strategy.create?.(creation, asked) ?? creation;
  }
  const missing = type.restore.required.filter((name) => creation.body[name] === undefined);
  if (missing.length > 0) {
    return stopped(input, 'stopped', `The restore point lacks what creating needs: ${missing}.`);
  }
  const steps = [createStep(input, context, creation), ...finishStep(input, creation)];
  const facets = compareObject(
    type,
    {
      from: { id: wanted.id, body: wanted.body, facets: new Map(), children: [] },
      to: wanted,
      captured: { from: input.captured.wanted, to: input.captured.wanted },
    },
    context.rulesOf,
    context.identity,
  ).parts.filter((part) => part.type.startsWith('facet:'));
  const lost = [...type.restore.lost, ...creation.lost].map((detail) =>
    noteOf({ kind: 'lost', type: type.name, objectKey: key, objectId: wanted.id, detail }),
  );
  return {
    rung: 'gone',
    steps: [...steps, ...facets.flatMap((part) => planFacet(input, part, wanted.id, context))],
    notes: lost,
  };
}

function createStep(input: ObjectPlanInput, context: PlanContext, creation: Creation): PlanStep {
  const { type, wanted } = input;
  const phase = context.phases.get(type.name) ?? undeletePhase;
  return {
    ...about(input),
    id: stepId(phase, 'create', type.name, wanted.id),
    phase,
    kind: 'create',
    request: {
      ...target(type),
      method: 'POST',
      path: type.collection,
      body: rewriteIds(creation.body, context.identity),
    },
    properties: valuesOf(creation),
    ...(creation.secret === undefined ? {} : { secret: creation.secret }),
    reason: 'The object is neither live nor in the recycle bin: it is created again.',
  };
}

function finishStep(input: ObjectPlanInput, creation: Creation): PlanStep[] {
  const { type, wanted } = input;
  if (isEmptyValue(creation.finish)) return [];
  return [
    {
      ...about(input),
      id: stepId(enablePhase, 'patch', type.name, wanted.id),
      phase: enablePhase,
      kind: 'patch',
      request: {
        ...target(type),
        method: 'PATCH',
        path: `${type.collection}/${wanted.id}`,
        body: creation.finish,
      },
      properties: Object.entries(creation.finish).map(([name, after]) => ({
        name,
        ...(creation.body[name] === undefined ? {} : { before: creation.body[name] }),
        after,
      })),
      needs: [wanted.id],
      reason: 'Switched on at the end, when everything it hangs on is back.',
    },
  ];
}

function valuesOf({ body, finish }: Creation): PlanStep['properties'] {
  return Object.entries(body)
    .filter(([name]) => name !== 'passwordProfile')
    .map(([name, after]) => ({
      name,
      after,
      ...(finish[name] === undefined ? {} : { changesLater: true as const }),
    }));
}

const target = (type: ObjectType) =>
  ({ apiVersion: type.apiVersion, service: type.service }) as const;

function about({ type, key, wanted }: ObjectPlanInput) {
  return {
    type: type.name,
    objectKey: key,
    objectId: wanted.id,
    currentId: wanted.id,
    unit: wanted.id,
    needs: [],
  } as const;
}
