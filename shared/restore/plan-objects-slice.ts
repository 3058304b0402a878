import type { ObjectType } from '../catalog/object-type.ts';
import type { ObjectState } from '../compare/compare-object.ts';
import type { DifferenceRow } from '../repository/differences.ts';
import type { ObjectStateRow } from '../repository/object-states.ts';
import type { PlanObjectRow } from '../repository/plan-steps.ts';
import type { ObjectPlanInput } from './object-plan.ts';
import { planObject } from './plan-object.ts';
import { permissionsOf } from './plan-permissions.ts';
import { loadStates, type PlanRun, savePlanned, typeOf } from './plan-run.ts';
import { noteOf, type PlanNote, type PlanStep } from './plan-step.ts';

const differencesPerSlice = 200;

type Loaded = { readonly state: ObjectState; readonly row: ObjectStateRow };

/**
 * Plans the objects of the next differences (from the live point to the restore point), without
 * their links. Answers the number of the last difference planned; undefined when none was left.
 */
export async function planObjectsSlice(run: PlanRun): Promise<number | undefined> {
  const { tx, repository, plan } = run;
  const differences = await repository.differences.listDifferences(
    tx,
    plan.comparisonId,
    plan.objectsTo,
    differencesPerSlice,
  );
  const selected = differences.filter((difference) => difference.selected);
  const wantedKeys = selected.flatMap(({ toKey }) => (toKey === null ? [] : [toKey]));
  const wanted = await loadStates(run, wantedKeys, plan.point);
  const successors = await repository.identityMap.successorsOf(tx, wantedKeys);
  const liveKeys = selected.flatMap(({ fromKey, toKey }) =>
    fromKey === null && toKey !== null ? [toKey, ...(successors.get(toKey) ?? [])] : [fromKey ?? 0],
  );
  const live = await loadStates(run, liveKeys, run.livePoint);
  const steps: PlanStep[] = [];
  const notes: PlanNote[] = [];
  const objects: PlanObjectRow[] = [];
  for (const difference of selected) {
    const type = typeOf(run, difference);
    if (type === undefined) continue;
    const state = difference.toKey === null ? undefined : wanted.get(difference.toKey);
    if (state === undefined) {
      notes.push(...surplus(difference, type, live));
      continue;
    }
    const found = whereItIs(difference, live, successors);
    const planned = planObject(inputOf(run, type, state, found), run.context);
    steps.push(
      ...planned.steps.map((step) => ({
        ...step,
        permissions: permissionsOf(step, type, state.state.body),
      })),
    );
    notes.push(...planned.notes);
    objects.push({
      objectKey: state.row.key,
      rung: planned.rung,
      currentKey: found?.row.key ?? null,
    });
  }
  await savePlanned(run, steps, notes);
  await repository.planSteps.addPlanObjects(tx, plan.id, objects);
  return differences.at(-1)?.no;
}

/** The live object, else the one in the recycle bin: itself or what it was mapped to. */
function whereItIs(
  { fromKey, toKey }: DifferenceRow,
  live: ReadonlyMap<number, Loaded>,
  successors: ReadonlyMap<number, readonly number[]>,
): Loaded | undefined {
  if (fromKey !== null) return live.get(fromKey);
  if (toKey === null) return undefined;
  const chain = [toKey, ...(successors.get(toKey) ?? [])];
  const found = chain.map((key) => live.get(key)).filter((state) => state !== undefined);
  // the newest incarnation is the one to take back
  return found.at(-1);
}

function inputOf(
  run: PlanRun,
  type: ObjectType,
  wanted: Loaded,
  found: Loaded | undefined,
): ObjectPlanInput {
  const base = { type, key: wanted.row.key, wanted: wanted.state, captured: run.captured };
  if (found === undefined) return { ...base, live: { rung: 'gone' } };
  const { row, state } = found;
  const rung = row.state === 'live' ? 'live' : 'recycleBin';
  const known = row.body === null ? {} : { state };
  return { ...base, live: { rung, id: row.objectId, ...known } };
}

function surplus(
  difference: DifferenceRow,
  type: ObjectType,
  live: ReadonlyMap<number, Loaded>,
): PlanNote[] {
  const state = difference.fromKey === null ? undefined : live.get(difference.fromKey);
  if (state === undefined) return [];
  const note = noteOf({
    kind: 'surplusObject',
    type: type.name,
    objectKey: state.row.key,
    objectId: state.row.objectId,
    detail: 'Only the live state has it: kept.',
  });
  return [note];
}
