import type { LinkType } from '../catalog/object-type.ts';
import { BackupError, isBackupError } from '../errors/backup-error.ts';
import type { GraphPage, GraphRequest } from '../graph/graph-request.ts';
import type { JsonObject } from '../json/json-value.ts';
import type { LinkRead } from '../repository/link-reads.ts';
import { isOver, linkContext, read, type Work } from './backup-context.ts';
import { shownLinks } from './expand-page.ts';
import { linkReadRequest, sourcesIn } from './link-read-requests.ts';
import { idOf } from './object-ids.ts';
import { storeLongSourcePage, storeSourcePages, storeVanished } from './source-links.ts';
import { storeTargetReads } from './target-links.ts';

const BATCH = 20;
const PARALLEL = 3;

/** An answer: the targets of a source, or the sources that point at a target. */
export interface Answered {
  readonly read: LinkRead;
  readonly ids: readonly string[];
  readonly nextLink?: string;
}

/** Reads what is queued for the relations of the collection; false when nothing was pending. */
export async function readQueuedLinks(work: Work): Promise<boolean> {
  for (const link of work.type.links) {
    const reads = await read(work.context, (tx) =>
      work.context.tables.linkReads.pendingReads(tx, work.fence, link.name, BATCH * PARALLEL),
    );
    if (reads.length === 0) continue;
    const begun = reads.find((pending) => pending.pages > 0);
    if (begun !== undefined) await continueLongRead(work, link, begun);
    else await readBatches(work, link, reads);
    return true;
  }
  return false;
}

async function readBatches(work: Work, link: LinkType, reads: readonly LinkRead[]): Promise<void> {
  const batches: LinkRead[][] = [];
  for (const side of ['s', 't'] as const) {
    const ofSide = reads.filter((pending) => pending.side === side);
    for (let start = 0; start < ofSide.length; start += BATCH) {
      batches.push(ofSide.slice(start, start + BATCH));
    }
  }
  const outcomes = await Promise.allSettled(batches.map((batch) => readBatch(work, link, batch)));
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
}

/** One `$batch`; what was answered is stored before an error of an item is raised. */
async function readBatch(work: Work, link: LinkType, reads: readonly LinkRead[]): Promise<void> {
  const asked: { read: LinkRead; request: GraphRequest }[] = [];
  const senseless: LinkRead[] = [];
  for (const pending of reads) {
    const request = linkReadRequest(work.context.catalogue, work.type, link, pending);
    if (request === undefined) senseless.push(pending);
    else asked.push({ read: pending, request });
  }
  const answers = await askAll(
    work,
    link,
    asked.map(({ request }) => request),
    asked[0]?.read.side ?? 's',
  );
  await work.context.failpoint('links.afterReread.beforeTx', work.task.collection);
  const { answered, vanished, failure } = await sortAnswers(work, link, asked, answers);
  await storeVanished(work, [...vanished, ...senseless]);
  if (reads[0]?.side === 't') await storeTargetReads(work, link, answered);
  else await storeSourcePages(work, link, answered);
  if (failure !== undefined) throw failure;
}

async function sortAnswers(
  work: Work,
  link: LinkType,
  asked: readonly { readonly read: LinkRead; readonly request: GraphRequest }[],
  answers: readonly Answer[],
): Promise<{ answered: Answered[]; vanished: LinkRead[]; failure: BackupError | undefined }> {
  const answered: Answered[] = [];
  const vanished: LinkRead[] = [];
  let failure: BackupError | undefined;
  for (const [index, { read: pending, request }] of asked.entries()) {
    const answer = answers[index];
    if (isBackupError(answer, 'graphNotFound')) vanished.push(pending);
    else if (answer instanceof BackupError) failure ??= answer;
    else if (answer !== undefined) {
      answered.push(await interpret(work, link, pending, answer, request));
    }
  }
  return { answered, vanished, failure };
}

type Answer = GraphPage | JsonObject | BackupError;

