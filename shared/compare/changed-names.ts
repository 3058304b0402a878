import { isJsonObject, type JsonObject } from '../json/json-value.ts';
import { parseJson } from '../json/parse-json.ts';
import { writeJson } from '../json/write-json.ts';

/**
 * Names of the properties in which two stored bodies (canonical text) differ, in code unit order. Null
 * stands for no body.
 */
export function changedNames(before: string | null, after: string | null): string[] {
  const [old, current] = [bodyOf(before), bodyOf(after)];
  const names = new Set([...Object.keys(old), ...Object.keys(current)]);
  return [...names].filter((name) => textOf(old, name) !== textOf(current, name)).sort(byCodeUnit);
}

function bodyOf(text: string | null): JsonObject {
  const value = text === null ? undefined : parseJson(text);
  return isJsonObject(value) ? value : {};
}

function textOf(body: JsonObject, name: string): string | undefined {
  const value = Object.hasOwn(body, name) ? body[name] : undefined;
  return value === undefined ? undefined : writeJson(value);
}

function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
