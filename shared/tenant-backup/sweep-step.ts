import { BackupError, isBackupError } from '../errors/backup-error.ts';
import type { GraphPage } from '../graph/graph-request.ts';
import type { Transaction } from '../repository/database.ts';
import type { TaskChange } from '../repository/session-tasks.ts';
import { linkContext, read, type Work, writeTask } from './backup-context.ts';
import { enterConfirm } from './candidates.ts';
import { sortDelta } from './delta-items.ts';
import { storeDelta } from './delta-page.ts';
import { expiredTooOften, MAX_EXPIRIES } from './expired-token.ts';
import { countQuarantined } from './list-page.ts';
import { restartCollection } from './restart.ts';
import { deltaRequest } from './streams.ts';

/** Rounds of a collection after which it goes on although the tenant keeps changing. */
const MAX_ROUNDS = 3;
/** Repetitions of a listing of several pages. */
const MAX_RELISTS = 3;

/** Reads and stores one page of a delta round; decides what follows after its last page. */
export async function sweepStep(work: Work): Promise<void> {
  const { context, type, task } = work;
  if (!task.tracked) {
    await writeTask(work, async (tx) => await enterConfirm(work, tx, {}));
    return;
  }
  if (task.token === null) throw new BackupError('invalidState', 'a round has no token');
  const tick =
    task.roundPages > 0 ? task.roundStart : await read(context, context.tables.sessions.nextTick);
  const page = await roundPage(work);
  if (page === undefined) return;
  if (page.nextLink === undefined) {
    if (page.deltaLink === undefined) {
      throw new BackupError('graphBadAnswer', 'a round ends without a delta link');
    }
    await context.failpoint('sweep.lastPage.beforeTokenSaved', task.collection);
  }
  await context.failpoint('page.afterGraph.beforeTx', task.collection);
  await storeRoundPage(work, page, tick, sortDelta(type, page.items, page.startedAt));
  await context.failpoint('page.afterCommit.beforeReturn', task.collection);
}

async function roundPage(work: Work): Promise<GraphPage | undefined> {
  const { context, type, task } = work;
  const sealed = task.link ?? task.token;
  if (sealed === null) return undefined;
  const link = context.cipher.open(sealed, linkContext(work, 'delta'));
  const options = { deadline: work.deadline };
  try {
    const page = await context.graph.page(deltaRequest(type, task, false), link, options);
    if (page.nextLink === link || task.roundPages > context.limits.maxRoundPages) {
      throw new BackupError('graphBadAnswer', 'a delta round leads in a circle');
    }
    return page;
  } catch (error) {
    const atToken = task.link === null && isBackupError(error, 'graphPageTokenExpired');
    if (atToken || isBackupError(error, 'graphCursorExpired')) {
      await restartCollection(work);
      return undefined;
    }
    if (!isBackupError(error, 'graphPageTokenExpired')) throw error;
    await beginRoundAgain(work, error);
    return undefined;
  }
}

/** The round begins again from its token; what it stored so far is stored again. */
async function beginRoundAgain(work: Work, cause: unknown): Promise<void> {
  const { context, task } = work;
  const roundExpiries = task.roundExpiries + 1;
  if (roundExpiries > MAX_EXPIRIES) throw expiredTooOften(`a round of ${task.collection}`, cause);
  await writeTask(work, (tx) =>
    context.tables.sessionTasks.changeTask(tx, work.fence, {
      link: null,
      roundPages: 0,
      roundExpiries,
    }),
  );
}

async function storeRoundPage(
  work: Work,
  page: GraphPage,
  tick: number,
  items: ReturnType<typeof sortDelta>,
): Promise<void> {
  const { context, task, fence } = work;
  const { pageLedger, sessionTasks } = context.tables;
  const step = `round.${task.round}.${tick}.${task.roundPages}`;
  await writeTask(work, async (tx) => {
    if (await pageLedger.isStored(tx, fence, step)) return;
    const now = await sessionTasks.taskOf(tx, fence.sessionId, task.collection);
    if (now?.round !== task.round || now.roundPages !== task.roundPages) return;
    const round = { collection: task.collection, listing: task.listing, round: task.round, tick };
    await countQuarantined(work, tx, page);
    await storeDelta(work, tx, items, round);
    await context.failpoint('page.afterRows.beforeLedger', task.collection);
    const { startedAt } = page;
    await pageLedger.recordPage(tx, fence, { step, items: page.items.length, startedAt });
    if (page.deltaLink !== undefined) await endRound(work, tx, page.deltaLink, tick);
    else if (page.nextLink !== undefined) {
      const link = context.cipher.seal(page.nextLink, linkContext(work, 'delta'));
      const change = { link, roundPages: task.roundPages + 1, roundStart: tick };
      await sessionTasks.changeTask(tx, fence, { ...change, phase: 'sweep' });
    }
  });
}

/** The round is complete: its delta link is the token of the next one (DESIGN 6.3). */
async function endRound(
  work: Work,
  tx: Transaction,
  deltaLink: string,
  tick: number,
): Promise<void> {
  const { context, task, fence } = work;
  const { roundEntries, sessionTasks, sessionStreams } = context.tables;
  const named = (round: number): Promise<number> =>
    roundEntries.namedSince(tx, fence, {
      collection: task.collection,
      listing: task.listing,
      round,
    });
  const ended: TaskChange = {
    token: context.cipher.seal(deltaLink, linkContext(work, 'delta')),
    link: null,
    roundPages: 0,
    roundExpiries: 0,
    round: task.round + 1,
    roundStart: tick,
    lastRoundStart: tick,
  };
  const isLong = task.mode === 'full' && !task.relisted && (await hasLongList(work, tx));
  if (isLong && (await named(task.passRound)) > 0) {
    if (task.pass < MAX_RELISTS) {
      const pass = { pass: task.pass + 1, passRound: task.round + 1 };
      await sessionStreams.ensureStreams(tx, fence, task.collection, ['relist']);
      await sessionStreams.restartStream(tx, fence, task.collection, 'relist', null);
      await sessionTasks.changeTask(tx, fence, { ...ended, ...pass, phase: 'list' });
      return;
    }
    await confirmOrGoOn(work, tx, { ...ended, relisted: true, unsettled: task.unsettled + 1 }, 0);
    return;
  }
  await confirmOrGoOn(work, tx, ended, await named(task.round));
}

async function confirmOrGoOn(
  work: Work,
  tx: Transaction,
  ended: TaskChange,
  named: number,
): Promise<void> {
  if (named === 0 || (ended.round ?? 0) >= MAX_ROUNDS) await enterConfirm(work, tx, ended);
  else
    await work.context.tables.sessionTasks.changeTask(tx, work.fence, { ...ended, phase: 'sweep' });
}

/** A listing of one page is one instant; only longer ones can have skipped a row. */
async function hasLongList(work: Work, tx: Transaction): Promise<boolean> {
  const { task, fence, context } = work;
  const rows = await context.tables.sessionStreams.streamsOf(tx, fence.sessionId, task.collection);
  return rows.some((row) => row.stream === 'list' && row.pages - row.firstPage > 1);
}
