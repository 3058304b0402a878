import type { LinkType, ObjectType } from '../catalog/object-type.ts';
import type { JsonObject, JsonValue } from '../json/json-value.ts';
import { emptyObject } from '../json/plain-object.ts';
import { neededIds, referenceUrl } from './fill-request.ts';
import { linkPhase } from './phases.ts';
import { noteOf, type PlanNote, type PlanStep, type Rung, stepId } from './plan-step.ts';
import { strategiesOf } from './strategies/registry.ts';

/** What becomes of the target of a link. */
export interface LinkTarget {
  /** Id in the restore point. */
  readonly id: string;
  readonly type: string;
  /**
   * live: it can be linked now, under currentId. recreated: the plan creates it again. returns: the
   * link is dormant and comes back with the undeletion of an end. missing: it is gone or stays in
   * the recycle bin. unknown: nothing is known of it, so its link is tried alone.
   */
  readonly fate: 'live' | 'recreated' | 'returns' | 'missing' | 'unknown';
  readonly currentId: string;
}

export interface LinkPlanInput {
  readonly type: ObjectType;
  readonly key: number;
  readonly id: string;
  readonly rung: Rung;
  /** Id now; the same as `id` when the plan creates the source again. */
  readonly currentId: string;
  /** Body of the source at the restore point. */
  readonly body: JsonObject;
  /** Links that the restore point has and the live state lacks, by relationship. */
  readonly wanted: ReadonlyMap<string, readonly LinkTarget[]>;
  /** Current ids of the targets that only the live state has, by relationship. */
  readonly surplus: ReadonlyMap<string, readonly string[]>;
}

export interface LinkPlan {
  readonly steps: readonly PlanStep[];
  readonly notes: readonly PlanNote[];
}

/**
 * Links are only added (a single reference is replaced); surplus ones are counted and kept. A target
 * that does not exist leaves its link pending and takes nothing else with it. One request holds
 * at most `bindLimit` targets.
 */
export function planLinks(input: LinkPlanInput): LinkPlan {
  const steps: PlanStep[] = [];
  const notes: PlanNote[] = [];
  for (const link of input.type.links) {
    const targets = [...(input.wanted.get(link.name) ?? [])].sort((one, two) =>
      one.id < two.id ? -1 : 1,
    );
    notes.push(...surplusNote(input, link));
    if (targets.length === 0) continue;
    const refused = refusal(input, link);
    if (refused === undefined) {
      notes.push(...pendingNotes(input, link, targets));
      steps.push(...linkSteps(input, link, targets));
    } else notes.push(note(input, link, refused.kind, refused.detail, targets));
  }
  return { steps, notes };
}

function refusal(
  input: LinkPlanInput,
  link: LinkType,
): { kind: 'notRestorable' | 'pending'; detail: string } | undefined {
  if (input.type.level !== 'restorable' || link.restore === 'none') {
    return { kind: 'notRestorable', detail: 'Links of this kind are captured, not restored.' };
  }
  if (input.rung === 'stopped') {
    return { kind: 'pending', detail: 'The source of the links is not restored.' };
  }
  for (const strategy of strategiesOf(input.type)) {
    const detail = strategy.refuseLinks?.(link.name, input.body);
    if (detail !== undefined) return { kind: 'notRestorable', detail };
  }
  return undefined;
}

function note(
  input: LinkPlanInput,
  link: LinkType,
  kind: PlanNote['kind'],
  detail: string,
  targets: readonly LinkTarget[],
): PlanNote {
  return noteOf({
    kind,
    type: input.type.name,
    objectKey: input.key,
    objectId: input.id,
    relationship: link.name,
    targets: targets.slice(0, 20).map((each) => each.id),
    count: targets.length,
    detail,
  });
}

function pendingNotes(
  input: LinkPlanInput,
  link: LinkType,
  targets: readonly LinkTarget[],
): PlanNote[] {
  const notes: PlanNote[] = [];
  const missing = targets.filter((each) => each.fate === 'missing');
  if (missing.length > 0) {
    const detail = 'The targets do not exist and are not restored.';
    notes.push(note(input, link, 'pending', detail, missing));
  }
  const returning = targets.filter((each) => each.fate === 'returns');
  if (returning.length > 0) {
    const detail = 'The links come back with the undeletion of an end.';
    notes.push(note(input, link, 'returns', detail, returning));
  }
  return notes;
}

function surplusNote(input: LinkPlanInput, link: LinkType): PlanNote[] {
  const count = (input.surplus.get(link.name) ?? []).length;
  const replaced = link.restore === 'single-reference' && input.wanted.has(link.name);
  if (count === 0 || replaced) return [];
  const kept = noteOf({
    kind: 'surplusLinks',
    type: input.type.name,
    objectKey: input.key,
    objectId: input.id,
    relationship: link.name,
    count,
    detail: 'Links that only the live state has are kept.',
  });
  return [kept];
}

function linkSteps(
  input: LinkPlanInput,
  link: LinkType,
  targets: readonly LinkTarget[],
): PlanStep[] {
  const known = targets.filter((each) => each.fate === 'live' || each.fate === 'recreated');
  const alone = targets.filter((each) => each.fate === 'unknown');
  const size = link.bindLimit ?? 1;
  const groups: LinkTarget[][] = [];
  for (let start = 0; start < known.length; start += size) {
    groups.push(known.slice(start, start + size));
  }
  for (const each of alone) groups.push([each]);
  return groups.map((group) => linkStep(input, link, group));
}

function linkStep(input: LinkPlanInput, link: LinkType, group: readonly LinkTarget[]): PlanStep {
  const { type } = input;
  const kind = link.restore === 'single-reference' ? 'setLink' : 'addLinks';
  const base = `${type.collection}/${input.currentId}`;
  const request = {
    ...requestOf(link, base, group),
    apiVersion: type.apiVersion,
    service: type.service,
  } as const;
  const created = new Set(
    group.filter((each) => each.fate === 'recreated').map((each) => each.id.toLowerCase()),
  );
  if (input.rung === 'gone') created.add(input.id);
  return {
    id: stepId(linkPhase, kind, type.name, input.id, link.name, group[0]?.id ?? ''),
    phase: linkPhase,
    kind,
    type: type.name,
    objectKey: input.key,
    objectId: input.id,
    currentId: input.currentId,
    unit: `${input.id}:${link.name}`,
    request,
    properties: [],
    relationship: link.name,
    targets: group.map((each) => each.currentId),
    ...(kind === 'setLink' ? { replaces: input.surplus.get(link.name) ?? [] } : {}),
    needs: neededIds(request, created),
    reason: 'The restore point has these links and the live state does not.',
  };
}

/**
 * https://learn.microsoft.com/graph/api/group-post-members (20 by PATCH)
 * https://learn.microsoft.com/graph/api/user-post-manager (PUT of one reference)
 */
function requestOf(
  link: LinkType,
  base: string,
  group: readonly LinkTarget[],
): { method: 'POST' | 'PATCH' | 'PUT'; path: string; body: JsonValue } {
  const urls = group.map((each) => referenceUrl(each.currentId));
  const body = emptyObject();
  if (link.restore === 'single-reference') {
    body['@odata.id'] = urls[0] ?? '';
    return { method: 'PUT', path: `${base}/${link.path}/$ref`, body };
  }
  if (urls.length === 1 || link.bindLimit === undefined) {
    body['@odata.id'] = urls[0] ?? '';
    return { method: 'POST', path: `${base}/${link.path}/$ref`, body };
  }
  body[`${link.path}@odata.bind`] = urls;
  return { method: 'PATCH', path: base, body };
}
