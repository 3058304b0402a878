import type { LinkType } from '../catalog/object-type.ts';
import type { Transaction } from '../repository/database.ts';
import type { Edge, Pairs } from '../repository/link-pairs.ts';
import type { Round } from '../repository/round-entries.ts';
import { dueForAppeared, dueForNamed } from './appearance.ts';
import type { Work } from './backup-context.ts';
import type { DeltaItems, LinkChange } from './delta-items.ts';
import { relationPage } from './expand-page.ts';
import { idOf } from './object-ids.ts';
import { storeGone, storeObjects, storeSoftDeleted } from './object-page.ts';
import { mergeDelta, objectRow } from './object-row.ts';
import { relationsInto, relationsOf } from './type-parts.ts';

/** Stores what a page of a round says: objects, link changes, removals; notes what is due. */
export async function storeDelta(
  work: Work,
  tx: Transaction,
  items: DeltaItems,
  round: Round,
): Promise<void> {
  await storeLive(work, tx, items);
  await storeLinkChanges(work, tx, items.links);
  await storeSoftDeleted(work, tx, items.softDeleted);
  const { objectKeys, roundEntries } = work.context.tables;
  // Ids that nobody knew need keys, so that the round remembers having named them.
  await objectKeys.ensureKeys(tx, work.type.space, work.type.name, items.gone);
  await storeGone(work, tx, items.gone);
  const conflicts = await roundEntries.recordEntries(tx, work.fence, round, items.entries);
  await dueForConflicts(work, tx, conflicts);
}

async function storeLive(work: Work, tx: Transaction, items: DeltaItems): Promise<void> {
  if (items.live.length === 0) return;
  const { type, context } = work;
  const { objectVersions, listedObjects } = context.tables;
  const ids = items.live.map(idOf);
  const bodies = new Map(
    (await objectVersions.openBodies(tx, type.space, ids)).map((row) => [row.objectId, row.body]),
  );
  const rows = items.live.map((item) =>
    objectRow(type, mergeDelta(bodies.get(idOf(item)) ?? null, item)),
  );
  await storeObjects(work, tx, rows, type.references);
  const appeared = await listedObjects.appearedKeys(tx);
  const named = await listedObjects.stillLiveKeys(tx);
  await dueForAppeared(work, tx, appeared);
  await dueForNamed(work, tx, named);
}

async function storeLinkChanges(
  work: Work,
  tx: Transaction,
  changes: readonly LinkChange[],
): Promise<void> {
  if (changes.length === 0) return;
  const { pageObjects, objectKeys, linkPairs } = work.context.tables;
  const { space, name } = work.type;
  await pageObjects.openPage(tx);
  const ids = changes.map((change) => change.sourceId);
  const keys = await objectKeys.makeKeys(tx, space, name, ids);
  for (const { link } of relationsOf(work.type)) {
    const mine = changes.filter((change) => change.link === link);
    for (const removed of [true, false]) {
      const edges = mine
        .filter((change) => change.removed === removed)
        .map((change): Edge => [keys.get(change.sourceId) ?? 0, change.targetId]);
      if (edges.length === 0) continue;
      const pairs = await linkPairs.pairsOf(tx, relationPage(work.fence, link), edges);
      await storePairs(work, tx, link, pairs, removed);
      if (!removed && link.cardinality === 'one') await dueForReplaced(work, tx, link, pairs);
    }
  }
}

async function storePairs(
  work: Work,
  tx: Transaction,
  link: LinkType,
  pairs: Pairs,
  removed: boolean,
): Promise<void> {
  const { links, absentLinks } = work.context.tables;
  const page = relationPage(work.fence, link);
  work.tally.links += removed
    ? await links.endPairs(tx, page, pairs)
    : await links.openLinks(tx, page, pairs);
  await absentLinks.forgetAbsent(tx, work.fence, link.name, pairs);
}

/**
 * Where a source can have one target, a new one takes the place of another. Whether a round names the
 * removal too is not documented, so that a source left with two is read again.
 */
async function dueForReplaced(
  work: Work,
  tx: Transaction,
  link: LinkType,
  pairs: Pairs,
): Promise<void> {
  const { absentLinks, linkDues } = work.context.tables;
  const named = [...new Set(pairs.sources)];
  const keys = await absentLinks.sourcesWithAbsent(tx, work.fence, link.name, named, pairs);
  await linkDues.addDue(tx, link.name, 's', keys);
}

/** Conflicting entries of one round: the object, or the links of the source, are read directly. */
async function dueForConflicts(
  work: Work,
  tx: Transaction,
  conflicts: readonly { readonly key: number; readonly relationship: string }[],
): Promise<void> {
  if (conflicts.length === 0) return;
  const { listedObjects, linkDues } = work.context.tables;
  const objects = conflicts.filter((row) => row.relationship === '').map((row) => row.key);
  await listedObjects.confirmKeys(tx, work.fence, work.task.collection, objects);
  for (const { link } of relationsOf(work.type)) {
    const sources = conflicts
      .filter((row) => row.relationship === link.name || row.relationship === '')
      .map((row) => row.key);
    await linkDues.addDue(tx, link.name, 's', sources);
  }
  for (const { link } of relationsInto(work.context.catalogue, work.type)) {
    await linkDues.addDue(tx, link.name, 't', objects);
  }
}
