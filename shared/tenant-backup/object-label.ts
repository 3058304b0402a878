import { valuesAt } from '../json/json-path.ts';
import type { JsonObject, JsonValue } from '../json/json-value.ts';

/** What an object is shown by and found by at a point: names of its time (DESIGN 5). */
export function labelsOf(
  item: JsonObject,
  label: string,
  searchable: readonly string[],
): { label: string | null; search: string | null } {
  const terms = searchable.flatMap((path) => texts(item, path)).map((term) => term.toLowerCase());
  const shown = texts(item, label)[0];
  return {
    label: shown === undefined ? null : storable(shown),
    search: terms.length === 0 ? null : storable(terms.join('\n')),
  };
}

export function texts(item: JsonObject, path: string): string[] {
  // Most paths are names of strings: five of them are read for every object.
  const direct = Object.hasOwn(item, path) ? item[path] : undefined;
  if (typeof direct === 'string') return [direct];
  return valuesAt(item, path)
    .flatMap((value: JsonValue) => (Array.isArray(value) ? value : [value]))
    .filter((value): value is string => typeof value === 'string');
}

/** PostgreSQL text holds neither NUL nor lone surrogates. */
export function storable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD');
}
