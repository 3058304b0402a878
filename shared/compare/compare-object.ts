// Compares one object of two states of a tenant: its properties, facets and children. Which objects
// and links differ at all is found by SQL over version intervals; this folder looks into the bodies.
// It is pure: no I/O, no clock, and it knows nothing of restore plans.
import type { ObjectType } from '../catalog/object-type.ts';
import type { CanonicalRules } from '../json/canonical-text.ts';
import type { JsonObject } from '../json/json-value.ts';
import { compareChildren, compareFacet } from './compare-parts.ts';
import { compareProperties, type PropertyRules } from './compare-properties.ts';
import type { ChildState, DifferenceDetail, PartDifference } from './difference.ts';
import type { IdentityMap } from './rewrite-ids.ts';

/** An object with its parts at one point. */
export interface ObjectState {
  readonly id: string;
  readonly body: JsonObject;
  /** By facet name. */
  readonly facets: ReadonlyMap<string, JsonObject>;
  readonly children: readonly ChildState[];
}

/** What was read at a point, by collection: property names. */
export type CapturedProperties = (collection: string) => ReadonlySet<string>;

export interface ComparisonSides {
  readonly from: ObjectState;
  readonly to: ObjectState;
  readonly captured: { readonly from: CapturedProperties; readonly to: CapturedProperties };
}

/** The canonical rules of a type, of a facet (`facet:<name>`) or of a child type. */
export type RulesOf = (part: string) => CanonicalRules;

/** Detail of an object that exists on both sides. Empty lists mean that nothing differs. */
export function compareObject(
  type: ObjectType,
  sides: ComparisonSides,
  rulesOf: RulesOf,
  identity: IdentityMap,
): DifferenceDetail {
  const { from, to, captured } = sides;
  const ignored = new Set(['id', ...(from.id === to.id ? [] : type.restore.readOnly)]);
  const rules: PropertyRules = { canonical: rulesOf(type.name), ignored, identity };
  const properties = compareProperties(
    { body: from.body, captured: captured.from(type.name) },
    { body: to.body, captured: captured.to(type.name) },
    rules,
  );
  return { properties, parts: compareParts(type, sides, rulesOf, identity) };
}

function compareParts(
  type: ObjectType,
  { from, to, captured }: ComparisonSides,
  rulesOf: RulesOf,
  identity: IdentityMap,
): PartDifference[] {
  const parts: PartDifference[] = [];
  for (const { name } of type.facets) {
    const collection = `facet:${name}`;
    const before = from.facets.get(name);
    const after = to.facets.get(name);
    const difference = compareFacet(
      {
        name,
        ...(before === undefined ? {} : { from: before }),
        ...(after === undefined ? {} : { to: after }),
        captured: { from: captured.from(collection), to: captured.to(collection) },
      },
      { canonical: rulesOf(collection), ignored: new Set(['id']), identity },
    );
    if (difference !== undefined) parts.push(difference);
  }
  for (const { name } of type.children) {
    const ofType = (child: ChildState): boolean => child.type === name;
    const rules = { canonical: rulesOf(name), ignored: new Set(['id']), identity };
    parts.push(...compareChildren(from.children.filter(ofType), to.children.filter(ofType), rules));
  }
  return parts;
}
