import type { ObjectType } from '../catalog/object-type.ts';
import { BackupError } from '../errors/backup-error.ts';
import type { JsonObject } from '../json/json-value.ts';
import type { Transaction } from '../repository/database.ts';
import type { Fence } from '../repository/fence.ts';
import type { UnknownEnd } from '../repository/link-settlement.ts';
import type { SessionTask } from '../repository/session-tasks.ts';
import { type BackupContext, read } from './backup-context.ts';
import { purgeTime } from './bin-page.ts';
import { foundOrMissing } from './confirm-step.ts';
import { idOf } from './object-ids.ts';
import { segment } from './streams.ts';
import { relationNames } from './type-parts.ts';

const LIMIT = 1_000;

interface Answers {
  /** Ends that are live, by the type Graph names. */
  readonly live: ReadonlyMap<number, string>;
  readonly inBin: readonly {
    readonly end: UnknownEnd;
    readonly type: string;
    readonly purgeAt: Date;
  }[];
  readonly gone: readonly number[];
}

/**
 * Asks about ends of open relations that no collection has delivered: in the recycle bin, gone, or
 * live and left (counterexample H6). True when all have been asked.
 */
export async function askUnknownEnds(
  context: BackupContext,
  fence: Fence,
  deadline: Date,
): Promise<boolean> {
  const { tables } = context;
  for (;;) {
    const { session, tasks } = await read(context, async (tx) => ({
      session: await tables.sessions.sessionById(tx, fence.sessionId),
      tasks: await tables.sessionTasks.tasksOf(tx, fence.sessionId),
    }));
    if (session?.phase === 'prepared') return true;
    const after = session?.unknownAfter ?? 0;
    const relationships = relationsOfRead(context, tasks);
    const ends = await read(context, (tx) =>
      tables.linkSettlement.unknownEnds(tx, after, relationships, LIMIT),
    );
    if (ends.length === 0) return true;
    const answers = await ask(context, ends, deadline);
    await context.database.withTenant(context.tenant.tenantNo, async (tx) => {
      await tables.fence.holdSession(tx, fence);
      const current = await tables.sessions.lockSession(tx, fence);
      if (current.unknownAfter !== after || current.phase === 'prepared') return;
      await store(context, tx, fence, tasks, answers);
      await tables.sessions.setUnknownAfter(tx, fence, ends.at(-1)?.key ?? after);
    });
    if (context.clock.now() >= deadline) return false;
  }
}

function relationsOfRead(context: BackupContext, tasks: readonly SessionTask[]): string[] {
  const read = tasks.filter((task) => task.phase === 'done').map((task) => task.collection);
  return relationNames(context.catalogue.filter((type) => read.includes(type.name)));
}

async function ask(
  context: BackupContext,
  ends: readonly UnknownEnd[],
  deadline: Date,
): Promise<Answers> {
  const ids = ends.map((end) => end.objectId);
  const found = await context.graph.getByIds(ids, ['directoryObject'], { deadline });
  const byId = new Map(found.map((object) => [idOf(object), typeName(object)]));
  const live = new Map<number, string>();
  const missing: UnknownEnd[] = [];
  for (const end of ends) {
    const type = byId.get(end.objectId);
    if (type === undefined) missing.push(end);
    else live.set(end.key, type);
  }
  const binned = await readEach(context, '/directory/deletedItems', missing, deadline);
  const now = context.clock.now();
  const inBin = [...binned].map(([end, answer]) => ({
    end,
    type: typeName(answer),
    purgeAt: purgeTime(answer['deletedDateTime'], now),
  }));
  const left = missing.filter((end) => !binned.has(end));
  // A list of ids that is too short looks the same: only who asks for each one knows.
  const direct = await readEach(context, '/directoryObjects', left, deadline);
  for (const [end, answer] of direct) live.set(end.key, typeName(answer));
  return { live, inBin, gone: left.filter((end) => !direct.has(end)).map((end) => end.key) };
}

/** Reads each end at `<path>/<id>`; those that are not there are left out. */
async function readEach(
  context: BackupContext,
  path: string,
  ends: readonly UnknownEnd[],
  deadline: Date,
): Promise<Map<UnknownEnd, JsonObject>> {
  const answers = await context.graph.batchObjects(
    ends.map((end) => ({
      path: `${path}/${segment(end.objectId)}`,
      apiVersion: 'v1.0',
      service: 'identity',
    })),
    { deadline },
  );
  const found = new Map<UnknownEnd, JsonObject>();
  for (const [index, end] of ends.entries()) {
    const answer = foundOrMissing(answers[index]);
    if (answer !== undefined) found.set(end, answer);
  }
  return found;
}

/** `#microsoft.graph.user` -> `user`. */
function typeName(object: JsonObject): string {
  const type = object['@odata.type'];
  if (typeof type !== 'string') {
    throw new BackupError('graphBadAnswer', 'a directory object does not say its type');
  }
  return type.replace(/^#?microsoft\.graph\./i, '');
}

async function store(
  context: BackupContext,
  tx: Transaction,
  fence: Fence,
  tasks: readonly SessionTask[],
  answers: Answers,
): Promise<void> {
  const { tables, catalogue } = context;
  const { pageObjects, objectVersions, links, linkSettlement } = tables;
  const done = tasks.filter((task) => task.phase === 'done').map((task) => task.collection);
  const relationships = relationsOfRead(context, tasks);
  for (const type of catalogue.filter((candidate) => done.includes(candidate.name))) {
    const gone = answers.inBin.filter((answer) => answer.type === type.name);
    if (gone.length === 0) continue;
    await pageObjects.openPage(tx);
    await pageObjects.copyGone(
      tx,
      gone.map(({ end, purgeAt }) => ({ objectId: end.objectId, purgeAt })),
    );
    await pageObjects.copySoftDeleted(tx, type.space, type.name);
    await objectVersions.applyVersions(tx, fence.point);
  }
  await pageObjects.openPage(tx);
  await links.endLinksOfGone(tx, fence.point, answers.gone, relationships);
  const foreign = foreignKeys(catalogue, answers.live);
  for (const relationship of relationships) {
    await linkSettlement.endAbsentOf(tx, fence, relationship, foreign);
  }
}

/** Live ends of types that no collection delivers: a read that misses them is all there will be. */
function foreignKeys(
  catalogue: readonly ObjectType[],
  live: ReadonlyMap<number, string>,
): number[] {
  const names = new Set(catalogue.map((type) => type.name));
  return [...live].filter(([, type]) => !names.has(type)).map(([key]) => key);
}
