import { isJsonObject, type JsonValue } from '../json/json-value.ts';
import { emptyObject } from '../json/plain-object.ts';

const guid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;

/** Old object id -> the id under which the object lives now; both lower-case. */
export type IdentityMap = ReadonlyMap<string, string>;

/** Follows the map to its end: an object may have been created again several times. */
export function currentIdOf(map: IdentityMap, id: string): string {
  const seen = new Set<string>();
  let current = id;
  for (let next = map.get(current); next !== undefined; next = map.get(current)) {
    if (seen.has(next)) return current;
    seen.add(current);
    current = next;
  }
  return current;
}

/**
 * The value with every id that the map knows replaced by the current one, wherever it stands in a
 * string: lists of ids, membership rules, scopes. Ids are GUIDs, so nothing else can be hit. Returns
 * the same value when nothing changes.
 */
export function rewriteIds(value: JsonValue, map: IdentityMap): JsonValue {
  if (map.size === 0) return value;
  if (typeof value === 'string') return rewriteText(value, map);
  if (Array.isArray(value)) {
    const items = value.map((item) => rewriteIds(item, map));
    return items.some((item, index) => item !== value[index]) ? items : value;
  }
  if (!isJsonObject(value)) return value;
  let copy = value;
  for (const [name, member] of Object.entries(value)) {
    const changed = rewriteIds(member, map);
    if (changed === member) continue;
    if (copy === value) copy = Object.assign(emptyObject(), value);
    copy[name] = changed;
  }
  return copy;
}

/** The ids of the map's old side that occur in the value, lower-case. */
export function mentionedIds(value: JsonValue, into: Set<string> = new Set()): Set<string> {
  if (typeof value === 'string') {
    for (const match of value.matchAll(guid)) into.add(match[0].toLowerCase());
  } else if (Array.isArray(value)) {
    for (const item of value) mentionedIds(item, into);
  } else if (isJsonObject(value)) {
    for (const member of Object.values(value)) mentionedIds(member, into);
  }
  return into;
}

function rewriteText(text: string, map: IdentityMap): string {
  return text.replace(guid, (found) => {
    const current = currentIdOf(map, found.toLowerCase());
    return current === found.toLowerCase() ? found : current;
  });
}
