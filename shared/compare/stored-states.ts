import {
  canonicalRulesOf,
  canonicalRulesOfChild,
  canonicalRulesOfFacet,
} from '../catalog/derive.ts';
import type { ObjectType } from '../catalog/object-type.ts';
import type { CanonicalRules } from '../json/canonical-text.ts';
import { isJsonObject, type JsonObject } from '../json/json-value.ts';
import { parseJson } from '../json/parse-json.ts';
import { emptyObject } from '../json/plain-object.ts';
import type { CapturedProperties, ObjectState, RulesOf } from './compare-object.ts';
import type { ChildState } from './difference.ts';

/** An object version or a part of one, as it is stored: the body as canonical text. */
export interface StoredState {
  readonly key: number;
  readonly objectId: string;
  readonly type: string;
  readonly parentKey: number;
  readonly body: string | null;
}

const none: ReadonlySet<string> = new Set();

/**
 * Names captured at a point, by name of a type or facet (`facet:<name>`). A facet is captured with
 * the collection of its type; nothing is known of a collection without an entry.
 */
export function capturedBy(
  states: ReadonlyMap<string, ReadonlySet<string>>,
  types: readonly ObjectType[],
): CapturedProperties {
  const owners = new Map(
    types.flatMap((type) => type.facets.map(({ name }) => [`facet:${name}`, type.name])),
  );
  return (part) => states.get(part) ?? states.get(owners.get(part) ?? '') ?? none;
}

/** Canonical rules by name of a type, of a child type or of a facet (`facet:<name>`). */
export function rulesOfTypes(types: readonly ObjectType[]): RulesOf {
  const rules = new Map<string, CanonicalRules>();
  for (const type of types) {
    rules.set(type.name, canonicalRulesOf(type));
    for (const child of type.children) rules.set(child.name, canonicalRulesOfChild(child));
    for (const facet of type.facets) rules.set(`facet:${facet.name}`, canonicalRulesOfFacet(facet));
  }
  const plain: CanonicalRules = { volatile: none, unordered: none, dropEmptyTopLevel: false };
  return (part) => rules.get(part) ?? plain;
}

/** Spaces in which the parts of the types are stored. */
export function partSpaces(types: readonly ObjectType[]): string[] {
  return types.flatMap((type) => [
    ...type.facets.map(({ name }) => `facet:${name}`),
    ...type.children.map(({ name }) => name),
  ]);
}

/** An object with its parts; a body that is not known counts as empty. */
export function objectStateOf(own: StoredState, parts: readonly StoredState[]): ObjectState {
  const facets = new Map<string, JsonObject>();
  const children: ChildState[] = [];
  for (const part of parts) {
    const body = bodyOf(part);
    if (part.type.startsWith('facet:')) facets.set(part.type.slice('facet:'.length), body);
    else children.push({ type: part.type, id: part.objectId, body });
  }
  return { id: own.objectId, body: bodyOf(own), facets, children };
}

export function groupByParent(parts: readonly StoredState[]): Map<number, StoredState[]> {
  const groups = new Map<number, StoredState[]>();
  for (const part of parts) {
    const group = groups.get(part.parentKey);
    if (group === undefined) groups.set(part.parentKey, [part]);
    else group.push(part);
  }
  return groups;
}

function bodyOf(state: StoredState): JsonObject {
  const value = state.body === null ? emptyObject() : parseJson(state.body);
  return isJsonObject(value) ? value : emptyObject();
}
