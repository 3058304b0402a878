import {
  canonicalRulesOf,
  canonicalRulesOfChild,
  canonicalRulesOfFacet,
  isConstant,
  referenceSpace,
} from '../catalog/derive.ts';
import type {
  ChildType,
  EmbeddedReference,
  FacetType,
  ObjectType,
} from '../catalog/object-type.ts';
import { BackupError } from '../errors/backup-error.ts';
import { type CanonicalRules, canonicalText, contentHash } from '../json/canonical-text.ts';
import { valuesAt } from '../json/json-path.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../json/json-value.ts';
import { parseJson } from '../json/parse-json.ts';
import { emptyObject } from '../json/plain-object.ts';
import type { ObjectRow } from '../repository/page-objects.ts';
import { childSpace, facetSpace } from './type-parts.ts';

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
    ...content(own, canonicalRulesOf(type)),
  };
}

export function childRow(child: ChildType, parentKey: number, item: JsonObject): ObjectRow {
  const space = childSpace(child);
  const body = content(item, canonicalRulesOfChild(child));
  const labels = labelsOf(item, 'displayName', ['displayName']);
  return { space, parentKey, objectId: idOf(item), type: space, ...labels, ...body };
}

/**
 * The facet of an object: undefined when Graph says that it is empty, 'unknown' when the answer does
 * not name its properties at all (which is what a missing permission looks like).
 */
export function facetRow(
  facet: FacetType,
  parentKey: number,
  item: JsonObject,
): ObjectRow | 'empty' | 'unknown' {
  const names = facet.select.filter((name) => name !== 'id');
  if (!names.some((name) => name in item)) return 'unknown';
  const own = emptyObject();
  for (const name of names) own[name] = item[name] ?? null;
  const written = content(own, canonicalRulesOfFacet(facet));
  if (written.body === '{}') return 'empty';
  const space = facetSpace(facet);
  return {
    space,
    parentKey,
    objectId: idOf(item),
    type: space,
    label: null,
    search: null,
    ...written,
  };
}

function content(item: JsonObject, rules: CanonicalRules): { hash: Buffer; body: string } {
  const body = canonicalText(item, rules);
  return { hash: contentHash(body), body };
}

function withoutNavigation(type: ObjectType, item: JsonObject): JsonObject {
  const own = emptyObject();
  const paths = new Set(type.links.map((link) => link.path));
  for (const name of Object.keys(item)) {
    const isLink = name.endsWith('@delta') || paths.has(name) || name === '@removed';
    if (!isLink) own[name] = item[name] ?? null;
  }
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

function labelsOf(
  item: JsonObject,
  label: string,
  searchable: readonly string[],
): { label: string | null; search: string | null } {
  const terms = searchable.flatMap((path) => texts(item, path)).map((term) => term.toLowerCase());
  const shown = texts(item, label)[0];
  return {
    label: shown === undefined ? null : storable(shown),
    search: terms.length === 0 ? null : storable(terms.join('\n')),
  };
}

function texts(item: JsonObject, path: string): string[] {
  return valuesAt(item, path)
    .flatMap((value: JsonValue) => (Array.isArray(value) ? value : [value]))
    .filter((value): value is string => typeof value === 'string');
}

/** PostgreSQL text holds neither NUL nor lone surrogates. */
function storable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD');
}

/** Ids a body refers to by one embedded reference, constants left out. */
export function referencedIds(body: string, reference: EmbeddedReference): string[] {
  const ids = texts(parseJson(body) as JsonObject, reference.path)
    .filter((id) => id !== '' && !isConstant(reference, id))
    .map(canonicalId)
    .map(storable);
  return [...new Set(ids)];
}

export { referenceSpace };
