import type { LinkType } from '../catalog/object-type.ts';
import type { Transaction } from '../repository/database.ts';
import type { Edge, Pairs } from '../repository/link-pairs.ts';
import type { LinkRead } from '../repository/link-reads.ts';
import { linkContext, type Work, writeTask } from './backup-context.ts';
import { relationPage } from './expand-page.ts';
import type { Answered } from './link-read-step.ts';

/** Stores first answers of sources: whole sets in one transaction, longer ones page by page. */
export async function storeSourcePages(
  work: Work,
  link: LinkType,
  answered: readonly Answered[],
): Promise<void> {
  const whole = answered.filter((answer) => answer.nextLink === undefined);
  if (whole.length > 0) await storeWholeSets(work, link, whole);
  for (const answer of answered) {
    if (answer.nextLink !== undefined) await storeLongSourcePage(work, link, answer);
  }
}

async function storeWholeSets(
  work: Work,
  link: LinkType,
  answered: readonly Answered[],
): Promise<void> {
  const { linkReads, links, linkPairs, linkDues, absentLinks } = work.context.tables;
  await writeTask(work, async (tx) => {
    const reads = answered.map((answer) => answer.read);
    const claimed = await linkReads.claimReads(tx, work.fence, reads);
    const mine = answered.filter((answer) => claimed.has(answer.read.key));
    if (mine.length === 0) return;
    const disputed = mine.filter((answer) => !containsExpected(answer)).map(keyOfRead);
    const trusted = mine.map(keyOfRead).filter((key) => !disputed.includes(key));
    const edges = mine.flatMap(({ read, ids }) => ids.map((id): Edge => [read.key, id]));
    const page = relationPage(work.fence, link);
    const pairs = await linkPairs.pairsOf(tx, page, edges);
    await noteAbsent(work, tx, link, { read: mine.map(keyOfRead), trusted, pairs });
    work.tally.links += await links.openLinks(tx, page, pairs);
    await absentLinks.forgetAbsent(tx, work.fence, link.name, pairs);
    await linkDues.addDue(tx, link.name, 's', disputed);
    await linkReads.recordSources(tx, work.fence, link.name, trusted);
    await linkReads.finishReads(
      tx,
      work.fence,
      mine.map((answer) => answer.read),
      'done',
    );
  });
}

const keyOfRead = (answer: Answered): number => answer.read.key;

/** What an `$expand` has shown must be there; else one of both answers is not to be trusted. */
function containsExpected(answer: Answered): boolean {
  const ids = new Set(answer.ids);
  return answer.read.expected.every((id) => ids.has(id));
}

interface ReadSets {
  /** Sources that were read to the end. */
  readonly read: readonly number[];
  /** Those whose answer does not contradict an earlier one. */
  readonly trusted: readonly number[];
  /** What the answers, or the last page of a long one, have shown. */
  readonly pairs: Pairs;
}

/**
 * Open links that a complete read did not show. A first reading only makes the source due; a re-read
 * notes them, and settlement decides.
 */
async function noteAbsent(
  work: Work,
  tx: Transaction,
  link: LinkType,
  sets: ReadSets,
): Promise<void> {
  const { absentLinks, linkDues } = work.context.tables;
  const { fence } = work;
  if (work.task.phase === 'links') {
    await absentLinks.recordAbsent(tx, fence, link.name, sets.read, sets.pairs);
    return;
  }
  const { trusted, pairs } = sets;
  const sources = await absentLinks.sourcesWithAbsent(tx, fence, link.name, trusted, pairs);
  await linkDues.addDue(tx, link.name, 's', sources);
}

/** Stores one page of a long set; answers the read as it goes on, undefined when a twin has it. */
export async function storeLongSourcePage(
  work: Work,
  link: LinkType,
  answer: Answered,
): Promise<LinkRead | undefined> {
  const { linkReads, links, linkPairs, absentLinks, linkDues } = work.context.tables;
  const { read, ids, nextLink } = answer;
  const shown = new Set(ids);
  const expected = read.expected.filter((id) => !shown.has(id));
  const context = linkContext(work, `${link.name}/${read.key}`);
  const next = nextLink === undefined ? null : work.context.cipher.seal(nextLink, context);
  return await writeTask(work, async (tx) => {
    const claimed = await linkReads.claimReads(tx, work.fence, [read]);
    if (!claimed.has(read.key)) return undefined;
    const page = relationPage(work.fence, link);
    const edges = ids.map((id): Edge => [read.key, id]);
    const pairs = await linkPairs.pairsOf(tx, page, edges);
    const compared = await isCompared(work, tx, link, read);
    if (compared) await absentLinks.recordSeenTargets(tx, work.fence, link.name, pairs);
    work.tally.links += await links.openLinks(tx, page, pairs);
    await absentLinks.forgetAbsent(tx, work.fence, link.name, pairs);
    if (next !== null) {
      await linkReads.continueRead(tx, work.fence, read, next, expected);
      return { ...read, link: next, pages: read.pages + 1, expected };
    }
    const source = [read.key];
    const contradicted = expected.length > 0;
    if (contradicted) await linkDues.addDue(tx, link.name, 's', source);
    else if (compared) await noteAbsent(work, tx, link, { read: source, trusted: source, pairs });
    await absentLinks.forgetSeenTargets(tx, work.fence, link.name, read.key);
    await linkReads.recordSources(tx, work.fence, link.name, contradicted ? [] : source);
    await linkReads.finishReads(tx, work.fence, [read], 'done');
    return undefined;
  });
}

/** In a first reading only links from before this session can turn out to be absent. */
async function isCompared(
  work: Work,
  tx: Transaction,
  link: LinkType,
  read: LinkRead,
): Promise<boolean> {
  if (work.task.phase === 'links') return true;
  return await work.context.tables.links.hasOlderLinks(tx, link.name, read.key, work.fence.point);
}

/**
 * The object was not found. When our rows call it live it stays due, because it may be on a visit to
 * the recycle bin; else there is nothing to read.
 */
export async function storeVanished(work: Work, reads: readonly LinkRead[]): Promise<void> {
  if (reads.length === 0) return;
  const { linkReads, linkDues, sessionTasks } = work.context.tables;
  await writeTask(work, async (tx) => {
    for (const side of ['s', 't'] as const) {
      const ofSide = reads.filter((pending) => pending.side === side);
      const kept = ofSide.filter((pending) => pending.live);
      const gone = ofSide.filter((pending) => !pending.live);
      await linkReads.finishReads(tx, work.fence, gone, 'done');
      await linkReads.finishReads(tx, work.fence, kept, 'kept');
      const first = kept.filter((pending) => pending.dueNo === 0);
      const relationship = first[0]?.relationship;
      if (relationship !== undefined) {
        const keys = first.map((pending) => pending.key);
        await linkDues.addDue(tx, relationship, side, keys);
        await work.context.tables.linkSettlement.keepDue(tx, work.fence, relationship, keys);
      }
      if (kept.length > 0) await sessionTasks.addUnsettled(tx, work.fence, kept.length);
    }
  });
}
