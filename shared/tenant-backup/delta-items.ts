import { createHash } from 'node:crypto';
import type { LinkType, ObjectType } from '../catalog/object-type.ts';
import { BackupError } from '../errors/backup-error.ts';
import { isJsonObject, type JsonObject } from '../json/json-value.ts';
import { writeJson } from '../json/write-json.ts';
import type { RoundEntry } from '../repository/round-entries.ts';
import { purgeTime } from './bin-page.ts';
import { idOf } from './object-ids.ts';
import type { Removed } from './object-page.ts';
import { objectRow } from './object-row.ts';

/** A change of one link in a round. */
export interface LinkChange {
  readonly link: LinkType;
  readonly sourceId: string;
  readonly targetId: string;
  readonly removed: boolean;
}

/** A page of a round, sorted by what it says; the last entry of an object counts. */
export interface DeltaItems {
  readonly live: readonly JsonObject[];
  readonly softDeleted: readonly Removed[];
  readonly gone: readonly string[];
  readonly links: readonly LinkChange[];
  readonly entries: readonly RoundEntry[];
}

export function sortDelta(
  type: ObjectType,
  items: readonly JsonObject[],
  startedAt: Date,
): DeltaItems {
  const last = new Map<string, JsonObject>();
  const entries: RoundEntry[] = [];
  const links = new Map<string, LinkChange>();
  for (const item of items) {
    const id = idOf(item);
    last.delete(id);
    last.set(id, item);
    entries.push(objectEntry(type, id, item));
    for (const change of linkChanges(type, id, item)) {
      links.set(`${change.link.name} ${id} ${change.targetId}`, change);
      entries.push(linkEntry(type, change));
    }
  }
  const removed = [...last.values()].filter((item) => item['@removed'] !== undefined);
  const inBin = removed.filter((item) => type.recycleBin !== undefined && isChanged(item));
  return {
    live: [...last.values()].filter((item) => item['@removed'] === undefined),
    softDeleted: inBin.map((item) => ({
      objectId: idOf(item),
      purgeAt: purgeTime(item['deletedDateTime'], startedAt),
    })),
    gone: removed.filter((item) => !inBin.includes(item)).map(idOf),
    links: [...links.values()],
    entries,
  };
}

/**
 * `changed`: in the recycle bin, can come back; `deleted`: gone.
 * https://learn.microsoft.com/graph/delta-query-overview#resource-representation-in-the-delta-query-response
 */
function isChanged(item: JsonObject): boolean {
  const removed = item['@removed'];
  const reason = isJsonObject(removed) ? removed['reason'] : undefined;
  if (reason === 'changed') return true;
  if (reason === 'deleted') return false;
  throw new BackupError('graphBadAnswer', 'a removed item does not say how');
}

function linkChanges(type: ObjectType, sourceId: string, item: JsonObject): LinkChange[] {
  return type.links.flatMap((link) => {
    const changes = item[`${link.path}@delta`];
    if (changes === undefined) return [];
    if (!Array.isArray(changes)) {
      throw new BackupError('graphBadAnswer', `${link.path}@delta is not a list`);
    }
    return changes.filter(isJsonObject).map((change) => ({
      link,
      sourceId,
      targetId: idOf(change),
      removed: change['@removed'] !== undefined,
    }));
  });
}

function objectEntry(type: ObjectType, objectId: string, item: JsonObject): RoundEntry {
  const removed = item['@removed'];
  const entry =
    removed === undefined ? objectRow(type, item).hash : digest(`removed ${writeJson(removed)}`);
  return { space: type.space, objectId, relationship: '', targetId: null, targetSpace: '', entry };
}

function linkEntry(type: ObjectType, change: LinkChange): RoundEntry {
  return {
    space: type.space,
    objectId: change.sourceId,
    relationship: change.link.name,
    targetId: change.targetId,
    targetSpace: 'directory',
    entry: digest(change.removed ? 'removed' : 'present'),
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
