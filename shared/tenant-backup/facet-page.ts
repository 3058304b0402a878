import type { FacetType } from '../catalog/object-type.ts';
import type { GraphPage } from '../graph/graph-request.ts';
import type { Transaction } from '../repository/database.ts';
import type { ObjectRow } from '../repository/page-objects.ts';
import type { Work } from './backup-context.ts';
import { countQuarantined } from './list-page.ts';
import { canonicalId, idOf } from './object-ids.ts';
import { storeObjects } from './object-page.ts';
import { facetRow } from './part-row.ts';
import { facetSpace } from './type-parts.ts';

/**
 * Stores a page of a facet pass. A row whose facet is empty ends the stored one; a row that does not
 * name the facet says nothing.
 */
export async function storeFacetPage(
  work: Work,
  tx: Transaction,
  facet: FacetType,
  page: GraphPage,
): Promise<void> {
  const { context, type, task, fence } = work;
  const { objectKeys, objectVersions, listedObjects } = context.tables;
  await countQuarantined(work, tx, page);
  const ids = page.items.map(idOf);
  await objectKeys.ensureKeys(tx, type.space, type.name, ids);
  const keys = new Map(
    (await objectKeys.keysOf(tx, type.space, ids)).map((found) => [found.objectId, found.key]),
  );
  const rows: ObjectRow[] = [];
  const empty: number[] = [];
  const unknown: string[] = page.quarantined.flatMap((item) =>
    item.id === undefined ? [] : [canonicalId(item.id)],
  );
  for (const item of page.items) {
    const key = keys.get(idOf(item)) ?? 0;
    const row = facetRow(facet, key, item);
    if (row === 'empty') empty.push(key);
    else if (row === 'unknown') unknown.push(idOf(item));
    else rows.push(row);
  }
  const space = facetSpace(facet);
  const listing = { name: `${task.collection}:${facet.name}`, listing: task.listing };
  await listedObjects.recordSeenParts(tx, fence, listing, space, unknown);
  const ended = await objectKeys.openParts(tx, empty, [space]);
  work.tally.removed += await objectVersions.endVersions(tx, fence.point, ended, 'cleared');
  await storeObjects(work, tx, rows, []);
  await listedObjects.recordSeen(tx, fence, listing, true);
}
