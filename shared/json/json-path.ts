import { isJsonObject, JsonNumber, type JsonObject, type JsonValue } from './json-value.ts';
import { emptyObject } from './plain-object.ts';

interface Step {
  readonly name: string;
  /** How often `[]` follows the name. */
  readonly arrays: number;
}

/**
 * The values at a path such as `conditions.users.includeUsers[]` or
 * `assignedLicenses[].disabledPlans[]`; `[]` steps into every item of an array. Members that are
 * absent or null, and steps that do not fit the value, give nothing.
 */
export function valuesAt(object: JsonValue, path: string): JsonValue[] {
  let found: JsonValue[] = [object];
  for (const step of stepsOf(path)) {
    found = found.flatMap((value) => memberOf(value, step.name));
    for (let count = 0; count < step.arrays; count++) {
      found = found.flatMap((value) => (Array.isArray(value) ? value : []));
    }
  }
  return found.filter((value) => value !== null);
}

/**
 * A copy of `object` in which every value at `path` is what `change` returns for it; the original
 * stays as it is. What the path does not reach is shared with the original.
 */
export function replaceAt<T extends JsonValue>(
  object: T,
  path: string,
  change: (value: JsonValue) => JsonValue,
): T {
  return replaceSteps(object, stepsOf(path), change) as T;
}

function replaceSteps(
  value: JsonValue,
  steps: readonly Step[],
  change: (value: JsonValue) => JsonValue,
): JsonValue {
  const [step, ...rest] = steps;
  if (step === undefined) return value === null ? null : change(value);
  if (!isJsonObject(value) || !Object.hasOwn(value, step.name)) return value;
  const copy: JsonObject = Object.assign(emptyObject(), value);
  copy[step.name] = replaceItems(value[step.name] as JsonValue, step.arrays, (item) =>
    replaceSteps(item, rest, change),
  );
  return copy;
}

function replaceItems(
  value: JsonValue,
  arrays: number,
  change: (value: JsonValue) => JsonValue,
): JsonValue {
  if (arrays === 0) return change(value);
  if (!Array.isArray(value)) return value;
  return value.map((item) => replaceItems(item, arrays - 1, change));
}

function memberOf(value: JsonValue, name: string): JsonValue[] {
  if (value instanceof JsonNumber || !isJsonObject(value) || !Object.hasOwn(value, name)) return [];
  return [value[name] as JsonValue];
}

const parsedPaths = new Map<string, readonly Step[]>();

function stepsOf(path: string): readonly Step[] {
  const known = parsedPaths.get(path);
  if (known !== undefined) return known;
  const steps = path.split('.').map((part): Step => {
    const name = part.replace(/(\[\])+$/, '');
    return { name, arrays: (part.length - name.length) / 2 };
  });
  parsedPaths.set(path, steps);
  return steps;
}
