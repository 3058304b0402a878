import { rewriteIds } from '../../compare/rewrite-ids.ts';
import { BackupError, isBackupError } from '../../errors/backup-error.ts';
import { canonicalText } from '../../json/canonical-text.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../json/json-value.ts';
import { emptyObject } from '../../json/plain-object.ts';
import { fillRequest } from '../fill-request.ts';
import { isFresh } from './live-object.ts';
import type { ApplyContext, StepHandler, StepTask } from './step-context.ts';

/** Creates a child under its parent; one with the same content counts as it. */
export const createChild: StepHandler = {
  prepare: async (context, task) => {
    const children = await readChildren(context, task);
    if (children === undefined) {
      if (isFresh(context, task)) return { kind: 'later' };
      return { kind: 'end', outcome: 'conflict', result: { cause: 'gone' } };
    }
    const id = idOfEqual(context, task, children);
    if (id !== undefined && task.row.state === 'started') return { kind: 'written', id };
    if (id !== undefined) {
      return { kind: 'end', outcome: 'skipped', result: { id, cause: 'alreadyThere' } };
    }
    const request = fillRequest(task.step, context);
    return { kind: 'write', request, inverse: { method: 'DELETE', path: request.path } };
  },
  confirm: async (context, task) => {
    const children = await readChildren(context, task);
    const id = children === undefined ? undefined : idOfEqual(context, task, children);
    return id === undefined
      ? { kind: 'later', result: { cause: 'notVisible' } }
      : { kind: 'done', result: { id } };
  },
};

function childOf({ type, step }: StepTask) {
  const child = type.children.find((each) => each.name === step.child?.type);
  if (child !== undefined) return child;
  throw new BackupError('invalidState', `type ${type.name} has no child ${step.child?.type}`);
}

function idOfEqual(
  context: ApplyContext,
  task: StepTask,
  children: readonly JsonObject[],
): string | undefined {
  const { name, create } = childOf(task);
  const text = (value: JsonValue | undefined): string => {
    const chosen = emptyObject();
    const source = rewriteIds(value ?? null, context.identity);
    if (isJsonObject(source)) {
      for (const member of create)
        if (source[member] !== undefined) chosen[member] = source[member];
    }
    return canonicalText(chosen, context.rulesOf(name));
  };
  const wanted = text(task.step.request.body);
  const equal = children.find((child) => text(child) === wanted);
  return typeof equal?.['id'] === 'string' ? equal['id'] : undefined;
}

async function readChildren(
  context: ApplyContext,
  task: StepTask,
): Promise<readonly JsonObject[] | undefined> {
  const { type, currentId } = task;
  const child = childOf(task);
  const found: JsonObject[] = [];
  try {
    const request = {
      path: `${type.collection}/${currentId}/${child.path}`,
      apiVersion: type.apiVersion,
      service: type.service,
    };
    for await (const page of context.graph.pages(request)) found.push(...page.items);
    return found;
  } catch (error) {
    if (isBackupError(error, 'graphNotFound')) return undefined;
    throw error;
  }
}
