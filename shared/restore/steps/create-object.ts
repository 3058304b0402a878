import { isEmptyValue } from '../../compare/compare-properties.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../json/json-value.ts';
import { fillRequest } from '../fill-request.ts';
import { makePassword } from '../password.ts';
import { readLive, sameValue } from './live-object.ts';
import {
  type ApplyContext,
  literal,
  type Preparation,
  type StepHandler,
  type StepTask,
} from './step-context.ts';

const candidatesAsked = 20;

/**
 * Creates an object again. Graph has no idempotency key: after a lost answer the object is looked for
 * by its natural key among objects that no backup knows, for a while, before it is sent again.
 */
export const createObject: StepHandler = {
  prepare: async (context, task) => {
    if (task.row.state === 'started') {
      const found = await searchCreated(context, task);
      if (found !== undefined) return found;
      if (!refusesTwins(task) && isWithin(context, task.row.startedAt, context.limits.searchMs)) {
        return { kind: 'later' };
      }
    }
    const { step } = task;
    const secret =
      step.secret === undefined
        ? {}
        : {
            secret: await context.secrets.ensure(
              `${context.restoreId}:${step.secret}`,
              makePassword,
            ),
          };
    const request = fillRequest(step, { ...context, ...secret });
    return { kind: 'write', request, inverse: { method: 'DELETE', path: task.type.collection } };
  },
  confirm: async (context, task, id) => {
    const names = task.step.properties.map(({ name }) => name);
    const live = id === undefined ? undefined : await readLive(context, task.type, id, names);
    if (id === undefined || live === undefined) {
      return {
        kind: 'later',
        result: { ...(id === undefined ? {} : { id }), cause: 'notVisible' },
      };
    }
    const properties = task.step.properties.map(({ name, after }) => ({
      name,
      outcome: sameValue(context, task, name, live[name], after)
        ? ('done' as const)
        : ('conflict' as const),
    }));
    const all = properties.every(({ outcome }) => outcome === 'done');
    return all
      ? { kind: 'done', result: { id, properties } }
      : { kind: 'later', result: { id, properties, cause: 'readBackDiffers' } };
  },
};

/** The object a lost POST has made: one is adopted, several are a conflict. */
export async function searchCreated(
  context: ApplyContext,
  task: StepTask,
): Promise<Preparation | undefined> {
  const { secret: _, ...open } = task.step;
  const request = fillRequest(open, context);
  const body = isJsonObject(request.body) ? request.body : undefined;
  const key = task.type.restore.naturalKey.find((name) => !isEmptyValue(body?.[name]));
  if (body === undefined || key === undefined) return undefined;
  const candidates = await candidatesBy(context, task, key, body[key] ?? null);
  const unknown = await unknownOf(context, candidates);
  const equal = unknown.filter((candidate) => looksCreated(context, task, candidate));
  const [one, ...more] = equal.map((candidate) => candidate['id']);
  if (typeof one !== 'string') return undefined;
  if (more.length === 0) return { kind: 'written', id: one };
  return { kind: 'end', outcome: 'conflict', result: { cause: 'severalCandidates' } };
}

async function candidatesBy(
  context: ApplyContext,
  { type, step }: StepTask,
  key: string,
  value: JsonValue,
): Promise<readonly JsonObject[]> {
  const names = new Set(['id', ...step.properties.map(({ name }) => name)]);
  const page = await context.graph.page({
    path: type.collection,
    apiVersion: type.apiVersion,
    service: type.service,
    query: {
      $filter: `${key} eq ${literal(value)}`,
      $select: [...names].join(','),
      $top: String(candidatesAsked),
    },
  });
  return page.items;
}

/** Objects that the plan did not know and no step of ours has adopted. */
async function unknownOf(
  context: ApplyContext,
  candidates: readonly JsonObject[],
): Promise<JsonObject[]> {
  const ids = candidates.map((candidate) => String(candidate['id']).toLowerCase());
  const known = await context.database.withTenant(context.tenantNo, (tx) =>
    context.repository.restoreSteps.objectsKnownToPlan(tx, context.restoreId, ids),
  );
  const seen = new Set(known);
  return candidates.filter((candidate) => !seen.has(String(candidate['id']).toLowerCase()));
}

function looksCreated(context: ApplyContext, task: StepTask, candidate: JsonObject): boolean {
  return task.step.properties.every(({ name, after }) =>
    sameValue(context, task, name, candidate[name], after),
  );
}

/** Graph itself would refuse a second object: it may be sent again at once. */
function refusesTwins({ type, step }: StepTask): boolean {
  const { enforcedKey } = type.restore;
  return step.properties.some(({ name, after }) => name === enforcedKey && !isEmptyValue(after));
}

function isWithin(context: ApplyContext, since: Date | null, span: number): boolean {
  return since !== null && context.clock.now().getTime() - since.getTime() < span;
}
