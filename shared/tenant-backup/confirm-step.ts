import { BackupError } from '../errors/backup-error.ts';
import type { GraphRequest } from '../graph/graph-request.ts';
import { isJsonObject, type JsonObject } from '../json/json-value.ts';
import type { ConfirmObject } from '../repository/listed-objects.ts';
import { read, type Work, writeTask } from './backup-context.ts';
import { binItem } from './bin-page.ts';
import { type Confirmed, storeConfirmed } from './confirmed-objects.ts';
import { idOf } from './object-ids.ts';
import type { Removed } from './object-page.ts';
import { objectRequest, segment } from './streams.ts';
import { childSpace, facetSpace } from './type-parts.ts';

const LIMIT = 1_000;
/** From this many on it saves requests to ask first which of them exist at all. */
const ASK_IDS_FROM = 20;

/** Reads candidates and conflicting objects directly and stores what is found: the read wins. */
export async function confirmStep(work: Work): Promise<void> {
  const { context, type, task, fence } = work;
  const all = await read(context, (tx) =>
    context.tables.listedObjects.objectsToConfirm(tx, fence, task.collection, LIMIT),
  );
  const kind = all[0]?.type;
  if (kind === undefined) {
    await writeTask(work, (tx) =>
      context.tables.sessionTasks.changeTask(tx, fence, { phase: 'children' }),
    );
    return;
  }
  const asked = all.filter((object) => object.type === kind);
  const isPart = asked[0]?.parentKey !== 0;
  const confirmed = isPart ? await readParts(work, asked) : await readObjects(work, asked);
  await context.failpoint('confirm.afterAnswer', task.collection);
  await storeConfirmed(work, type, confirmed);
}

/** Objects of the collection itself: live, in the recycle bin, or gone. */
async function readObjects(work: Work, asked: readonly ConfirmObject[]): Promise<Confirmed> {
  const { type, context } = work;
  const startedAt = context.clock.now();
  const isMany = type.space === 'directory' && asked.length >= ASK_IDS_FROM;
  const existing = isMany ? await existingAmong(work, asked) : undefined;
  const [likely, unlikely] = [[], []] as [ConfirmObject[], ConfirmObject[]];
  for (const object of asked) {
    (existing?.has(object.objectId) === false ? unlikely : likely).push(object);
  }
  const first = await readDirectly(work, likely);
  const { softDeleted, gone } = await askBin(work, [...unlikely, ...first.missing], startedAt);
  // A list of ids that is too short looks the same: only who asks for each one knows.
  const unread = gone.filter((object) => !first.missing.includes(object));
  const second = await readDirectly(work, unread);
  const denied = gone.filter(
    (object) => !unread.includes(object) || second.missing.includes(object),
  );
  if (type.space === 'directory') await refuseExisting(work, denied);
  const live = [...first.live, ...second.live];
  return { asked, live, softDeleted, gone: denied, parts: [], startedAt };
}

/** What its own path and the recycle bin deny is gone only when a request for its id agrees. */
async function refuseExisting(work: Work, denied: readonly ConfirmObject[]): Promise<void> {
  if (denied.length === 0) return;
  const existing = await existingAmong(work, denied);
  if (existing.size === 0) return;
  throw new BackupError('graphBadAnswer', 'an object exists that its own path does not find');
}

async function readDirectly(
  work: Work,
  objects: readonly ConfirmObject[],
): Promise<{ live: JsonObject[]; missing: ConfirmObject[] }> {
  const answers = await work.context.graph.batchObjects(
    objects.map((object) => objectRequest(work.type, work.task, object.objectId)),
    { deadline: work.deadline },
  );
  const live: JsonObject[] = [];
  const missing: ConfirmObject[] = [];
  for (const [index, object] of objects.entries()) {
    const answer = foundOrMissing(answers[index]);
    if (answer === undefined) missing.push(object);
    else live.push(answer);
  }
  return { live, missing };
}

async function existingAmong(
  work: Work,
  asked: readonly ConfirmObject[],
): Promise<ReadonlySet<string>> {
  const found = await work.context.graph.getByIds(
    asked.map((object) => object.objectId),
    [work.type.name],
    { deadline: work.deadline },
  );
  return new Set(found.map(idOf));
}

/** 404 is an answer; anything else that is no object is raised. */
export function foundOrMissing(
  answer: JsonObject | BackupError | undefined,
): JsonObject | undefined {
  if (answer instanceof BackupError) {
    if (answer.code === 'graphNotFound') return undefined;
    throw answer;
  }
  if (answer === undefined || !isJsonObject(answer)) {
    throw new BackupError('graphBadAnswer', 'a batch has no answer for an object');
  }
  return answer;
}

async function askBin(
  work: Work,
  missing: readonly ConfirmObject[],
  now: Date,
): Promise<{ softDeleted: Removed[]; gone: ConfirmObject[] }> {
  if (work.type.recycleBin === undefined) return { softDeleted: [], gone: [...missing] };
  const answers = await work.context.graph.batchObjects(
    missing.map((object) => binRequest(work, object.objectId)),
    { deadline: work.deadline },
  );
  const softDeleted: Removed[] = [];
  const gone: ConfirmObject[] = [];
  for (const [index, object] of missing.entries()) {
    const answer = foundOrMissing(answers[index]);
    if (answer === undefined) gone.push(object);
    else softDeleted.push(binItem(answer, now));
  }
  return { softDeleted, gone };
}

export function binRequest(work: Pick<Work, 'type'>, id: string): GraphRequest {
  return {
    path: `/directory/deletedItems/${segment(id)}`,
    apiVersion: work.type.apiVersion,
    service: work.type.service,
    query: { $select: 'id,deletedDateTime' },
  };
}

/** Children and facets: an answer of the parent that does not show them is positive evidence. */
async function readParts(work: Work, asked: readonly ConfirmObject[]): Promise<Confirmed> {
  const startedAt = work.context.clock.now();
  const requests = asked.map((object) => partRequest(work, object));
  const answers = await work.context.graph.batchObjects(requests, { deadline: work.deadline });
  const parts = asked.map((object, index) => ({ object, item: foundOrMissing(answers[index]) }));
  return { asked, live: [], softDeleted: [], gone: [], parts, startedAt };
}

function partRequest(work: Work, object: ConfirmObject): GraphRequest {
  const { type } = work;
  const base = { apiVersion: type.apiVersion, service: type.service };
  const parent = `${type.collection}/${segment(object.parentId ?? '')}`;
  const facet = type.facets.find((candidate) => facetSpace(candidate) === object.type);
  if (facet !== undefined) {
    return { ...base, path: parent, query: { $select: facet.select.join(',') } };
  }
  const child = type.children.find((candidate) => childSpace(candidate) === object.type);
  if (child === undefined) throw new BackupError('invalidState', 'a part has no catalogue entry');
  return { ...base, path: `${parent}/${child.path}/${segment(object.objectId)}` };
}
