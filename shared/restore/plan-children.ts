import type { ChildType, EmbeddedReference, ObjectType } from '../catalog/object-type.ts';
import type { ChildState, PartDifference } from '../compare/difference.ts';
import { valuesAt } from '../json/json-path.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../json/json-value.ts';
import { emptyObject } from '../json/plain-object.ts';
import { neededIds } from './fill-request.ts';
import { childPhase } from './phases.ts';
import type { LinkPlan } from './plan-links.ts';
import { noteOf, type PlanNote, type PlanStep, type Rung, stepId } from './plan-step.ts';

export interface ChildPlanInput {
  readonly type: ObjectType;
  readonly key: number;
  readonly id: string;
  readonly rung: Rung;
  readonly currentId: string;
  /** Children at the restore point. */
  readonly wanted: readonly ChildState[];
  /** Differences of children, from the live state to the restore point. */
  readonly differences: readonly PartDifference[];
  /** Whether the child went only because what it refers to, an id, went to the recycle bin. */
  returnsWith(child: ChildState, id: string): boolean;
  /** What becomes of an id that a child refers to; undefined for one nothing is known of. */
  fateOf(id: string): 'exists' | 'recreated' | 'missing' | undefined;
}

/**
 * Children that the restore point has and the live state lacks are created again. One that refers to
 * something that does not exist stops: a reference is never dropped from a body.
 */
export function planChildren(input: ChildPlanInput): LinkPlan {
  const steps: PlanStep[] = [];
  const notes: PlanNote[] = [];
  for (const difference of input.differences) {
    const planned = planDifference(input, difference);
    if (planned === undefined) continue;
    if ('request' in planned) steps.push(planned);
    else notes.push(planned);
  }
  return { steps, notes };
}

function planDifference(
  input: ChildPlanInput,
  difference: PartDifference,
): PlanStep | PlanNote | undefined {
  const child = input.type.children.find((each) => each.name === difference.type);
  if (child === undefined) return undefined;
  if (difference.change === 'removed') {
    return childNote(input, difference, 'surplusPart', 'Only the live state has it: kept.');
  }
  if (difference.change === 'modified') {
    const detail = 'Objects of this kind cannot be changed, only made and removed.';
    return childNote(input, difference, 'notRestorable', detail);
  }
  const state = input.wanted.find((each) => each.id === difference.id);
  return state === undefined ? undefined : planChild(input, child, state, difference);
}

function planChild(
  input: ChildPlanInput,
  child: ChildType,
  state: ChildState,
  difference: PartDifference,
): PlanStep | PlanNote {
  if (input.rung === 'stopped' || input.type.level !== 'restorable') {
    return childNote(input, difference, 'pending', 'Its parent is not restored.');
  }
  if (child.create.length === 0) {
    return childNote(input, difference, 'notRestorable', 'It cannot be created again.');
  }
  const ids = child.references.flatMap((reference) => referencedIds(state.body, reference));
  const created = new Set<string>();
  for (const id of ids) {
    const fate = input.fateOf(id);
    if (fate === 'missing') {
      return childNote(input, difference, 'stopped', 'It refers to an object that does not exist.');
    }
    if (input.returnsWith(state, id)) {
      const detail = 'It comes back with the undeletion of an object that it refers to.';
      return childNote(input, difference, 'returns', detail);
    }
    if (fate === 'recreated') created.add(id);
  }
  return childStep(input, child, state, created);
}

function childStep(
  input: ChildPlanInput,
  child: ChildType,
  state: ChildState,
  created: Set<string>,
): PlanStep {
  const { type } = input;
  const body = bodyOf(child, state.body);
  const request = {
    method: 'POST',
    path: `${type.collection}/${input.currentId}/${child.path}`,
    apiVersion: type.apiVersion,
    service: type.service,
    body,
  } as const;
  if (input.rung === 'gone') created.add(input.id);
  return {
    id: stepId(childPhase, 'createChild', type.name, input.id, child.name, state.id),
    phase: childPhase,
    kind: 'createChild',
    type: type.name,
    objectKey: input.key,
    objectId: input.id,
    currentId: input.currentId,
    unit: `${input.id}:${child.name}`,
    request,
    properties: Object.entries(body).map(([name, after]) => ({ name, after })),
    child: { type: child.name, id: state.id },
    needs: neededIds(request, created),
    reason: 'The restore point has it and the live state does not.',
  };
}

/** The properties that creating takes, without what the service derives (volatile paths). */
function bodyOf(child: ChildType, value: JsonValue): JsonObject {
  const body = emptyObject();
  if (!isJsonObject(value)) return body;
  for (const name of child.create) {
    const member = value[name];
    if (member !== undefined) body[name] = member;
  }
  return body;
}

function referencedIds(body: JsonValue, reference: EmbeddedReference): string[] {
  return valuesAt(body, reference.path)
    .filter((value) => typeof value === 'string')
    .filter((value) => !reference.constants.includes(value))
    .map((value) => value.toLowerCase());
}

function childNote(
  input: ChildPlanInput,
  difference: PartDifference,
  kind: PlanNote['kind'],
  detail: string,
): PlanNote {
  return noteOf({
    kind,
    type: input.type.name,
    objectKey: input.key,
    objectId: input.id,
    relationship: difference.type,
    ...(difference.id === undefined ? {} : { targets: [difference.id] }),
    detail,
  });
}
