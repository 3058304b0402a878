import { isEmptyValue } from '../../compare/compare-properties.ts';
import type { PropertyDifference } from '../../compare/difference.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../json/json-value.ts';
import { emptyObject } from '../../json/plain-object.ts';

const property = 'customSecurityAttributes';
const setType = '#microsoft.graph.customSecurityAttributeValue';

/**
 * Writes custom security attributes: a PATCH changes the attributes it names and leaves the others,
 * sets must carry their type, collections and integers theirs, and null or [] removes an attribute.
 * https://learn.microsoft.com/graph/custom-security-attributes-examples
 */
export const customSecurityAttributes = {
  facet: property,
  patch(differences: readonly PropertyDifference[]): JsonObject {
    const body = emptyObject();
    for (const difference of differences) {
      if (difference.name === property) {
        body[property] = changedSets(objectOf(difference.from), objectOf(difference.to));
      }
    }
    return body;
  },
} as const;

function changedSets(live: JsonObject, wanted: JsonObject): JsonObject {
  const sets = emptyObject();
  for (const name of namesOf(live, wanted)) {
    const changed = changedAttributes(objectOf(live[name]), objectOf(wanted[name]));
    if (Object.keys(changed).length === 0) continue;
    sets[name] = Object.assign(emptyObject(), { '@odata.type': setType }, changed);
  }
  return sets;
}

function changedAttributes(live: JsonObject, wanted: JsonObject): JsonObject {
  const changed = emptyObject();
  for (const name of namesOf(live, wanted)) {
    const [before, after] = [live[name], wanted[name]];
    if (JSON.stringify(before) !== JSON.stringify(after)) {
      Object.assign(changed, attribute(name, before, after));
    }
  }
  return changed;
}

/** The attribute with its type where one is needed; an absent or empty one is removed. */
function attribute(
  name: string,
  before: JsonValue | undefined,
  after: JsonValue | undefined,
): JsonObject {
  const removed = after === undefined || isEmptyValue(after);
  const value = removed ? (Array.isArray(before) ? [] : null) : after;
  const typed = removed ? before : after;
  const member = emptyObject();
  if (Array.isArray(typed)) member[`${name}@odata.type`] = collectionType(typed);
  else if (typeof value === 'number') member[`${name}@odata.type`] = '#Int32';
  member[name] = value;
  return member;
}

function collectionType(items: readonly JsonValue[]): string {
  return typeof items[0] === 'number' ? '#Collection(Int32)' : '#Collection(String)';
}

function namesOf(one: JsonObject, two: JsonObject): string[] {
  const names = new Set([...Object.keys(one), ...Object.keys(two)]);
  return [...names].filter((name) => !name.startsWith('@') && !name.includes('@odata.')).sort();
}

function objectOf(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : emptyObject();
}
