import { compareObject, type ObjectState } from '../compare/compare-object.ts';
import type { PropertyDifference } from '../compare/difference.ts';
import { rewriteIds } from '../compare/rewrite-ids.ts';
import type { JsonObject } from '../json/json-value.ts';
import { emptyObject } from '../json/plain-object.ts';
import {
  isAskedFor,
  type ObjectPlan,
  type ObjectPlanInput,
  type PlanContext,
  stepProperty,
  takesFromProtected,
} from './object-plan.ts';
import { undeletePhase } from './phases.ts';
import { planFacet } from './plan-facet.ts';
import { noteOf, type PlanNote, type PlanStep, stepId } from './plan-step.ts';
import { strategiesOf } from './strategies/registry.ts';
import { unwritableReason, wantedValue } from './writable.ts';

const nothingRead = (): ReadonlySet<string> => new Set();

/**
 * The PATCH of what differs between the live state and the restore point; `state` is undefined when
 * the object lies in the recycle bin and its body is not known: then all that was captured is written.
 */
export function planPatch(
  input: ObjectPlanInput,
  context: PlanContext,
  id: string,
  state: ObjectState | undefined,
): Omit<ObjectPlan, 'rung'> {
  const { type, wanted, captured } = input;
  const from = state ?? { id, body: emptyObject(), facets: new Map(), children: [] };
  const liveCaptured = state === undefined ? nothingRead : captured.live;
  const { properties, parts } = compareObject(
    type,
    { from, to: wanted, captured: { from: liveCaptured, to: captured.wanted } },
    context.rulesOf,
    context.identity,
  );
  const writable: PropertyDifference[] = [];
  const notes: PlanNote[] = [];
  for (const property of properties) {
    if (!isAskedFor(property, context)) continue;
    const note = refusedProperty(input, property, context);
    if (note === undefined) writable.push(property);
    else notes.push(note);
  }
  const steps = writable.length === 0 ? [] : [patchStep(input, context, id, writable)];
  const facets = parts.filter((part) => part.type.startsWith('facet:'));
  return {
    steps: [...steps, ...facets.flatMap((part) => planFacet(input, part, id, context))],
    notes,
  };
}

function refusedProperty(
  input: ObjectPlanInput,
  property: PropertyDifference,
  context: PlanContext,
): PlanNote | undefined {
  const { type, key, wanted } = input;
  const about = { type: type.name, objectKey: key, objectId: wanted.id, property: property.name };
  const reason = unwritableReason(type, property.name) ?? strategyReason(input, property.name);
  if (reason !== undefined) return noteOf({ ...about, kind: 'notRestorable', detail: reason });
  if (!takesFromProtected(input, property, context)) return undefined;
  const detail = 'The object is protected: no plan takes anything from it.';
  return noteOf({ ...about, kind: 'protected', detail });
}

function strategyReason(input: ObjectPlanInput, name: string): string | undefined {
  const body = input.live.rung === 'gone' ? undefined : input.live.state?.body;
  const about = { objectId: input.wanted.id, wanted: input.wanted.body };
  for (const strategy of strategiesOf(input.type)) {
    const reasons = strategy.unwritable?.(body === undefined ? about : { ...about, live: body });
    const reason = reasons?.get(name);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

function patchStep(
  input: ObjectPlanInput,
  context: PlanContext,
  id: string,
  differences: readonly PropertyDifference[],
): PlanStep {
  const { type, wanted, key } = input;
  const phase = context.phases.get(type.name) ?? undeletePhase;
  const body: JsonObject = emptyObject();
  for (const difference of differences) body[difference.name] = wantedValue(difference);
  return {
    id: stepId(phase, 'patch', type.name, wanted.id),
    phase,
    kind: 'patch',
    type: type.name,
    objectKey: key,
    objectId: wanted.id,
    currentId: id,
    unit: wanted.id,
    request: {
      method: 'PATCH',
      path: `${type.collection}/${id}`,
      apiVersion: type.apiVersion,
      service: type.service,
      body: rewriteIds(body, context.identity),
    },
    properties: differences.map((difference) => stepProperty(difference, context)),
    needs: [],
    reason: 'The live object differs from the restore point.',
  };
}
