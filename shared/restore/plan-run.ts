import type { ObjectType } from '../catalog/object-type.ts';
import type { CapturedProperties, ObjectState } from '../compare/compare-object.ts';
import type { IdentityMap } from '../compare/rewrite-ids.ts';
import {
  capturedBy,
  groupByParent,
  objectStateOf,
  partSpaces,
  rulesOfTypes,
  type StoredState,
} from '../compare/stored-states.ts';
import type { JsonValue } from '../json/json-value.ts';
import { writeJson } from '../json/write-json.ts';
import type { Transaction } from '../repository/database.ts';
import type { DifferenceRow } from '../repository/differences.ts';
import type { ObjectStateRow } from '../repository/object-states.ts';
import type { RestorePlan } from '../repository/restore-plans.ts';
import type { PlanContext } from './object-plan.ts';
import { objectPhases } from './phases.ts';
import type { PlanRepository } from './plan-repository.ts';
import type { PlanNote, PlanStep } from './plan-step.ts';

/** What every slice of planning needs, read once. */
export interface PlanRun {
  readonly tx: Transaction;
  readonly repository: PlanRepository;
  readonly types: readonly ObjectType[];
  readonly plan: RestorePlan;
  readonly livePoint: number;
  readonly context: PlanContext;
  readonly identity: IdentityMap;
  readonly captured: { readonly wanted: CapturedProperties; readonly live: CapturedProperties };
}

export interface PlanRunOptions {
  readonly types: readonly ObjectType[];
  readonly livePoint: number;
  /** Lower-case object ids of who asked for the plan and of the product itself. */
  readonly protectedIds: ReadonlySet<string>;
  readonly properties?: ReadonlySet<string>;
}

export async function openPlanRun(
  tx: Transaction,
  repository: PlanRepository,
  plan: RestorePlan,
  options: PlanRunOptions,
): Promise<PlanRun> {
  const { types, livePoint } = options;
  const identity = await repository.identityMap.readIdentityMap(tx);
  const wanted = await repository.objectStates.capturedAt(tx, plan.point);
  const live = await repository.objectStates.capturedAt(tx, livePoint);
  return {
    tx,
    repository,
    types,
    plan,
    livePoint,
    identity,
    captured: { wanted: capturedBy(wanted, types), live: capturedBy(live, types) },
    context: {
      rulesOf: rulesOfTypes(types),
      identity,
      phases: objectPhases(types),
      protectedIds: options.protectedIds,
      ...(options.properties === undefined ? {} : { properties: options.properties }),
    },
  };
}

/** Objects with their parts at a point, by key; parts of an object in the bin count as well. */
export async function loadStates(
  run: PlanRun,
  keys: readonly number[],
  point: number,
): Promise<Map<number, { readonly state: ObjectState; readonly row: ObjectStateRow }>> {
  const { tx, repository, types } = run;
  const rows = await repository.objectStates.objectStatesAt(tx, keys, point);
  const parts = await repository.objectStates.partStatesAt(tx, keys, partSpaces(types), point);
  const byParent = groupByParent(parts);
  const states = new Map<number, { state: ObjectState; row: ObjectStateRow }>();
  for (const [key, row] of rows) {
    const own: readonly StoredState[] = byParent.get(key) ?? [];
    const shown = own.filter((part) => row.state === 'softDeleted' || isLive(part));
    states.set(key, { row, state: objectStateOf(row, shown) });
  }
  return states;
}

function isLive(part: StoredState): boolean {
  return !('state' in part) || part.state === 'live';
}

export function typeOf(run: PlanRun, difference: DifferenceRow): ObjectType | undefined {
  return run.types.find((type) => type.name === difference.type);
}

/** Stores what a slice has planned. */
export async function savePlanned(
  run: PlanRun,
  steps: readonly PlanStep[],
  notes: readonly PlanNote[],
): Promise<void> {
  const { planSteps } = run.repository;
  await planSteps.addSteps(
    run.tx,
    run.plan.id,
    steps.map((step) => ({
      id: step.id,
      phase: step.phase,
      kind: step.kind,
      unit: step.unit,
      type: step.type,
      objectKey: step.objectKey,
      document: writeJson(step as unknown as JsonValue),
    })),
  );
  await planSteps.addNotes(
    run.tx,
    run.plan.id,
    notes.map((note) => ({
      id: note.id,
      kind: note.kind,
      objectKey: note.objectKey,
      document: writeJson(note as unknown as JsonValue),
    })),
  );
}
