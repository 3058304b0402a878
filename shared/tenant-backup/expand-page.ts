import type { LinkType } from '../catalog/object-type.ts';
import type { GraphPage } from '../graph/graph-request.ts';
import { isJsonObject, type JsonObject } from '../json/json-value.ts';
import type { Transaction } from '../repository/database.ts';
import type { Fence } from '../repository/fence.ts';
import type { Edge, LinkPage } from '../repository/link-pairs.ts';
import type { Work } from './backup-context.ts';
import { canonicalId, idOf } from './object-ids.ts';

/** What an answer shows of one source's links. */
export interface ShownLinks {
  readonly sourceId: string;
  readonly targetIds: readonly string[];
  /** Whether these are all: not cut at the limit of `$expand`, and the key was there. */
  readonly complete: boolean;
}

/** Targets of an item read with `$expand`; a missing key of a to-many relation is unreadable. */
export function shownLinks(link: LinkType, item: JsonObject): ShownLinks {
  const sourceId = idOf(item);
  const value = item[link.path];
  if (link.cardinality === 'one') {
    const targetIds = isJsonObject(value) ? [idOf(value)] : [];
    return { sourceId, targetIds, complete: true };
  }
  if (!Array.isArray(value)) return { sourceId, targetIds: [], complete: false };
  const targetIds = value.filter(isJsonObject).map(idOf);
  const limit = link.expandLimit ?? Number.POSITIVE_INFINITY;
  const complete = targetIds.length === value.length && value.length < limit;
  return { sourceId, targetIds, complete };
}

/** Stores a page of an `$expand` pass and queues a follow-up of each set that may be cut. */
export async function storeExpandPage(
  work: Work,
  tx: Transaction,
  link: LinkType,
  page: GraphPage,
): Promise<void> {
  const { context, type, fence } = work;
  const { objectKeys, links, linkPairs, linkReads, linkDues, absentLinks } = context.tables;
  const shown = page.items.map((item) => shownLinks(link, item));
  const unread = page.quarantined.flatMap((item) =>
    item.id === undefined ? [] : [canonicalId(item.id)],
  );
  const ids = [...shown.map((source) => source.sourceId), ...unread];
  const keys = await objectKeys.makeKeys(tx, type.space, type.name, ids);
  const keyOf = (id: string): number => keys.get(id) ?? 0;
  const edges = shown.flatMap(({ sourceId, targetIds }) => {
    const source = keyOf(sourceId);
    return targetIds.map((targetId): Edge => [source, targetId]);
  });
  const followUps = [
    ...shown
      .filter((source) => !source.complete)
      .map((source) => ({ key: keyOf(source.sourceId), expected: source.targetIds })),
    ...unread.map((id) => ({ key: keyOf(id), expected: [] })),
  ];
  const incomplete = new Set(followUps.map((source) => source.key));
  const complete = [...keys.values()].filter((key) => !incomplete.has(key));
  const linkPage = relationPage(fence, link);
  const pairs = await linkPairs.pairsOf(tx, linkPage, edges);
  const absent = await absentLinks.sourcesWithAbsent(tx, fence, link.name, complete, pairs);
  await linkDues.addDue(tx, link.name, 's', absent);
  work.tally.links += await links.openLinks(tx, linkPage, pairs);
  await linkReads.recordSources(tx, fence, link.name, complete);
  await linkReads.queueFollowUps(tx, fence, link.name, followUps);
}

export function relationPage(fence: Fence, link: LinkType): LinkPage {
  return {
    relationship: link.name,
    kind: 'relation',
    targetSpace: 'directory',
    point: fence.point,
  };
}
