import type { ChildType } from '../catalog/object-type.ts';
import { BackupError } from '../errors/backup-error.ts';
import type { GraphPage, GraphRequest } from '../graph/graph-request.ts';
import type { JsonObject } from '../json/json-value.ts';
import type { ChildParent } from '../repository/child-reads.ts';
import { read, type Work, writeTask } from './backup-context.ts';
import { storeObjects } from './object-page.ts';
import { childRow } from './part-row.ts';
import { segment } from './streams.ts';
import { childSpace } from './type-parts.ts';

const BATCH = 60;

/** Reads the children of parents that were not read in this session, then goes on to the links. */
export async function childStep(work: Work): Promise<void> {
  const { context, type, task, fence } = work;
  const { childReads, sessionTasks, listedObjects } = context.tables;
  const wanted = type.children.filter((child) => !task.notCaptured.includes(child.name));
  await writeTask(work, async (tx) => {
    for (const child of wanted) await childReads.queueParents(tx, fence, child.name, type.name);
  });
  for (const child of wanted) {
    const parents = await read(context, (tx) =>
      childReads.parentsToRead(tx, fence, child.name, BATCH),
    );
    if (parents.length === 0) continue;
    await readChildren(work, child, parents);
    return;
  }
  await writeTask(work, async (tx) => {
    const left = await listedObjects.objectsToConfirm(tx, fence, task.collection, 1);
    const phase = left.length > 0 ? 'confirm' : 'links';
    await sessionTasks.changeTask(tx, fence, { phase });
  });
}

async function readChildren(
  work: Work,
  child: ChildType,
  parents: readonly ChildParent[],
): Promise<void> {
  const { context } = work;
  const startedAt = context.clock.now();
  const requests = parents.map((parent) => childRequest(work, child, parent));
  const answers = await context.graph.batchPages(requests, { deadline: work.deadline });
  await context.failpoint('page.afterGraph.beforeTx', work.task.collection);
  const found: { parent: ChildParent; items: JsonObject[] }[] = [];
  const vanished: ChildParent[] = [];
  let failure: BackupError | undefined;
  for (const [index, parent] of parents.entries()) {
    const answer = answers[index];
    const request = requests[index];
    if (answer === undefined || request === undefined) continue;
    if (!(answer instanceof BackupError)) {
      found.push({ parent, items: await allItems(work, request, answer) });
    } else if (answer.code === 'graphNotFound') vanished.push(parent);
    else failure ??= answer;
  }
  if (failure?.code === 'graphForbidden') {
    await leaveOut(work, child, parents);
    return;
  }
  await storeChildren(work, child, found, vanished, startedAt);
  if (failure !== undefined) throw failure;
}

function childRequest(work: Work, child: ChildType, parent: ChildParent): GraphRequest {
  const { type } = work;
  return {
    path: `${type.collection}/${segment(parent.objectId)}/${child.path}`,
    apiVersion: type.apiVersion,
    service: type.service,
  };
}

async function allItems(
  work: Work,
  request: GraphRequest,
  first: GraphPage,
): Promise<JsonObject[]> {
  const items = [...first.items];
  let page = first;
  for (;;) {
    if (page.quarantined.length > 0) {
      throw new BackupError('graphBadAnswer', 'a child object is unreadable');
    }
    const next = page.nextLink;
    if (next === undefined) return items;
    page = await work.context.graph.page(request, next, { deadline: work.deadline });
    if (page.nextLink === next) throw new BackupError('graphBadAnswer', 'a list leads in a circle');
    items.push(...page.items);
  }
}

/** The permission for this child type is missing: what is stored stays, and the point says so. */
async function leaveOut(
  work: Work,
  child: ChildType,
  parents: readonly ChildParent[],
): Promise<void> {
  const { sessionTasks, childReads } = work.context.tables;
  const notCaptured = [...work.task.notCaptured, child.name];
  await writeTask(work, async (tx) => {
    const keys = parents.map((parent) => parent.key);
    await childReads.parentsRead(tx, work.fence, child.name, keys);
    await sessionTasks.changeTask(tx, work.fence, { notCaptured });
  });
}

async function storeChildren(
  work: Work,
  child: ChildType,
  found: readonly { parent: ChildParent; items: readonly JsonObject[] }[],
  vanished: readonly ChildParent[],
  startedAt: Date,
): Promise<void> {
  const { childReads, pageLedger, sessionTasks } = work.context.tables;
  const { fence, task } = work;
  const parents = found.map(({ parent }) => parent.key);
  const all = [...parents, ...vanished.map((parent) => parent.key)];
  if (all.length === 0) return;
  await writeTask(work, async (tx) => {
    if (!(await childReads.parentsRead(tx, fence, child.name, all))) {
      throw new BackupError('fenced', 'another worker has read these children', {
        details: { scope: 'task' },
      });
    }
    // Our rows call these parents live: they are on a visit to the recycle bin, or too new to be found.
    if (vanished.length > 0) await sessionTasks.addUnsettled(tx, fence, vanished.length);
    const rows = found.flatMap(({ parent, items }) =>
      items.map((item) => childRow(child, parent.key, item)),
    );
    await storeObjects(work, tx, rows, child.references);
    await childReads.confirmMissingChildren(tx, fence, task.collection, childSpace(child), parents);
    await pageLedger.recordPage(tx, fence, {
      step: `children.${child.name}.${all[0] ?? 0}.${startedAt.toISOString()}`,
      items: rows.length,
      startedAt,
    });
  });
}
