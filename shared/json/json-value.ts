/**
 * JSON as Graph sent it. Objects have no prototype, so that names such as `__proto__` are plain
 * members. A number whose text JavaScript would change (1.0, 1e400, 2^53+1) is a JsonNumber that
 * keeps its source text.
 */
export type JsonValue = null | boolean | string | number | JsonNumber | JsonValue[] | JsonObject;

export interface JsonObject {
  [name: string]: JsonValue;
}

/** A number that keeps the text in which it was sent. */
export class JsonNumber {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }

  toJSON(): number {
    return Number(this.source);
  }
}

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof JsonNumber)
  );
}
