import type { LinkType } from '../../catalog/object-type.ts';
import { currentIdOf } from '../../compare/rewrite-ids.ts';
import { BackupError, isBackupError } from '../../errors/backup-error.ts';
import { isJsonObject } from '../../json/json-value.ts';
import { emptyObject } from '../../json/plain-object.ts';
import { fillRequest, referenceUrl } from '../fill-request.ts';
import type { StepRequest } from '../plan-step.ts';
import { isFresh } from './live-object.ts';
import type {
  ApplyContext,
  Preparation,
  StepHandler,
  StepResult,
  StepTask,
} from './step-context.ts';

/**
 * Adds targets to a relationship; those that are there already are left out of the request, and so
 * are those that do not exist: they are named in the result, and the step is pending.
 */
export const addLinks: StepHandler = {
  prepare: async (context, task) => {
    const present = await currentTargets(context, task);
    if (present === undefined) return sourceAbsent(context, task);
    const wanted = targetIds(context, task);
    const absent = wanted.filter((id) => !present.has(id));
    const missing = await existing(context, task, absent);
    if (missing.length === 0) {
      if (absent.length > 0) return { kind: 'end', ...withoutTargets(absent) };
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
    const wanted = targetIds(context, task);
    const written = writtenTargets(task) ?? wanted;
    if (!written.every((id) => present?.has(id))) {
      return { kind: 'later', result: { cause: 'notVisible' } };
    }
    const left = wanted.filter((id) => !present?.has(id));
    return left.length === 0
      ? { kind: 'done', result: {} }
      : { kind: 'done', ...withoutTargets(left) };
  },
};

function withoutTargets(missing: readonly string[]) {
  const result: StepResult = { missing, cause: 'targetsThatDoNotExist' };
  return { outcome: 'pending', result } as const;
}

/** The targets of the last request, which its inverse names; undefined when none was sent. */
function writtenTargets({ row }: StepTask): readonly string[] | undefined {
  if (row.inverse === null) return undefined;
  return (JSON.parse(row.inverse) as { readonly targets?: readonly string[] }).targets;
}

/**
 * Those of the targets that can be linked. One that this restore did not create is left out at once;
 * the others are asked for when a request with them has failed for longer than replicas lag.
 */
async function existing(
  context: ApplyContext,
  task: StepTask,
  targets: readonly string[],
): Promise<readonly string[]> {
  const { step, row } = task;
  const uncreated = new Set(
    step.needs
      .filter((id) => !context.created.has(id))
      .map((id) => currentIdOf(context.identity, id)),
  );
  const possible = targets.filter((id) => !uncreated.has(id));
  const isRefused = row.state === 'started' && !isFresh(context, task);
  if (!isRefused || possible.length === 0) return possible;
  const found = await context.graph.getByIds(possible, ['directoryObject']);
  const there = new Set(found.map((object) => String(object['id']).toLowerCase()));
  return possible.filter((id) => there.has(id));
}

/** Sets a single reference; one that is neither what the plan saw nor what it wants is a conflict. */
export const setLink: StepHandler = {
  prepare: async (context, task) => {
    const present = await currentTargets(context, task);
    if (present === undefined) return sourceAbsent(context, task);
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
  confirm: async (context, task) => {
    const present = await currentTargets(context, task);
    const arrived = targetIds(context, task).every((id) => present?.has(id));
    return arrived
      ? { kind: 'done', result: {} }
      : { kind: 'later', result: { cause: 'notVisible' } };
  },
};

function sourceAbsent(context: ApplyContext, task: StepTask): Preparation {
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
