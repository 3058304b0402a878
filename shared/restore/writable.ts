import type { ObjectType } from '../catalog/object-type.ts';
import { isEmptyValue } from '../compare/compare-properties.ts';
import type { PropertyDifference } from '../compare/difference.ts';
import type { JsonValue } from '../json/json-value.ts';

/** Why a property cannot be written by a PATCH; undefined when it can. */
export function unwritableReason(type: ObjectType, name: string): string | undefined {
  if (name.startsWith('@')) return 'The type of an object cannot be changed.';
  if (type.restore.readOnly.includes(name)) return 'The service sets this property itself.';
  if (type.restore.createOnly.includes(name)) {
    return 'The property can only be set when the object is created.';
  }
  return type.select.includes(name) ? undefined : 'The catalogue does not know this property.';
}

/** True for a property that may stand in a POST. */
export function creatable(type: ObjectType, name: string): boolean {
  return (
    !name.startsWith('@') && type.select.includes(name) && !type.restore.readOnly.includes(name)
  );
}

/** What a PATCH writes to make the live value the wanted one: `[]` or `null` empties it. */
export function wantedValue(difference: PropertyDifference): JsonValue {
  if (difference.to !== undefined && !isEmptyValue(difference.to)) return difference.to;
  return Array.isArray(difference.from) ? [] : null;
}
