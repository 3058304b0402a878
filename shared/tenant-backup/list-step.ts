import { createHash } from 'node:crypto';
import { BackupError, isBackupError } from '../errors/backup-error.ts';
import type { GraphPage, GraphRequest } from '../graph/graph-request.ts';
import type { Transaction } from '../repository/database.ts';
import type { SessionStream } from '../repository/session-streams.ts';
import { isOver, linkContext, read, type Work, writeTask } from './backup-context.ts';
import { storeBinPage } from './bin-page.ts';
import { storeExpandPage } from './expand-page.ts';
import { expiredTooOften, MAX_EXPIRIES } from './expired-token.ts';
import { storeFacetPage } from './facet-page.ts';
import { storeListPage } from './list-page.ts';
import { type Stream, streamRequest, streamsFor } from './streams.ts';

const PARALLEL = 3;
/** No collection has as many pages: a listing that goes on leads in a circle. */
const MAX_PAGES = 200_000;
/** Passes over a collection without delta until two agree. */
const MAX_SCANS = 4;

/** Reads the listings of the collection's pass, several at once, until all are done or time is up. */
export async function listStep(work: Work): Promise<void> {
  const { context, type, task, fence } = work;
  const { sessionStreams } = context.tables;
  const streams = streamsFor(type, task);
  await writeTask(work, (tx) =>
    sessionStreams.ensureStreams(
      tx,
      fence,
      task.collection,
      streams.map((stream) => stream.name),
    ),
  );
  const rows = await read(context, (tx) =>
    sessionStreams.streamsOf(tx, fence.sessionId, task.collection),
  );
  const open = streams.filter((stream) => !rows.some((r) => r.stream === stream.name && r.done));
  if (open.length === 0) {
    await finishPass(work, rows);
    return;
  }
  for (let start = 0; start < open.length && !isOver(work); start += PARALLEL) {
    const outcomes = await Promise.allSettled(
      open.slice(start, start + PARALLEL).map(async (stream) => {
        const row = rows.find((candidate) => candidate.stream === stream.name);
        if (row !== undefined) await readOrLeaveOut(work, stream, row);
      }),
    );
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
  }
}

/** A facet whose permission is missing is left out: what is stored of it stays as it is. */
async function readOrLeaveOut(work: Work, stream: Stream, row: SessionStream): Promise<void> {
  try {
    await readStream(work, stream, row);
  } catch (error) {
    if (stream.kind !== 'facet' || !isBackupError(error, 'graphForbidden')) throw error;
    const notCaptured = [...work.task.notCaptured, stream.facet.name];
    await writeTask(work, (tx) =>
      work.context.tables.sessionTasks.changeTask(tx, work.fence, { notCaptured }),
    );
  }
}

/** Follows one listing page by page; the next page is on its way while this one is stored. */
async function readStream(work: Work, stream: Stream, row: SessionStream): Promise<void> {
  const { context, type, task } = work;
  const request = streamRequest(type, task, stream);
  const link = row.link === null ? undefined : openLink(work, stream, row.link);
  let number = row.pages;
  let coming = fetchPage(work, request, link);
  let empty = 0;
  for (;;) {
    const page = await pageOrRestart(work, stream, coming);
    empty = countEmpty(work, stream, page, empty);
    await context.failpoint('page.afterGraph.beforeTx', task.collection);
    const more = page.nextLink !== undefined && !isOver(work);
    if (more) coming = fetchPage(work, request, page.nextLink);
    await storePage(work, stream, page, number);
    await context.failpoint('page.afterCommit.beforeReturn', task.collection);
    if (!more) return;
    number += 1;
    const name = stream.kind === 'expand' ? 'members.betweenPages' : 'list.betweenPages';
    await context.failpoint(name, task.collection);
  }
}

/** Pages without a row up to this one; throws when there are too many of them. */
function countEmpty(work: Work, stream: Stream, page: GraphPage, before: number): number {
  if (page.items.length + page.quarantined.length > 0) return 0;
  if (before >= work.context.limits.maxEmptyPages) {
    throw new BackupError('graphBadAnswer', `listing ${stream.name} goes on without rows`);
  }
  return before + 1;
}

function fetchPage(
  work: Work,
  request: GraphRequest,
  link: string | undefined,
): Promise<GraphPage> {
  const page = work.context.graph.page(request, link, { deadline: work.deadline });
  // It may be abandoned when storing the page before it fails.
  page.catch(() => undefined);
  return page;
}

/**
 * A page token that has grown stale restarts the listing: what was stored stays. The restarts of a pass
 * are counted in its row, because the slices between them may succeed.
 */
async function pageOrRestart(
  work: Work,
  stream: Stream,
  coming: Promise<GraphPage>,
): Promise<GraphPage> {
  try {
    return await coming;
  } catch (error) {
    if (!isBackupError(error, 'graphPageTokenExpired')) throw error;
    const { collection } = work.task;
    const expiries = await writeTask(work, (tx) =>
      work.context.tables.sessionStreams.expireStream(tx, work.fence, collection, stream.name),
    );
    if (expiries > MAX_EXPIRIES) throw expiredTooOften(`listing ${stream.name}`, error);
    throw new BackupError('graphUnavailable', `listing ${stream.name} has to begin again`, {
      cause: error,
    });
  }
}

