import type { ObjectType } from '../catalog/object-type.ts';
import type { JsonObject } from '../json/json-value.ts';
import type { Transaction } from '../repository/database.ts';
import type { ConfirmObject } from '../repository/listed-objects.ts';
import type { ObjectRow } from '../repository/page-objects.ts';
import { dueForAppeared, dueForNamed } from './appearance.ts';
import { type Work, writeTask } from './backup-context.ts';
import { endObjects, type Removed, storeObjects, storeSoftDeleted } from './object-page.ts';
import { objectRow } from './object-row.ts';
import { childRow, facetRow } from './part-row.ts';
import { childSpace, facetSpace } from './type-parts.ts';

/** What direct reads found. */
export interface Confirmed {
  readonly asked: readonly ConfirmObject[];
  readonly live: readonly JsonObject[];
  readonly softDeleted: readonly Removed[];
  readonly gone: readonly ConfirmObject[];
  readonly parts: readonly {
    readonly object: ConfirmObject;
    readonly item: JsonObject | undefined;
  }[];
  readonly startedAt: Date;
}

export async function storeConfirmed(
  work: Work,
  type: ObjectType,
  confirmed: Confirmed,
): Promise<void> {
  const { listedObjects, pageLedger } = work.context.tables;
  const { fence, task } = work;
  const keys = confirmed.asked.map((object) => object.key);
  await writeTask(work, async (tx) => {
    await listedObjects.takeConfirmed(tx, fence, task.collection, keys);
    const rows = confirmed.live.map((item) => objectRow(type, item));
    if (rows.length > 0) {
      await storeObjects(work, tx, rows, type.references);
      const appeared = await listedObjects.appearedKeys(tx);
      const named = await listedObjects.stillLiveKeys(tx);
      await dueForAppeared(work, tx, appeared);
      await dueForNamed(work, tx, named);
    }
    await storeSoftDeleted(work, tx, confirmed.softDeleted);
    work.tally.removed += await endObjects(
      work,
      tx,
      confirmed.gone.map((object) => object.key),
    );
    await storeParts(work, tx, confirmed);
    await recordAnswered(work, tx, confirmed);
    await pageLedger.recordPage(tx, fence, {
      step: `confirm.${keys[0] ?? 0}.${confirmed.startedAt.toISOString()}.${keys.length}`,
      items: keys.length,
      startedAt: confirmed.startedAt,
    });
  });
}

/** An answered candidate counts as shown: it is not asked again in this listing. */
async function recordAnswered(work: Work, tx: Transaction, confirmed: Confirmed): Promise<void> {
  const { listedObjects } = work.context.tables;
  const { task, type, fence } = work;
  const facet = type.facets.find((candidate) => facetSpace(candidate) === confirmed.asked[0]?.type);
  const name = facet === undefined ? task.collection : `${task.collection}:${facet.name}`;
  const keys = confirmed.asked.map((object) => object.key);
  await listedObjects.recordSeenKeys(tx, fence, { name, listing: task.listing }, keys);
}

async function storeParts(work: Work, tx: Transaction, confirmed: Confirmed): Promise<void> {
  const { objectVersions, pageObjects, links } = work.context.tables;
  const rows: ObjectRow[] = [];
  const gone: number[] = [];
  for (const { object, item } of confirmed.parts) {
    const row = partRow(work.type, object, item);
    if (row === 'gone') gone.push(object.key);
    else if (row !== 'unknown') rows.push(row);
  }
  const references = work.type.children.flatMap((child) => child.references);
  if (rows.length > 0) await storeObjects(work, tx, rows, references);
  if (gone.length === 0) return;
  await pageObjects.openPage(tx);
  const { point } = work.fence;
  work.tally.removed += await objectVersions.endVersions(tx, point, gone, 'gone');
  const names = references.map((reference) => reference.name);
  await links.endLinksOfGone(tx, point, gone, names);
}

function partRow(
  type: ObjectType,
  object: ConfirmObject,
  item: JsonObject | undefined,
): ObjectRow | 'gone' | 'unknown' {
  const facet = type.facets.find((candidate) => facetSpace(candidate) === object.type);
  if (facet !== undefined) {
    // The parent is not there: what becomes of it is its own collection's business.
    if (item === undefined) return 'unknown';
    const row = facetRow(facet, object.parentKey, item);
    return row === 'empty' ? 'gone' : row;
  }
  const child = type.children.find((candidate) => childSpace(candidate) === object.type);
  if (item === undefined || child === undefined) return 'gone';
  return childRow(child, object.parentKey, item);
}
