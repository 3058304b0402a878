import { type CanonicalRules, canonicalText } from '../json/canonical-text.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../json/json-value.ts';
import { emptyObject } from '../json/plain-object.ts';
import type { PropertyDifference } from './difference.ts';
import { type IdentityMap, rewriteIds } from './rewrite-ids.ts';

/** One body of a comparison and the names of the properties that were read there. */
export interface BodySide {
  readonly body: JsonObject;
  readonly captured: ReadonlySet<string>;
}

export interface PropertyRules {
  readonly canonical: CanonicalRules;
  /** Never compared: the id, and for an object created again what the service set. */
  readonly ignored: ReadonlySet<string>;
  readonly identity: IdentityMap;
}

/** Absent, null, [] and {} all say: nothing there. */
export function isEmptyValue(value: JsonValue | undefined): boolean {
  if (value === undefined || value === null) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isJsonObject(value) && Object.keys(value).length === 0;
}

/**
 * What differs between two bodies of one object, by property name in code unit order. Ids that the
 * identity map knows count as equal. A property that one side did not capture is reported as such,
 * never as cleared.
 */
export function compareProperties(
  from: BodySide,
  to: BodySide,
  rules: PropertyRules,
): PropertyDifference[] {
  const names = new Set([...Object.keys(from.body), ...Object.keys(to.body)]);
  const differences: PropertyDifference[] = [];
  for (const name of [...names].sort(byCodeUnit)) {
    if (rules.ignored.has(name) || rules.canonical.volatile.has(name)) continue;
    const difference = compareProperty(name, from, to, rules);
    if (difference !== undefined) differences.push(difference);
  }
  return differences;
}

function compareProperty(
  name: string,
  from: BodySide,
  to: BodySide,
  rules: PropertyRules,
): PropertyDifference | undefined {
  const before = from.body[name];
  const after = to.body[name];
  const emptyBefore = isEmptyValue(before);
  const emptyAfter = isEmptyValue(after);
  if (emptyBefore && emptyAfter) return undefined;
  if (textOf(name, before, rules) === textOf(name, after, rules)) return undefined;
  const unread = notCaptured(name, before, after, from, to);
  return {
    name,
    ...(emptyBefore || before === undefined ? {} : { from: before }),
    ...(emptyAfter || after === undefined ? {} : { to: after }),
    ...(unread === undefined ? {} : { notCaptured: unread }),
    ...(unread === undefined ? itemsOf(name, before, after, rules) : {}),
  };
}

/** The side that has no value because it was not read; a value that is there was read. */
function notCaptured(
  name: string,
  before: JsonValue | undefined,
  after: JsonValue | undefined,
  from: BodySide,
  to: BodySide,
): 'from' | 'to' | undefined {
  if (before === undefined && !from.captured.has(name)) return 'from';
  if (after === undefined && !to.captured.has(name)) return 'to';
  return undefined;
}

/** Items that only one side has, for an array whose order means nothing. */
function itemsOf(
  name: string,
  before: JsonValue | undefined,
  after: JsonValue | undefined,
  rules: PropertyRules,
): Pick<PropertyDifference, 'added' | 'removed'> {
  const { unordered } = rules.canonical;
  if (!unordered.has(name) && !unordered.has(`${name}[]`)) return {};
  const old = Array.isArray(before) ? before : [];
  const now = Array.isArray(after) ? after : [];
  return {
    added: without(now, old, (item) => textOf('item', item, rules)),
    removed: without(old, now, (item) => textOf('item', item, rules)),
  };
}

/** The items of `list` that `other` lacks, counting repeated items. */
export function without<Item>(
  list: readonly Item[],
  other: readonly Item[],
  key: (item: Item) => string,
): Item[] {
  const left = new Map<string, number>();
  for (const item of other) left.set(key(item), (left.get(key(item)) ?? 0) + 1);
  return list.filter((item) => {
    const count = left.get(key(item)) ?? 0;
    if (count > 0) left.set(key(item), count - 1);
    return count === 0;
  });
}

/** Canonical text of one property under its own name, so that the rules of its path apply. */
export function textOf(name: string, value: JsonValue | undefined, rules: PropertyRules): string {
  if (value === undefined || isEmptyValue(value)) return '';
  const holder = emptyObject();
  holder[name] = rewriteIds(value, rules.identity);
  return canonicalText(holder, rules.canonical);
}

export function byCodeUnit(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
