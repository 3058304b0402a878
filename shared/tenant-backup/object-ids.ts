import { BackupError } from '../errors/backup-error.ts';
import type { JsonObject } from '../json/json-value.ts';

const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** GUIDs are kept in lower case, other ids exactly. */
export function canonicalId(id: string): string {
  return guid.test(id) ? id.toLowerCase() : id;
}

/** The id of an item; an item without one is not what Graph documents. */
export function idOf(item: JsonObject): string {
  const id = item['id'];
  if (typeof id !== 'string' || id === '') {
    throw new BackupError('graphBadAnswer', 'an item has no id');
  }
  return canonicalId(id);
}
