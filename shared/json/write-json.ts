import { BackupError } from '../errors/backup-error.ts';
import { JsonNumber, type JsonValue } from './json-value.ts';

/**
 * JSON text of a value as it is: member order kept, numbers with their source text. For request
 * bodies; what is stored and hashed goes through canonicalText.
 */
export function writeJson(value: JsonValue): string {
  if (typeof value === 'string') return writeString(value);
  if (typeof value === 'number') return writeNumber(value);
  if (value instanceof JsonNumber) return value.source;
  if (Array.isArray(value)) return `[${value.map(writeJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const members = Object.keys(value).map(
    (name) => `${writeString(name)}:${writeJson(value[name] as JsonValue)}`,
  );
  return `{${members.join(',')}}`;
}

export function writeNumber(value: number): string {
  if (Number.isFinite(value)) return String(value);
  throw new BackupError('invalidState', 'a number that json cannot express reached a json writer');
}

const shortString = 64;

/**
 * One fixed way to write a string: as JSON.stringify does, with lone surrogates as \uXXXX. Short
 * strings without anything to escape, nearly all, are not worth the call.
 */
export function writeString(value: string): string {
  if (value.length > shortString) return JSON.stringify(value);
  for (let index = 0; index < value.length; index++) {
    const code = value.charCodeAt(index);
    if (code < 0x20 || code === 0x22 || code === 0x5c || (code >= 0xd800 && code <= 0xdfff)) {
      return JSON.stringify(value);
    }
  }
  return `"${value}"`;
}
