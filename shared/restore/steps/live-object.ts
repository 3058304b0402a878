import type { ObjectType } from '../../catalog/object-type.ts';
import { textOf } from '../../compare/compare-properties.ts';
import { isBackupError } from '../../errors/backup-error.ts';
import { canonicalText } from '../../json/canonical-text.ts';
import type { JsonObject, JsonValue } from '../../json/json-value.ts';
import type { ApplyContext, StepTask } from './step-context.ts';

/** The live object with the given properties; undefined when it does not exist (yet). */
export async function readLive(
  context: ApplyContext,
  type: ObjectType,
  id: string,
  select: readonly string[],
): Promise<JsonObject | undefined> {
  try {
    return await context.graph.object({
      path: `${type.collection}/${id}`,
      apiVersion: type.apiVersion,
      service: type.service,
      query: { $select: [...new Set(['id', ...select])].join(',') },
    });
  } catch (error) {
    if (isBackupError(error, 'graphNotFound')) return undefined;
    throw error;
  }
}

/** True when both values are the same by the rules of the type, current ids counting as equal. */
export function sameValue(
  context: ApplyContext,
  { step }: StepTask,
  name: string,
  one: JsonValue | undefined,
  two: JsonValue | undefined,
): boolean {
  const part = step.facet === undefined ? step.type : `facet:${step.facet}`;
  const rules = {
    canonical: context.rulesOf(part),
    ignored: new Set<string>(),
    identity: context.identity,
  };
  return textOf(name, one, rules) === textOf(name, two, rules);
}

/** Keeps what the object is before the first write to it; a second call changes nothing. */
export async function keepPrestate(context: ApplyContext, task: StepTask): Promise<void> {
  const { restoreSteps } = context.repository;
  const { objectKey } = task.step;
  const known = await context.database.withTenant(context.tenantNo, (tx) =>
    restoreSteps.hasPrestate(tx, context.restoreId, objectKey),
  );
  if (known) return;
  const select = task.type.select;
  const body = await readLive(context, task.type, task.currentId, select);
  const text = body === undefined ? null : canonicalText(body, context.rulesOf(task.type.name));
  await context.database.withTenant(context.tenantNo, (tx) =>
    restoreSteps.savePrestate(tx, context.restoreId, objectKey, text),
  );
}

/**
 * True while an object may be unknown here and there although it exists: longer when the restore has
 * just created it. Counted from the first look at the step.
 */
export function isFresh(context: ApplyContext, { step, row }: StepTask): boolean {
  const { freshMs, lagMs } = context.limits;
  return isYoung(context, row.startedAt, step.needs.length > 0 ? freshMs : lagMs);
}

/** True before the first look at a step, and for `span` milliseconds after it. */
export function isYoung(context: ApplyContext, firstLook: Date | null, span: number): boolean {
  return firstLook === null || context.clock.now().getTime() - firstLook.getTime() < span;
}
