import { canonicalRulesOf } from '../catalog/derive.ts';
import type { ObjectType } from '../catalog/object-type.ts';
import { type CanonicalRules, canonicalText, contentHash } from '../json/canonical-text.ts';
import { isJsonObject, type JsonObject } from '../json/json-value.ts';
import { parseJson } from '../json/parse-json.ts';
import { emptyObject } from '../json/plain-object.ts';
import type { ObjectRow } from '../repository/page-objects.ts';
import { idOf } from './object-ids.ts';
import { labelsOf } from './object-label.ts';

/** The object as it is stored; navigation properties and annotations of the answer are left out. */
export function objectRow(type: ObjectType, item: JsonObject): ObjectRow {
  const own = withoutNavigation(type, item);
  const labels = labelsOf(own, type.label, type.searchable);
  return {
    space: type.space,
    parentKey: 0,
    objectId: idOf(item),
    type: type.name,
    ...labels,
    ...contentOf(own, canonicalRulesOf(type)),
  };
}

/** Canonical text of an item and its SHA-256. */
export function contentOf(item: JsonObject, rules: CanonicalRules): { hash: Buffer; body: string } {
  const body = canonicalText(item, rules);
  return { hash: contentHash(body), body };
}

/** Mostly the item itself: a copy made member by member takes three times as long to read. */
function withoutNavigation(type: ObjectType, item: JsonObject): JsonObject {
  const isLink = (name: string): boolean =>
    name.endsWith('@delta') || name === '@removed' || type.links.some(({ path }) => path === name);
  const names = Object.keys(item);
  if (!names.some(isLink)) return item;
  const own = emptyObject();
  for (const name of names) if (!isLink(name)) own[name] = item[name] ?? null;
  return own;
}

/** A delta item onto the previous body: present replaces, null clears, absent keeps (DESIGN 6.4). */
export function mergeDelta(previous: string | null, item: JsonObject): JsonObject {
  const before = previous === null ? undefined : parseJson(previous);
  if (!isJsonObject(before)) return item;
  const merged = emptyObject();
  for (const name of Object.keys(before)) merged[name] = before[name] ?? null;
  for (const name of Object.keys(item)) merged[name] = item[name] ?? null;
  return merged;
}
