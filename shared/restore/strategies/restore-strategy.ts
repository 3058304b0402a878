import type { JsonObject } from '../../json/json-value.ts';

/** What a strategy may look at. */
export interface StrategyInput {
  /** Id of the object in the restore point. */
  readonly objectId: string;
  readonly wanted: JsonObject;
  /** Live body, absent when the object is gone or its body is unknown. */
  readonly live?: JsonObject;
}

/** The body of a POST under preparation. */
export interface Creation {
  readonly body: JsonObject;
  /** Written by a PATCH at the very end of the restore. */
  readonly finish: JsonObject;
  /** Name of a generated password that goes into the POST. */
  readonly secret?: string;
  /** What the object loses, beyond what its type always loses. */
  readonly lost: readonly string[];
}

/**
 * A quirk of a type under a name that its catalogue entry mentions. Pure: looks at bodies, answers
 * what to do. All parts are optional.
 */
export interface RestoreStrategy {
  readonly name: string;
  /** Why the object must not be written at all, in a sentence. */
  refuse?(input: StrategyInput): string | undefined;
  /** Why it cannot be created again, in a sentence. */
  refuseCreation?(input: StrategyInput): string | undefined;
  /** Properties that a PATCH must leave out, with the reason. */
  unwritable?(input: StrategyInput): ReadonlyMap<string, string>;
  create?(creation: Creation, input: StrategyInput): Creation;
  /** Why links of this relationship are not written for this object. */
  refuseLinks?(relationship: string, wanted: JsonObject): string | undefined;
  /** Graph permissions that this object needs beyond its type's. */
  permissions?(wanted: JsonObject): readonly string[];
}
