import { canonicalText } from '../json/canonical-text.ts';
import { isJsonObject, type JsonObject } from '../json/json-value.ts';
import { emptyObject } from '../json/plain-object.ts';
import { type BodySide, compareProperties, type PropertyRules } from './compare-properties.ts';
import type { Change, ChildState, PartDifference } from './difference.ts';
import { rewriteIds } from './rewrite-ids.ts';

const nothing = Object.freeze(emptyObject());

/** One facet on both sides; a missing body means that nothing of it was there. */
export interface FacetPair {
  readonly name: string;
  readonly from?: JsonObject;
  readonly to?: JsonObject;
  readonly captured: { readonly from: ReadonlySet<string>; readonly to: ReadonlySet<string> };
}

/** Compares a facet property by property; nothing when equal. */
export function compareFacet(pair: FacetPair, rules: PropertyRules): PartDifference | undefined {
  const from: BodySide = { body: pair.from ?? nothing, captured: pair.captured.from };
  const to: BodySide = { body: pair.to ?? nothing, captured: pair.captured.to };
  const properties = compareProperties(from, to, rules);
  if (properties.length === 0) return undefined;
  return { type: `facet:${pair.name}`, change: changeOf(pair.from, pair.to), properties };
}

/**
 * Compares the children of one type. Those with the same id are pairs; the rest pair up when their
 * content is equal apart from the id and rewritten references, because a child that was created
 * again has another id and is the same thing.
 */
export function compareChildren(
  from: readonly ChildState[],
  to: readonly ChildState[],
  rules: PropertyRules,
): PartDifference[] {
  const differences: PartDifference[] = [];
  const before = new Map(from.map((child) => [child.id, child]));
  const unpaired: ChildState[] = [];
  for (const child of to) {
    const old = before.get(child.id);
    if (old === undefined) unpaired.push(child);
    else {
      before.delete(child.id);
      const properties = compareProperties(sideOf(old), sideOf(child), rules);
      if (properties.length > 0) differences.push(part(child, 'modified', properties));
    }
  }
  const { added, removed } = pairByContent([...before.values()], unpaired, withoutIds(rules));
  const none: BodySide = { body: nothing, captured: new Set() };
  for (const child of removed) {
    differences.push(part(child, 'removed', plain(compareProperties(sideOf(child), none, rules))));
  }
  for (const child of added) {
    differences.push(part(child, 'added', plain(compareProperties(none, sideOf(child), rules))));
  }
  return differences;
}

function pairByContent(
  before: readonly ChildState[],
  after: readonly ChildState[],
  rules: PropertyRules,
): { added: ChildState[]; removed: ChildState[] } {
  const waiting = new Map<string, ChildState[]>();
  for (const child of before) {
    const text = contentOf(child, rules);
    waiting.set(text, [...(waiting.get(text) ?? []), child]);
  }
  const added = after.filter((child) => waiting.get(contentOf(child, rules))?.pop() === undefined);
  return { added, removed: [...waiting.values()].flat() };
}

/** Canonical text of a child; the rules leave its own id out. */
function contentOf(child: ChildState, rules: PropertyRules): string {
  const body = rewriteIds(child.body, rules.identity);
  return isJsonObject(body) ? `${child.type} ${canonicalText(body, rules.canonical)}` : child.type;
}

/** Rules under which ignored properties count as volatile; one object, compiled once. */
function withoutIds(rules: PropertyRules): PropertyRules {
  const volatile = new Set([...rules.canonical.volatile, ...rules.ignored]);
  return { ...rules, canonical: { ...rules.canonical, volatile } };
}

function sideOf(child: ChildState): BodySide {
  const body = isJsonObject(child.body) ? child.body : nothing;
  return { body, captured: new Set(Object.keys(body)) };
}

/** A child that appears or goes has values on one side only; the other side is not unread. */
function plain(properties: PartDifference['properties']): PartDifference['properties'] {
  return properties.map(({ notCaptured: _, ...property }) => property);
}

function part(
  child: ChildState,
  change: Change,
  properties: PartDifference['properties'],
): PartDifference {
  return { type: child.type, id: child.id, change, properties };
}

function changeOf(from: JsonObject | undefined, to: JsonObject | undefined): Change {
  if (from === undefined) return 'added';
  return to === undefined ? 'removed' : 'modified';
}
