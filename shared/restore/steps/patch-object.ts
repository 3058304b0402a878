import type { JsonObject } from '../../json/json-value.ts';
import { emptyObject } from '../../json/plain-object.ts';
import { fillRequest } from '../fill-request.ts';
import type { StepProperty } from '../plan-step.ts';
import { isFresh, readLive, sameValue } from './live-object.ts';
import type {
  ApplyContext,
  Preparation,
  PropertyOutcome,
  StepHandler,
  StepTask,
} from './step-context.ts';

/**
 * Writes properties of a live object. A value that is neither what the plan saw nor what it wants was
 * changed by somebody else meanwhile: the step is a conflict and writes nothing.
 */
export const patchObject: StepHandler = {
  prepare: async (context, task) => {
    const live = await readProperties(context, task);
    if (live === undefined) {
      if (isFresh(context, task)) return { kind: 'later' };
      return { kind: 'end', outcome: 'conflict', result: { cause: 'gone' } };
    }
    const outcomes = task.step.properties.map((property) => judge(context, task, property, live));
    return preparation(context, task, live, outcomes);
  },
  confirm: async (context, task) => {
    const live = await readProperties(context, task);
    const properties = task.step.properties.map(({ name, after }): PropertyOutcome => {
      const arrived = live !== undefined && sameValue(context, task, name, live[name], after);
      return { name, outcome: arrived ? 'done' : 'conflict' };
    });
    if (properties.every(({ outcome }) => outcome === 'done')) {
      return { kind: 'done', result: { properties } };
    }
    return { kind: 'later', result: { properties, cause: 'readBackDiffers' } };
  },
};

async function readProperties(
  context: ApplyContext,
  { type, currentId, step }: StepTask,
): Promise<JsonObject | undefined> {
  const names = step.properties.map(({ name }) => name);
  return await readLive(context, type, currentId, names);
}

/** conflict: neither before nor after; skipped: already as wanted; done: to be written. */
function judge(
  context: ApplyContext,
  task: StepTask,
  property: StepProperty,
  live: JsonObject,
): PropertyOutcome {
  const { name, before, after, beforeUnknown } = property;
  const now = live[name];
  if (sameValue(context, task, name, now, after)) return { name, outcome: 'skipped' };
  // what Graph copies from one property into another while an object is made is not drift
  const expected = beforeUnknown || sameValue(context, task, name, now, before);
  return { name, outcome: expected ? 'done' : 'conflict' };
}

function preparation(
  context: ApplyContext,
  task: StepTask,
  live: JsonObject,
  outcomes: readonly PropertyOutcome[],
): Preparation {
  const { step, type, currentId, row } = task;
  if (outcomes.some(({ outcome }) => outcome === 'conflict')) {
    return {
      kind: 'end',
      outcome: 'conflict',
      result: { properties: outcomes, cause: 'changedMeanwhile' },
    };
  }
  if (outcomes.every(({ outcome }) => outcome === 'skipped')) {
    if (row.state === 'started') return { kind: 'written' };
    return {
      kind: 'end',
      outcome: 'skipped',
      result: { properties: outcomes, cause: 'alreadyAsWanted' },
    };
  }
  if (context.protectedIds.has(currentId) && step.properties.some((each) => takes(each, live))) {
    return { kind: 'end', outcome: 'skipped', result: { cause: 'protectedObject' } };
  }
  const body = emptyObject();
  for (const { name } of step.properties) body[name] = live[name] ?? null;
  const inverse = { method: 'PATCH', path: `${type.collection}/${currentId}`, body };
  return { kind: 'write', request: fillRequest(step, context), inverse };
}

function takes({ name }: StepProperty, live: JsonObject): boolean {
  const value = live[name];
  return value !== undefined && value !== null;
}
