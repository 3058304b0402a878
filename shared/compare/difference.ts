import type { JsonValue } from '../json/json-value.ts';

export type Change = 'added' | 'removed' | 'modified';

/**
 * One property that differs. A missing `from` or `to` means empty, unless `notCaptured` names that
 * side: then the value was not read there and nothing is known of it.
 */
export interface PropertyDifference {
  readonly name: string;
  readonly from?: JsonValue;
  readonly to?: JsonValue;
  readonly notCaptured?: 'from' | 'to';
  /** For arrays whose order means nothing: items that only `to` has, and only `from` has. */
  readonly added?: readonly JsonValue[];
  readonly removed?: readonly JsonValue[];
}

/** A child or facet that differs, shown with its parent. */
export interface PartDifference {
  /** `facet:<name>` or the name of the child type. */
  readonly type: string;
  /** Object id of a child; facets have none of their own. */
  readonly id?: string;
  readonly change: Change;
  readonly properties: readonly PropertyDifference[];
}

export interface DifferenceDetail {
  readonly properties: readonly PropertyDifference[];
  readonly parts: readonly PartDifference[];
}

/** A child as one side of a comparison has it. */
export interface ChildState {
  readonly type: string;
  readonly id: string;
  readonly body: JsonValue;
}
