// The part of $filter the directory answers without advanced queries: eq, in, startswith, and, or,
// parentheses. Everything else is refused.
// https://learn.microsoft.com/graph/aad-advanced-queries
import { badRequest, unsupportedQuery } from './errors.ts';
import { propertiesOf } from './schema/csdl.ts';
import type { ObjectVersion } from './tenant/stored-object.ts';
import type { JsonValue } from './types.ts';

export type Predicate = (version: ObjectVersion) => boolean;

type Token = { readonly kind: 'word' | 'string' | 'symbol'; readonly text: string };

/** Values in one `in` clause (learn.microsoft.com/graph/filter-query-parameter). */
const maximumInValues = 15;

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  const pattern = /\s*(?:'((?:[^']|'')*)'|([(),])|([^\s'(),]+))/gy;
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    end = match.index + match[0].length;
    const [, string, symbol, word] = match;
    if (string !== undefined) {
      tokens.push({ kind: 'string', text: string.replaceAll("''", "'") });
    } else if (symbol !== undefined) {
      tokens.push({ kind: 'symbol', text: symbol });
    } else if (word !== undefined) {
      tokens.push({ kind: 'word', text: word });
    }
  }
  if (text.slice(end).trim() !== '') {
    throw badRequest(`Invalid filter clause: syntax error at position ${end} in '${text}'.`);
  }
  return tokens;
}

export function parseFilter(text: string, typeName: string): Predicate {
  const parser = new FilterParser(tokenize(text), text, typeName);
  return parser.parse();
}

class FilterParser {
  readonly #tokens: readonly Token[];
  readonly #text: string;
  readonly #typeName: string;
  #at = 0;

  constructor(tokens: readonly Token[], text: string, typeName: string) {
    this.#tokens = tokens;
    this.#text = text;
    this.#typeName = typeName;
  }

  parse(): Predicate {
    const predicate = this.#or();
    if (this.#at < this.#tokens.length) {
      throw this.#invalid();
    }
    return predicate;
  }

  #or(): Predicate {
    let left = this.#and();
    while (this.#takeWord('or')) {
      const [first, second] = [left, this.#and()];
      left = (version) => first(version) || second(version);
    }
    return left;
  }

  #and(): Predicate {
    let left = this.#clause();
    while (this.#takeWord('and')) {
      const [first, second] = [left, this.#clause()];
      left = (version) => first(version) && second(version);
    }
    return left;
  }

  #clause(): Predicate {
    if (this.#takeSymbol('(')) {
      const inner = this.#or();
      this.#expectSymbol(')');
      return inner;
    }
    const word = this.#next();
    if (word?.kind !== 'word') {
      throw this.#invalid();
    }
    if (word.text === 'startswith') {
      return this.#startsWith();
    }
    const read = this.#property(word.text);
    const operator = this.#next()?.text;
    if (operator === 'eq') {
      const value = this.#literal();
      return (version) => same(read(version), value);
    }
    if (operator === 'in') {
      return this.#in(read);
    }
    throw unsupportedQuery(
      `Unsupported or invalid query filter clause specified for property '${word.text}'.`,
    );
  }

  #startsWith(): Predicate {
    this.#expectSymbol('(');
    const read = this.#property(this.#next()?.text ?? '');
    this.#expectSymbol(',');
    const prefix = this.#literal();
    this.#expectSymbol(')');
    if (typeof prefix !== 'string') {
      throw this.#invalid();
    }
    const start = prefix.toLowerCase();
    return (version) => {
      const value = read(version);
      return typeof value === 'string' && value.toLowerCase().startsWith(start);
    };
  }

  #in(read: (version: ObjectVersion) => JsonValue | undefined): Predicate {
    this.#expectSymbol('(');
    const values: JsonValue[] = [this.#literal()];
    while (this.#takeSymbol(',')) {
      values.push(this.#literal());
    }
    this.#expectSymbol(')');
    if (values.length > maximumInValues) {
      throw unsupportedQuery(
        `Too many child clauses specified in search filter expression containing 'OR' operators: ${values.length}. Max allowed: ${maximumInValues}.`,
      );
    }
    return (version) => values.some((value) => same(read(version), value));
  }

  #property(name: string): (version: ObjectVersion) => JsonValue | undefined {
    const type = propertiesOf(this.#typeName).get(name);
    if (type === undefined) {
      throw badRequest(`Could not find a property named '${name}' on type '${this.#typeName}'.`);
    }
    if (type.collection || !type.name.startsWith('Edm.') || !isFilterable(name)) {
      throw unsupportedQuery(
        `Unsupported or invalid query filter clause specified for property '${name}'.`,
      );
    }
    return (version) => (name === 'id' ? version.object.id : version.properties[name]);
  }

  #literal(): JsonValue {
    const token = this.#next();
    if (token?.kind === 'string') {
      return token.text;
    }
    const known: Readonly<Record<string, JsonValue>> = { true: true, false: false, null: null };
    const value = token === undefined ? undefined : known[token.text];
    if (value === undefined) {
      throw this.#invalid();
    }
    return value;
  }

  #next(): Token | undefined {
    const token = this.#tokens[this.#at];
    this.#at += 1;
    return token;
  }

  #takeWord(text: string): boolean {
    const token = this.#tokens[this.#at];
    const found = token?.kind === 'word' && token.text === text;
    this.#at += found ? 1 : 0;
    return found;
  }

  #takeSymbol(text: string): boolean {
    const token = this.#tokens[this.#at];
    const found = token?.kind === 'symbol' && token.text === text;
    this.#at += found ? 1 : 0;
    return found;
  }

  #expectSymbol(text: string): void {
    if (!this.#takeSymbol(text)) {
      throw this.#invalid();
    }
  }

  #invalid(): Error {
    return badRequest(`Invalid filter clause: '${this.#text}'.`);
  }
}

function same(actual: JsonValue | undefined, expected: JsonValue): boolean {
  if (typeof actual === 'string' && typeof expected === 'string') {
    return actual.toLowerCase() === expected.toLowerCase();
  }
  return (actual ?? null) === expected;
}

// Filterable without advanced queries (learn.microsoft.com/graph/aad-advanced-queries tables).
const filterable: ReadonlySet<string> = new Set(
  `id displayName userPrincipalName mail mailNickname uniqueName accountEnabled userType
   employeeId onPremisesImmutableId onPremisesSyncEnabled givenName surname jobTitle department
   city country state usageLocation securityEnabled mailEnabled visibility isAssignableToRole
   membershipRule membershipRuleProcessingState`
    .trim()
    .split(/\s+/),
);

function isFilterable(name: string): boolean {
  return filterable.has(name);
}
