import { referenceSpace } from '../catalog/derive.ts';
import type { EmbeddedReference } from '../catalog/object-type.ts';
import type { Transaction } from '../repository/database.ts';
import type { Edge } from '../repository/link-pairs.ts';
import type { AppliedPage } from '../repository/object-versions.ts';
import type { ObjectRow } from '../repository/page-objects.ts';
import type { Work } from './backup-context.ts';
import { referencedIds } from './referenced-ids.ts';
import { linkNames, partSpaces } from './type-parts.ts';

/**
 * Stores live objects of a page: keys, versions and the references inside their bodies. What was
 * found stays in the temporary tables for the statements that follow.
 */
export async function storeObjects(
  work: Work,
  tx: Transaction,
  all: readonly ObjectRow[],
  references: readonly EmbeddedReference[],
  filter?: (tx: Transaction) => Promise<unknown>,
): Promise<AppliedPage> {
  const { pageObjects, objectVersions } = work.context.tables;
  const rows = lastOfEach(all);
  await pageObjects.openPage(tx);
  await pageObjects.copyObjects(tx, rows);
  await filter?.(tx);
  const applied = await objectVersions.applyVersions(tx, work.fence.point);
  work.tally.added += applied.added;
  work.tally.changed += applied.changed;
  work.tally.unchanged += applied.unchanged;
  if (references.length > 0 && applied.added + applied.changed > 0) {
    await storeReferences(work, tx, rows, references);
  }
  return applied;
}

/** A page that names an object twice means what it says last. */
function lastOfEach(rows: readonly ObjectRow[]): ObjectRow[] {
  return [...new Map(rows.map((row) => [`${row.parentKey} ${row.objectId}`, row])).values()];
}

/** References of changed bodies: the body is the evidence, so what it does not name is closed. */
async function storeReferences(
  work: Work,
  tx: Transaction,
  rows: readonly ObjectRow[],
  references: readonly EmbeddedReference[],
): Promise<void> {
  const { links, linkPairs } = work.context.tables;
  const changed = await links.changedObjects(tx);
  for (const reference of references) {
    const edges = rows.flatMap((row, ord) => {
      const source = changed.get(ord);
      if (source === undefined) return [];
      return referencedIds(row.body, reference).map((id): Edge => [source, id]);
    });
    const page = {
      relationship: reference.name,
      kind: 'embedded' as const,
      targetSpace: referenceSpace(reference),
      point: work.fence.point,
    };
    const pairs = await linkPairs.pairsOf(tx, page, edges);
    work.tally.links += await links.openLinks(tx, page, pairs);
    work.tally.links += await links.endOthers(tx, page, [...changed.values()], pairs);
  }
}

export interface Removed {
  readonly objectId: string;
  /** Set when the object is in the recycle bin until then. */
  readonly purgeAt: Date | null;
}

/** Objects that went to the recycle bin: softDeleted with their last body, their parts with them. */
export async function storeSoftDeleted(
  work: Work,
  tx: Transaction,
  removed: readonly Removed[],
): Promise<void> {
  if (removed.length === 0) return;
  const { pageObjects, objectVersions } = work.context.tables;
  const parts = partSpaces(work.type);
  if (parts.length > 0) {
    await pageObjects.openPage(tx);
    await pageObjects.copyGone(tx, removed);
    await pageObjects.copyPartsSoftDeleted(tx, work.type.space, parts);
    await objectVersions.applyVersions(tx, work.fence.point);
  }
  await pageObjects.openPage(tx);
  await pageObjects.copyGone(tx, removed);
  await pageObjects.copySoftDeleted(tx, work.type.space, work.type.name);
  const applied = await objectVersions.applyVersions(tx, work.fence.point);
  work.tally.removed += applied.added + applied.changed;
}

/** Objects that exist no more: their versions, their parts and their links end. */
export async function storeGone(
  work: Work,
  tx: Transaction,
  ids: readonly string[],
): Promise<void> {
  if (ids.length === 0) return;
  const { objectKeys } = work.context.tables;
  const found = await objectKeys.keysOf(tx, work.type.space, ids);
  const keys = found.map((object) => object.key);
  work.tally.removed += await endObjects(work, tx, keys);
}

/** Ends objects by their keys, with parts and links; answers how many versions ended. */
export async function endObjects(
  work: Work,
  tx: Transaction,
  keys: readonly number[],
): Promise<number> {
  if (keys.length === 0) return 0;
  const { objectKeys, objectVersions, links, pageObjects } = work.context.tables;
  const point = work.fence.point;
  await pageObjects.openPage(tx);
  const parts = await objectKeys.openParts(tx, keys, partSpaces(work.type));
  const ended = await objectVersions.endVersions(tx, point, keys, 'gone');
  await objectVersions.endVersions(tx, point, parts, 'gone');
  const names = linkNames(work.context.catalogue);
  await links.endLinksOfGone(tx, point, [...keys, ...parts], names);
  return ended;
}
