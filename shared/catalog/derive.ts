// What follows from the entries: canonical rules, requests, permissions. Pure functions of the data.
import { findObjectType, foreignSpaces, objectTypes } from './index.ts';
import type { ChildType, EmbeddedReference, FacetType, ObjectType } from './object-type.ts';

/** Fits `canonicalText`; the same object for the same entry, because it is compiled once. */
export interface EntryRules {
  readonly volatile: ReadonlySet<string>;
  readonly unordered: ReadonlySet<string>;
  readonly dropEmptyTopLevel: boolean;
  readonly baseType?: string;
}

const rulesOf = new WeakMap<object, EntryRules>();

function remembered(key: object, make: () => EntryRules): EntryRules {
  const known = rulesOf.get(key) ?? make();
  rulesOf.set(key, known);
  return known;
}

/** Delta omits what a list shows as `[]` or `{}`: such members are dropped for delta-tracked types. */
export function canonicalRulesOf(type: ObjectType): EntryRules {
  return remembered(type, () => ({
    volatile: new Set(type.volatile),
    unordered: new Set(type.unordered),
    dropEmptyTopLevel: type.changeTracking === 'delta',
    baseType: `microsoft.graph.${type.name}`,
  }));
}

export function canonicalRulesOfChild(child: ChildType): EntryRules {
  return remembered(child, () => ({
    volatile: new Set(child.volatile),
    unordered: new Set(),
    dropEmptyTopLevel: false,
    baseType: `microsoft.graph.${child.name}`,
  }));
}

/** The id belongs to the parent: a facet holds the facet's own properties. */
export function canonicalRulesOfFacet(facet: FacetType): EntryRules {
  return remembered(facet, () => ({
    volatile: new Set(['id']),
    unordered: new Set(),
    dropEmptyTopLevel: true,
  }));
}

/** Properties to ask for and to record as captured, given what the reader may do. */
export interface Capture {
  /** Value of `$select`; undefined when none may be sent (derived types). */
  readonly select: string | undefined;
  /** Absent among these means empty. */
  readonly captured: readonly string[];
  /** Left out, with the permission that is missing. */
  readonly missing: readonly { readonly property: string; readonly permission: string }[];
}

/** Without a permission Graph leaves the property out silently: it must not count as empty. */
export function captureOf(type: ObjectType, held: ReadonlySet<string>): Capture {
  const missing = type.select.flatMap((property) => {
    const permission = type.permissions.properties?.[property]?.read?.find((p) => !held.has(p));
    return permission === undefined ? [] : [{ property, permission }];
  });
  const captured = type.select.filter((name) => !missing.some(({ property }) => property === name));
  return { select: type.derivedTypes ? undefined : captured.join(','), captured, missing };
}

/** Id space in which the target of an embedded reference is looked up. */
export function referenceSpace(reference: EmbeddedReference): string {
  if (reference.space !== 'objectId') return reference.space;
  const target = reference.targets[0] ?? '';
  return findObjectType(target)?.space ?? foreignSpaces[target] ?? 'directory';
}

/** True when the value of an embedded reference is a word, not an id. */
export function isConstant(reference: EmbeddedReference, value: string): boolean {
  return reference.constants.includes(value);
}

/** Application permissions, sorted: of the reader, and what the restorer needs besides. */
export function permissionLists(types: readonly ObjectType[] = objectTypes): {
  readonly read: readonly string[];
  readonly restore: readonly string[];
} {
  const parts = types.flatMap((type) => [
    type.permissions,
    ...Object.values(type.permissions.properties ?? {}),
    ...[...type.links, ...type.children, ...type.facets].map((part) => part.permissions),
  ]);
  // Finding out about an id that nothing delivered (getByIds) needs it.
  const read = new Set(['Directory.Read.All', ...parts.flatMap((part) => part.read ?? [])]);
  const restore = new Set(parts.flatMap((part) => part.restore ?? []));
  return { read: [...read].sort(), restore: [...restore].filter((p) => !read.has(p)).sort() };
}

/** Entries in an order in which every `after` comes first. */
export function restoreOrder(types: readonly ObjectType[] = objectTypes): readonly ObjectType[] {
  const placed: ObjectType[] = [];
  const waiting = new Set(types);
  while (waiting.size > 0) {
    const next = [...waiting].find((type) =>
      type.restore.after.every((name) => ![...waiting].some((other) => other.name === name)),
    );
    if (next === undefined) throw new TypeError('restore.after of the catalogue has a cycle');
    waiting.delete(next);
    placed.push(next);
  }
  return placed;
}
