import type { ObjectType } from '../catalog/object-type.ts';
import type { CapturedProperties, ObjectState, RulesOf } from '../compare/compare-object.ts';
import type { PropertyDifference } from '../compare/difference.ts';
import { type IdentityMap, rewriteIds } from '../compare/rewrite-ids.ts';
import { noteOf, type PlanNote, type PlanStep, type Rung, type StepProperty } from './plan-step.ts';

export interface ObjectPlanInput {
  readonly type: ObjectType;
  readonly key: number;
  /** State at the restore point. */
  readonly wanted: ObjectState;
  /** What was read at the restore point and at the live point, by collection. */
  readonly captured: {
    readonly wanted: CapturedProperties;
    readonly live: CapturedProperties;
  };
  /** Where the object is now; the id differs from the wanted one after a creation. */
  readonly live:
    | { readonly rung: 'live' | 'recycleBin'; readonly id: string; readonly state?: ObjectState }
    | { readonly rung: 'gone' };
}

export interface PlanContext {
  readonly rulesOf: RulesOf;
  readonly identity: IdentityMap;
  /** Phase of each object type. */
  readonly phases: ReadonlyMap<string, number>;
  /** Only these properties; undefined for all. */
  readonly properties?: ReadonlySet<string>;
  /** Lower-case object ids that lose nothing by any plan. */
  readonly protectedIds: ReadonlySet<string>;
}

export interface ObjectPlan {
  readonly rung: Rung;
  readonly steps: readonly PlanStep[];
  readonly notes: readonly PlanNote[];
}

/** A plan that does nothing for the object and says why. */
export function stopped(
  { type, key, wanted }: ObjectPlanInput,
  kind: 'notRestorable' | 'stopped',
  detail: string,
): ObjectPlan {
  const note = noteOf({ kind, type: type.name, objectKey: key, objectId: wanted.id, detail });
  return { rung: 'stopped', steps: [], notes: [note] };
}

/** What the restore point did not capture is unknown and never written. */
export function isAskedFor(property: PropertyDifference, context: PlanContext): boolean {
  if (property.notCaptured === 'to') return false;
  return context.properties === undefined || context.properties.has(property.name);
}

/** A protected object may gain a value and loses none. */
export function takesFromProtected(
  { wanted, live }: ObjectPlanInput,
  property: PropertyDifference,
  { protectedIds }: PlanContext,
): boolean {
  const liveId = live.rung === 'gone' ? wanted.id : live.id;
  return property.from !== undefined && (protectedIds.has(wanted.id) || protectedIds.has(liveId));
}

export function stepProperty(difference: PropertyDifference, context: PlanContext): StepProperty {
  const { name, from, to, notCaptured } = difference;
  return {
    name,
    ...(from === undefined ? {} : { before: from }),
    ...(notCaptured === 'from' ? { beforeUnknown: true as const } : {}),
    ...(to === undefined ? {} : { after: rewriteIds(to, context.identity) }),
  };
}