async function askAll(
  work: Work,
  link: LinkType,
  requests: readonly GraphRequest[],
  side: 's' | 't',
): Promise<Answer[]> {
  const options = { deadline: work.deadline };
  if (requests.length === 0) return [];
  if (side === 's' && link.cardinality === 'one') {
    return await work.context.graph.batchObjects(requests, options);
  }
  return await work.context.graph.batchPages(requests, options);
}

function isPage(answer: GraphPage | JsonObject): answer is GraphPage {
  return Array.isArray(answer['items']) && answer['startedAt'] instanceof Date;
}

async function interpret(
  work: Work,
  link: LinkType,
  pending: LinkRead,
  answer: GraphPage | JsonObject,
  request: GraphRequest,
): Promise<Answered> {
  if (!isPage(answer)) return { read: pending, ids: shownLinks(link, answer).targetIds };
  refuseQuarantined(link, answer);
  if (pending.side === 's') {
    const { nextLink } = answer;
    const ids = answer.items.map(idOf);
    return nextLink === undefined ? { read: pending, ids } : { read: pending, ids, nextLink };
  }
  const ids = sourcesIn(link, answer.items);
  for (let next = answer.nextLink; next !== undefined; ) {
    const page = await work.context.graph.page(request, next, { deadline: work.deadline });
    refuseQuarantined(link, page);
    ids.push(...sourcesIn(link, page.items));
    if (page.nextLink === next) throw new BackupError('graphBadAnswer', 'a list leads in a circle');
    next = page.nextLink;
  }
  return { read: pending, ids };
}

/** A link that cannot be read would look like one that is gone. */
function refuseQuarantined(link: LinkType, page: GraphPage): void {
  if (page.quarantined.length > 0) {
    throw new BackupError('graphBadAnswer', `a link of ${link.name} is unreadable`);
  }
}

/** Goes on with a read of several pages until it ends or time is up. */
async function continueLongRead(work: Work, link: LinkType, begun: LinkRead): Promise<void> {
  const { context } = work;
  const request = linkReadRequest(context.catalogue, work.type, link, begun);
  if (request === undefined || begun.link === null) return await storeVanished(work, [begun]);
  const sealed = linkContext(work, `${link.name}/${begun.key}`);
  let current: LinkRead = begun;
  let next = context.cipher.open(begun.link, sealed);
  while (!isOver(work)) {
    await context.failpoint('members.betweenPages', work.task.collection);
    const page = await longPage(work, link, current, request, next);
    if (page === undefined) return;
    refuseQuarantined(link, page);
    const ids = page.items.map(idOf);
    if (page.nextLink === next) throw new BackupError('graphBadAnswer', 'a list leads in a circle');
    const { nextLink } = page;
    const answered =
      nextLink === undefined ? { read: current, ids } : { read: current, ids, nextLink };
    const following = await storeLongSourcePage(work, link, answered);
    if (following === undefined || nextLink === undefined) return;
    current = following;
    next = nextLink;
  }
}

/** A stale page token begins the read again. */
async function longPage(
  work: Work,
  link: LinkType,
  current: LinkRead,
  request: GraphRequest,
  next: string,
): Promise<GraphPage | undefined> {
  try {
    return await work.context.graph.page(request, next, { deadline: work.deadline });
  } catch (error) {
    if (isBackupError(error, 'graphNotFound')) {
      await storeVanished(work, [current]);
      return undefined;
    }
    if (!isBackupError(error, 'graphPageTokenExpired')) throw error;
    const { tables, database, tenant } = work.context;
    await database.withTenant(tenant.tenantNo, async (tx) => {
      await tables.fence.holdTask(tx, work.fence);
      await tables.absentLinks.forgetSeenTargets(tx, work.fence, link.name, current.key);
      await tables.linkReads.continueRead(tx, work.fence, current, null, current.expected);
    });
    return undefined;
  }
}
