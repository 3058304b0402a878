import type { ObjectType } from '../catalog/object-type.ts';
import type { Transaction } from '../repository/database.ts';
import type { Fence } from '../repository/fence.ts';
import type { RelationshipTicks } from '../repository/link-settlement.ts';
import type { SessionTask } from '../repository/session-tasks.ts';
import type { BackupContext } from './backup-context.ts';
import { type Relation, relationsOf, targetTypes } from './type-parts.ts';

/** Closing rounds that link reads may ask for. */
const MAX_LINK_ROUNDS = 3;

/** Where the collections and the link reads of a session stand. */
export interface LinkState {
  readonly catalogue: readonly ObjectType[];
  readonly tasks: readonly SessionTask[];
  readonly ticks: readonly RelationshipTicks[];
}

const finished = ['settle', 'done'];

/** The collection was read and can vouch by delta rounds. */
export function vouches(state: LinkState, type: ObjectType): SessionTask | undefined {
  const task = state.tasks.find((candidate) => candidate.collection === type.name);
  const able = task?.tracked && task.mode !== 'none' && finished.includes(task.phase);
  return able ? task : undefined;
}

export function tickOf(state: LinkState, relation: Relation): RelationshipTicks {
  const { name } = relation.link;
  const found = state.ticks.find((row) => row.relationship === name);
  return found ?? { relationship: name, sources: 0, targets: 0 };
}

/** Collections at an end of a relation that had no round since its links were last read. */
export function endsWithoutRound(state: LinkState, relation: Relation): SessionTask[] {
  const tick = tickOf(state, relation);
  const last = Math.max(tick.sources, tick.targets);
  if (last === 0) return [];
  return [relation.owner, ...targetTypes(state.catalogue, relation.link)].flatMap((type) => {
    const task = vouches(state, type);
    return task !== undefined && task.lastRoundStart <= last ? [task] : [];
  });
}

/**
 * When every due link was read: asks for closing rounds of the collections at both ends, else decides
 * about links that reads did not show (DESIGN 6.3 and 6.6).
 */
export async function settleLinks(context: BackupContext, fence: Fence): Promise<void> {
  const { tables, tenant } = context;
  await context.database.withTenant(tenant.tenantNo, async (tx) => {
    await tables.fence.holdSessionAlone(tx, fence);
    await tables.pageObjects.openPage(tx);
    const session = await tables.sessions.lockSession(tx, fence);
    const tasks = await tables.sessionTasks.tasksOf(tx, fence.sessionId);
    const ticks = await tables.linkSettlement.readTicks(tx, fence.sessionId);
    const state: LinkState = { catalogue: context.catalogue, tasks, ticks };
    const repeated = await settleOrRepeat(context, tx, fence, state, session.linkRounds);
    if (repeated) await tables.sessions.setLinkRounds(tx, fence, session.linkRounds + 1);
  });
}

/** Answers whether rounds or reads have to be made once more. */
async function settleOrRepeat(
  context: BackupContext,
  tx: Transaction,
  fence: Fence,
  state: LinkState,
  linkRounds: number,
): Promise<boolean> {
  const { catalogue, tables } = context;
  const settling = state.tasks
    .filter((task) => task.phase === 'settle')
    .map((task) => task.collection);
  const mayRepeat = linkRounds < MAX_LINK_ROUNDS;
  const relations = catalogue
    .filter((type) => settling.includes(type.name))
    .flatMap((type) => relationsOf(type));
  if (mayRepeat && (await askForRounds(context, tx, fence, state, relations))) return true;
  let again = false;
  for (const relation of relations) {
    again = (await settleRelation(context, tx, fence, state, relation, mayRepeat)) || again;
  }
  await tables.sessionTasks.moveTasks(tx, fence, settling, ['settle'], again ? 'links' : 'done');
  return again;
}

async function askForRounds(
  context: BackupContext,
  tx: Transaction,
  fence: Fence,
  state: LinkState,
  relations: readonly Relation[],
): Promise<boolean> {
  const { sessionTasks } = context.tables;
  const ends = relations.flatMap((relation) => endsWithoutRound(state, relation));
  const names = [...new Set(ends.map((task) => task.collection))];
  if (names.length === 0) return false;
  await sessionTasks.moveTasks(tx, fence, names, ['settle', 'done'], 'sweep');
  const settling = state.tasks.map((task) => task.collection);
  await sessionTasks.moveTasks(tx, fence, settling, ['settle'], 'links');
  return true;
}

/** Answers whether sources have to be read again in this session. */
async function settleRelation(
  context: BackupContext,
  tx: Transaction,
  fence: Fence,
  state: LinkState,
  relation: Relation,
  mayRepeat: boolean,
): Promise<boolean> {
  const { linkSettlement, linkDues, sessionTasks } = context.tables;
  const { name } = relation.link;
  const settled = targetTypes(state.catalogue, relation.link)
    .filter((type) => isSettled(state, relation, type))
    .map((type) => type.name);
  await linkSettlement.settleAbsent(tx, fence, name, settled);
  const sources = [...new Set(await linkSettlement.takeUnsettled(tx, fence, name))];
  if (sources.length === 0) return false;
  await linkDues.addDue(tx, name, 's', sources);
  if (mayRepeat) return true;
  await linkSettlement.keepDue(tx, fence, name, sources);
  const collection = relation.owner.name;
  const owner = { ...fence, collection, generation: 0, phase: '', round: 0 };
  await sessionTasks.addUnsettled(tx, owner, sources.length);
  return false;
}

/** Whether a round of the target's collection began after the last read of the relation. */
function isSettled(state: LinkState, relation: Relation, type: ObjectType): boolean {
  const task = vouches(state, type);
  return task !== undefined && task.lastRoundStart > tickOf(state, relation).sources;
}

/**
 * Relations of read collections that an end could not vouch for: their whole collection is marked at
 * that end, so that its next round reads the links of all it delivers (DESIGN 6.5).
 */
export function starsNeeded(
  state: LinkState,
  relation: Relation,
): { targets: boolean; sources: boolean } {
  const tick = tickOf(state, relation);
  const tracked = targetTypes(state.catalogue, relation.link).filter(
    (type) => type.changeTracking === 'delta',
  );
  const owner = vouches(state, relation.owner);
  return {
    targets: tick.sources > 0 && tracked.some((type) => !isSettled(state, relation, type)),
    sources: tick.targets > 0 && (owner === undefined || owner.lastRoundStart <= tick.targets),
  };
}
