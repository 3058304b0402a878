import { hash } from 'node:crypto';
import { type CompiledRules, compileRules, type RuleNode } from './canonical-rules.ts';
import { JsonNumber, type JsonObject, type JsonValue } from './json-value.ts';
import { writeNumber, writeString } from './write-json.ts';

/** What of an object counts (DESIGN 5 *Canonical text*). */
export interface CanonicalRules {
  /** Properties that change by themselves: names, or paths such as `settings.modifiedDateTime`. */
  readonly volatile: ReadonlySet<string>;
  /** Paths of arrays whose order means nothing: `proxyAddresses`, `conditions.users.includeUsers[]`. */
  readonly unordered: ReadonlySet<string>;
  /** True for delta-tracked types: delta omits what a list shows as `[]` or `{}`. */
  readonly dropEmptyTopLevel: boolean;
  /**
   * Type of the collection, `microsoft.graph.user`: an `@odata.type` that says the same is dropped,
   * because delta sends it and lists do not. Without it every `@odata.type` is kept.
   */
  readonly baseType?: string;
}

/**
 * The one text of an object that is stored and hashed: names sorted by code unit, null members,
 * annotations and volatile properties left out, unordered arrays sorted by their items' text,
 * numbers as they were sent. Parsing it and writing it again gives the same text.
 */
export function canonicalText(object: JsonObject, rules: CanonicalRules): string {
  const compiled = compileRules(rules);
  return writeObject(object, compiled.root, compiled);
}

/** SHA-256 of the UTF-8 bytes of a canonical text: 32 bytes. */
export function contentHash(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}

function writeValue(value: JsonValue, node: RuleNode, rules: CompiledRules): string {
  if (typeof value === 'string') return writeString(value);
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (value === null) return 'null';
  if (typeof value === 'number') return writeNumber(value);
  if (value instanceof JsonNumber) return value.source;
  return Array.isArray(value) ? writeArray(value, node, rules) : writeObject(value, node, rules);
}

function writeArray(array: readonly JsonValue[], node: RuleNode, rules: CompiledRules): string {
  if (array.length === 0) return '[]';
  const items = array.map((item) => writeValue(item, node, rules));
  // Default sort compares code units, which does not depend on the locale of the process.
  if (node.unordered && items.length > 1) items.sort();
  return `[${items.join(',')}]`;
}

function writeObject(object: JsonObject, node: RuleNode, rules: CompiledRules): string {
  if (node === rules.root) return writeRoot(object, rules);
  const values = Object.values(object);
  let text = '';
  for (const member of node.membersOf(object)) {
    const value = values[member.place];
    if (value === null || value === undefined) continue;
    text += `${text === '' ? '{' : ','}${member.prefix}${writeValue(value, member.node, rules)}`;
  }
  return text === '' ? '{}' : `${text}}`;
}

function writeRoot(object: JsonObject, rules: CompiledRules): string {
  const values = Object.values(object);
  let text = '';
  for (const member of rules.root.membersOf(object)) {
    const value = values[member.place];
    if (value === null || value === undefined || rules.isOmitted(member.name, value)) continue;
    const written = writeValue(value, member.node, rules);
    if (rules.dropEmptyTopLevel && isEmpty(written)) continue;
    text += `${text === '' ? '{' : ','}${member.prefix}${written}`;
  }
  return text === '' ? '{}' : `${text}}`;
}

/** Judged by what is written, so that an object left without members counts as empty too. */
function isEmpty(written: string): boolean {
  return written === '[]' || written === '{}';
}
