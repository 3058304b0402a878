/**
 * JSON text to values and back to a canonical text, without losing or inventing anything: numbers
 * keep their digits, names such as `__proto__` are data, a repeated name is noticed. Nothing here
 * knows Graph, object types or the repository.
 */
import { BackupError } from '../errors/backup-error.ts';
import { type ExactResult, type JsonDefect, parseExactly } from './exact-parser.ts';
import type { JsonValue } from './json-value.ts';
import { stripPrototypes } from './plain-object.ts';
import { scanJson } from './scan-json.ts';

export type { JsonDefect } from './exact-parser.ts';

export interface JsonLimits {
  /** Deepest nesting of arrays and objects; default 64. */
  readonly depth?: number;
}

const defaultDepth = 64;

/**
 * Parses JSON. Objects inherit nothing; a number becomes a JsonNumber when JavaScript would write
 * it differently. Throws BackupError graphBadAnswer for anything that is not JSON, repeats a name
 * in one object or is nested too deeply (details.defect then says which).
 */
export function parseJson(text: string | Buffer, limits: JsonLimits = {}): JsonValue {
  const { value, defects } = parseJsonWithDefects(text, limits);
  const [defect] = defects;
  if (defect === undefined) return value;
  throw new BackupError('graphBadAnswer', describe(defect), {
    details: { defect: defect.kind, depth: defect.path.length },
  });
}

/**
 * Like parseJson, but returns what is wrong inside valid JSON as defects with their paths, so that
 * one bad item of a page does not spoil the others. Throws graphBadAnswer when it is not JSON.
 */
export function parseJsonWithDefects(
  input: string | Buffer,
  limits: JsonLimits = {},
): { readonly value: JsonValue; readonly defects: readonly JsonDefect[] } {
  const text = typeof input === 'string' ? input : decode(input);
  const value = parseNatively(text);
  const depthLimit = limits.depth ?? defaultDepth;
  const scan = scanJson(text);
  // JSON.parse keeps one member of a repeated name: then the text has more members than the value.
  // That is only known after the prototypes are gone, and the exact parser starts from the text.
  if (!scan.unusualNumber && scan.depth <= depthLimit && stripPrototypes(value) === scan.members) {
    return { value, defects: [] };
  }
  const exact: ExactResult = parseExactly(text, depthLimit);
  return exact;
}

function parseNatively(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    // The message of the engine quotes the text, which may be personal data: it is not kept.
    throw new BackupError('graphBadAnswer', 'the answer is not valid json', {
      details: { defect: 'syntax', characters: text.length },
    });
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function decode(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new BackupError('graphBadAnswer', 'the answer is not valid utf-8', {
      details: { defect: 'encoding', bytes: bytes.length },
    });
  }
}

function describe(defect: JsonDefect): string {
  return defect.kind === 'duplicateKey'
    ? 'the json repeats a name within one object'
    : 'the json is nested too deeply';
}