async function storePage(
  work: Work,
  stream: Stream,
  page: GraphPage,
  number: number,
): Promise<void> {
  const { context, task, fence } = work;
  const { pageLedger, sessionStreams } = context.tables;
  const step = `${stream.name}.${number}`;
  if (number > MAX_PAGES) {
    throw new BackupError('graphBadAnswer', `listing ${stream.name} does not end`);
  }
  const done = page.nextLink === undefined;
  await writeTask(work, async (tx) => {
    if (await pageLedger.isStored(tx, fence, step)) return;
    const row = await sessionStreams.lockStream(tx, fence, task.collection, stream.name);
    if (row === undefined || row.pages !== number) return;
    const entries = await storeItems(work, tx, stream, page);
    await sessionStreams.moveStream(tx, fence, task.collection, {
      stream: stream.name,
      link: page.nextLink === undefined ? null : sealLink(work, stream, page.nextLink),
      pages: number + 1,
      done,
      digest: addDigest(row.digest, entries),
    });
    await context.failpoint('page.afterRows.beforeLedger', task.collection);
    await pageLedger.recordPage(tx, fence, {
      step,
      items: page.items.length,
      startedAt: page.startedAt,
      ...(stream.kind === 'expand' ? { relationship: stream.link.name } : {}),
    });
  });
}

/** Stores the items by the kind of the listing; answers what counts for the digest of the pass. */
async function storeItems(
  work: Work,
  tx: Transaction,
  stream: Stream,
  page: GraphPage,
): Promise<readonly Buffer[]> {
  switch (stream.kind) {
    case 'list':
    case 'relist':
      return await storeListPage(work, tx, stream.kind, page);
    case 'expand':
      await storeExpandPage(work, tx, stream.link, page);
      return [];
    case 'facet':
      await storeFacetPage(work, tx, stream.facet, page);
      return [];
    case 'bin':
      await storeBinPage(work, tx, page);
      return [];
    default:
      return stream satisfies never;
  }
}

/** Sum of digests modulo 2^256: the same for the same rows in any order. */
function addDigest(sum: Buffer | null, entries: readonly Buffer[]): Buffer | null {
  if (entries.length === 0) return sum;
  let total = sum === null ? 0n : BigInt(`0x${sum.toString('hex')}`);
  for (const entry of entries) {
    total += BigInt(`0x${createHash('sha256').update(entry).digest('hex')}`);
  }
  return Buffer.from((total % (1n << 256n)).toString(16).padStart(64, '0'), 'hex');
}

/** All listings of the pass are done: repeat it, follow up links, or go on. */
async function finishPass(work: Work, rows: readonly SessionStream[]): Promise<void> {
  const { context, task, fence } = work;
  const { sessionTasks, sessionStreams } = context.tables;
  const list = rows.find((row) => row.stream === 'list');
  await writeTask(work, async (tx) => {
    if (task.mode !== 'full' || (task.tracked && task.pass > 0)) {
      await sessionTasks.changeTask(tx, fence, { phase: 'listed' });
    } else if (!task.tracked && list !== undefined && mustScanAgain(list, task)) {
      const [pass, listing] = [task.pass + 1, task.listing + 1];
      await sessionStreams.restartStream(tx, fence, task.collection, 'list', list.digest);
      await sessionTasks.changeTask(tx, fence, { pass, listing });
    } else {
      await queueSources(work, tx);
      const agreed = task.tracked || list === undefined || isAgreed(list);
      const unsettled = task.unsettled + (agreed ? 0 : 1);
      await sessionTasks.changeTask(tx, fence, { phase: 'follow', unsettled });
    }
  });
}

/** Relations that no `$expand` shows are read source by source. */
async function queueSources(work: Work, tx: Transaction): Promise<void> {
  const { context, type, fence } = work;
  for (const link of type.links) {
    if (link.expandLimit !== undefined || link.cardinality === 'one') continue;
    await context.tables.linkReads.queueAllSources(tx, fence, link.name, type.name);
  }
}

/** One page is one instant; several are repeated until two passes show the same rows. */
function mustScanAgain(list: SessionStream, task: Work['task']): boolean {
  return !isAgreed(list) && task.pass < MAX_SCANS - 1;
}

function isAgreed(list: SessionStream): boolean {
  if (list.pages - list.firstPage <= 1 && list.previousDigest === null) return true;
  if (list.previousDigest === null || list.digest === null) return false;
  return list.previousDigest.equals(list.digest);
}

function sealLink(work: Work, stream: Stream, link: string): Buffer {
  return work.context.cipher.seal(link, linkContext(work, stream.name));
}

function openLink(work: Work, stream: Stream, sealed: Buffer): string {
  return work.context.cipher.open(sealed, linkContext(work, stream.name));
}
