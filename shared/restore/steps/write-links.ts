import type { LinkType } from '../../catalog/object-type.ts';
import { currentIdOf } from '../../compare/rewrite-ids.ts';
import { BackupError, isBackupError } from '../../errors/backup-error.ts';
import { isJsonObject } from '../../json/json-value.ts';
import { emptyObject } from '../../json/plain-object.ts';
import { fillRequest, referenceUrl } from '../fill-request.ts';
import type { StepRequest } from '../plan-step.ts';
import { isFresh } from './live-object.ts';
import type { ApplyContext, Preparation, StepHandler, StepTask } from './step-context.ts';

/** Adds targets to a relationship; those that are there already are left out of the request. */
export const addLinks: StepHandler = {
  prepare: async (context, task) => {
    const present = await currentTargets(context, task);
    if (present === undefined) return absent(context, task);
    const wanted = targetIds(context, task);
    const missing = wanted.filter((id) => !present.has(id));
    if (missing.length === 0) {
      if (task.row.state === 'started') return { kind: 'written' };
      return { kind: 'end', outcome: 'skipped', result: { cause: 'alreadyLinked' } };
    }
    const inverse = { method: 'DELETE', relationship: task.step.relationship, targets: missing };
    const whole = missing.length === wanted.length;
    const request = whole ? task.step.request : narrowed(task, missing);
    return { kind: 'write', request: fillRequest({ ...task.step, request }, context), inverse };
  },
  confirm: async (context, task) => {
    const present = await currentTargets(context, task);
    const arrived = targetIds(context, task).every((id) => present?.has(id));
    return arrived
      ? { kind: 'done', result: {} }
      : { kind: 'later', result: { cause: 'notVisible' } };
  },
};

/** Sets a single reference; one that is neither what the plan saw nor what it wants is a conflict. */
export const setLink: StepHandler = {
  prepare: async (context, task) => {
    const present = await currentTargets(context, task);
    if (present === undefined) return absent(context, task);
    const [wanted] = targetIds(context, task);
    const [now] = present;
    if (now === wanted) {
      if (task.row.state === 'started') return { kind: 'written' };
      return { kind: 'end', outcome: 'skipped', result: { cause: 'alreadyLinked' } };
    }
    if (now !== undefined && !(task.step.replaces ?? []).includes(now)) {
      return { kind: 'end', outcome: 'conflict', result: { cause: 'changedMeanwhile' } };
    }
    const inverse = {
      relationship: task.step.relationship,
      targets: now === undefined ? [] : [now],
    };
    return { kind: 'write', request: fillRequest(task.step, context), inverse };
  },
  confirm: addLinks.confirm,
};

function absent(context: ApplyContext, task: StepTask): Preparation {
  if (isFresh(context, task)) return { kind: 'later' };
  return { kind: 'end', outcome: 'conflict', result: { cause: 'gone' } };
}

function targetIds(context: ApplyContext, { step }: StepTask): string[] {
  return (step.targets ?? []).map((id) => currentIdOf(context.identity, id));
}

/** The same request for fewer targets. */
function narrowed({ step }: StepTask, targets: readonly string[]): StepRequest {
  const { request } = step;
  const body = emptyObject();
  const names = isJsonObject(request.body) ? Object.keys(request.body) : [];
  const bind = names.find((name) => name.endsWith('@odata.bind'));
  if (bind === undefined) return request;
  body[bind] = targets.map(referenceUrl);
  return { ...request, body };
}

function linkOf({ type, step }: StepTask): LinkType {
  const link = type.links.find((each) => each.name === step.relationship);
  if (link !== undefined) return link;
  throw new BackupError('invalidState', `type ${type.name} has no ${step.relationship}`);
}

/**
 * Ids the source is linked to; undefined when the source does not exist (yet). Read once for all
 * steps of a unit until one of them writes.
 */
async function currentTargets(
  context: ApplyContext,
  task: StepTask,
): Promise<ReadonlySet<string> | undefined> {
  if (task.unit.targets !== undefined) return task.unit.targets;
  const link = linkOf(task);
  const targets = await (link.cardinality === 'one'
    ? readOne(context, task, link)
    : readMany(context, task, link));
  if (targets !== undefined) task.unit.targets = targets;
  return targets;
}

const requestFor = ({ type, currentId }: StepTask, link: LinkType) =>
  ({
    path: `${type.collection}/${currentId}/${link.path}`,
    apiVersion: type.apiVersion,
    service: type.service,
  }) as const;

async function readOne(
  context: ApplyContext,
  task: StepTask,
  link: LinkType,
): Promise<ReadonlySet<string> | undefined> {
  try {
    const query = { $select: 'id' };
    const target = await context.graph.object({ ...requestFor(task, link), query });
    return new Set([String(target['id']).toLowerCase()]);
  } catch (error) {
    // 404 says either that there is none or that the source is unknown; a write tells them apart
    if (isBackupError(error, 'graphNotFound')) return new Set();
    throw error;
  }
}

async function readMany(
  context: ApplyContext,
  task: StepTask,
  link: LinkType,
): Promise<ReadonlySet<string> | undefined> {
  const found = new Set<string>();
  const query = { $select: 'id', $top: '999' };
  try {
    for await (const page of context.graph.pages({ ...requestFor(task, link), query })) {
      for (const item of page.items) found.add(String(item['id']).toLowerCase());
    }
    return found;
  } catch (error) {
    if (isBackupError(error, 'graphNotFound')) return undefined;
    throw error;
  }
}
