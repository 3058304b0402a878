import type { ObjectType } from '../catalog/object-type.ts';
import type { JsonValue } from '../json/json-value.ts';
import { emptyObject } from '../json/plain-object.ts';
import { writeJson } from '../json/write-json.ts';
import { type CapturedProperties, compareObject, type ObjectState } from './compare-object.ts';
import type { DifferenceDetail, PropertyDifference } from './difference.ts';
import type { IdentityMap } from './rewrite-ids.ts';
import { groupByParent, objectStateOf, rulesOfTypes, type StoredState } from './stored-states.ts';

/** One listed difference whose bodies have to be looked into. */
export interface ListedDifference {
  readonly no: number;
  readonly type: string;
  readonly fromKey: number | null;
  readonly toKey: number | null;
  readonly selected: boolean;
  readonly linkCount: number;
}

/** The states of all listed objects at one point. */
export interface SideStates {
  readonly objects: ReadonlyMap<number, StoredState>;
  readonly parts: readonly StoredState[];
  readonly captured: CapturedProperties;
}

export interface DetailInput {
  readonly differences: readonly ListedDifference[];
  readonly from: SideStates;
  readonly to: SideStates;
  readonly types: readonly ObjectType[];
  readonly identity: IdentityMap;
  /** Only these properties; undefined for all. */
  readonly properties?: ReadonlySet<string>;
}

const nothing: ObjectState = {
  id: '',
  body: Object.freeze(emptyObject()),
  facets: new Map(),
  children: [],
};
const noDetail: DifferenceDetail = { properties: [], parts: [] };

/**
 * Details of listed differences as JSON; null for one that turns out to be none: the content differs
 * in nothing that counts and no link differs.
 */
export function differenceDetails(input: DetailInput): { no: number; detail: string | null }[] {
  const fromParts = groupByParent(input.from.parts);
  const toParts = groupByParent(input.to.parts);
  const rulesOf = rulesOfTypes(input.types);
  const stateOf = (
    key: number | null,
    side: SideStates,
    parts: ReadonlyMap<number, readonly StoredState[]>,
  ): ObjectState | undefined => {
    const own = key === null ? undefined : side.objects.get(key);
    return own === undefined ? undefined : objectStateOf(own, parts.get(own.key) ?? []);
  };
  return input.differences.map((difference) => {
    const type = input.types.find((each) => each.name === difference.type);
    if (type === undefined || !difference.selected) return saved(difference, noDetail);
    const from = stateOf(difference.fromKey, input.from, fromParts);
    const to = stateOf(difference.toKey, input.to, toParts);
    const captured = { from: input.from.captured, to: input.to.captured };
    const sides = { from: from ?? nothing, to: to ?? nothing, captured };
    const detail = compareObject(type, sides, rulesOf, input.identity);
    const whole = from === undefined || to === undefined;
    return saved(difference, chosen(whole ? oneSided(detail) : detail, input.properties));
  });
}

function saved(difference: ListedDifference, detail: DifferenceDetail) {
  const { no, fromKey, toKey, linkCount } = difference;
  const both = fromKey !== null && toKey !== null;
  const empty = detail.properties.length === 0 && detail.parts.length === 0;
  if (both && empty && linkCount === 0) return { no, detail: null };
  return { no, detail: writeJson(asJson(detail)) };
}

/** An object that only one side has was not left unread on the other. */
function oneSided(detail: DifferenceDetail): DifferenceDetail {
  const plain = (list: readonly PropertyDifference[]): PropertyDifference[] =>
    list.map(({ notCaptured: _, ...property }) => property);
  return {
    properties: plain(detail.properties),
    parts: detail.parts.map((part) => ({ ...part, properties: plain(part.properties) })),
  };
}

function chosen(
  detail: DifferenceDetail,
  properties: ReadonlySet<string> | undefined,
): DifferenceDetail {
  if (properties === undefined) return detail;
  const own = detail.properties.filter(({ name }) => properties.has(name));
  const parts = detail.parts
    .map((part) =>
      part.type.startsWith('facet:')
        ? { ...part, properties: part.properties.filter(({ name }) => properties.has(name)) }
        : part,
    )
    .filter((part) => part.properties.length > 0 && part.type.startsWith('facet:'));
  return { properties: own, parts };
}

/** The same members as JSON values; optional ones that are missing stay missing. */
function asJson(detail: DifferenceDetail): JsonValue {
  return { properties: detail.properties, parts: detail.parts } as unknown as JsonValue;
}
