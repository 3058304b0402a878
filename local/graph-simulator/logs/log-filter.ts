// `$filter` of the logs. Whatever the documentation does not list is refused with the one error the
// service has for it: https://github.com/microsoftgraph/microsoft-graph-docs/issues/14173
import { allows } from './log-filter-fields.ts';
import { invalidFilter, type Token, tokenize } from './log-filter-tokens.ts';
import { compare, itemsOf, numberTest, type RecordTest, reader } from './log-filter-values.ts';
import type { LogCollection } from './log-source.ts';
import { parseTicks } from './ticks.ts';

export type TimeBound = {
  readonly operator: 'eq' | 'ge' | 'le' | 'gt' | 'lt';
  readonly ticks: number;
};

/** Conditions all of which must hold; times and kinds are apart, because they need no parsing. */
export type LogFilter = {
  readonly times: readonly TimeBound[];
  /** Values of `signInEventTypes`, any of which; undefined when the filter does not name them. */
  readonly eventTypes: readonly string[] | undefined;
  /** The filter names kinds in a way that any of them may match. */
  readonly anyEventType: boolean;
  readonly tests: readonly RecordTest[];
};

export type FilterRules = {
  readonly collection: LogCollection;
  readonly beta: boolean;
  /** Provisioning takes `ge` and `le` besides its documented operators. */
  readonly ranges: boolean;
};

type Node = {
  readonly test: RecordTest;
  readonly time?: TimeBound;
  readonly eventTypes?: readonly string[];
  readonly all?: readonly Node[];
};

export function parseLogFilter(text: string, rules: FilterRules): LogFilter {
  const parser = new Parser(tokenize(text), rules);
  const root = parser.parse();
  const parts = root.all ?? [root];
  const kinds = parts.flatMap(({ eventTypes }) => (eventTypes === undefined ? [] : [eventTypes]));
  return {
    times: parts.flatMap(({ time }) => (time === undefined ? [] : [time])),
    eventTypes: kinds.length === 1 ? kinds[0] : undefined,
    anyEventType: parser.namesEventTypes && kinds.length !== 1,
    tests: parts
      .filter(
        ({ time, eventTypes }) =>
          time === undefined && (eventTypes === undefined || kinds.length > 1),
      )
      .map(({ test }) => test),
  };
}

/** Inside `any(...)`: the collection and the name of its items. */
type Scope = { readonly collection: string; readonly variable: string };

class Parser {
  readonly #tokens: readonly Token[];
  readonly #rules: FilterRules;
  #at = 0;
  namesEventTypes = false;

  constructor(tokens: readonly Token[], rules: FilterRules) {
    this.#tokens = tokens;
    this.#rules = rules;
  }

  parse(): Node {
    const node = this.#or(undefined);
    if (this.#at < this.#tokens.length) {
      throw invalidFilter();
    }
    return node;
  }

  #or(scope: Scope | undefined): Node {
    const parts = [this.#and(scope)];
    while (this.#take('word', 'or')) {
      parts.push(this.#and(scope));
    }
    const [only] = parts;
    if (parts.length === 1 && only !== undefined) {
      return only;
    }
    const kinds = parts.map(({ eventTypes }) => eventTypes);
    const test: RecordTest = (record) => parts.some((part) => part.test(record));
    return kinds.every((some) => some !== undefined)
      ? { test, eventTypes: kinds.flat() }
      : { test };
  }

  #and(scope: Scope | undefined): Node {
    const parts = [this.#clause(scope)];
    while (this.#take('word', 'and')) {
      parts.push(this.#clause(scope));
    }
    const [only] = parts;
    if (parts.length === 1 && only !== undefined) {
      return only;
    }
    return {
      all: parts.flatMap((part) => part.all ?? [part]),
      test: (record) => parts.every((part) => part.test(record)),
    };
  }

  #clause(scope: Scope | undefined): Node {
    if (this.#take('symbol', '(')) {
      const inner = this.#or(scope);
      this.#expect(')');
      return inner;
    }
    const { kind, text } = this.#next();
    if (kind !== 'word') {
      throw invalidFilter();
    }
    if (/^(startswith|contains)$/i.test(text)) {
      return this.#call(text.toLowerCase(), scope);
    }
    const collection = /^(\w+)\/any$/i.exec(text)?.[1];
    return collection !== undefined && scope === undefined
      ? this.#any(collection)
      : this.#comparison(text, scope);
  }

  #any(collection: string): Node {
    this.#expect('(');
    const { kind, text: variable } = this.#next();
    if (kind !== 'variable') {
      throw invalidFilter();
    }
    const inner = this.#or({ collection, variable });
    this.#expect(')');
    const read = reader(collection);
    return {
      test: (record) => itemsOf(read(record)).some((item) => inner.test(item)),
      ...(inner.eventTypes === undefined ? {} : { eventTypes: inner.eventTypes }),
    };
  }

  #call(operator: string, scope: Scope | undefined): Node {
    this.#expect('(');
    const name = this.#next().text;
    this.#expect(',');
    const { kind, text } = this.#next();
    this.#expect(')');
    const read = this.#property(name, operator, scope);
    if (kind !== 'text') {
      throw invalidFilter();
    }
    const fold = this.#fold();
    const part = fold(text);
    const holds = (value: string): boolean =>
      operator === 'contains' ? value.includes(part) : value.startsWith(part);
    return {
      test: (record) => {
        const value = read(record);
        return typeof value === 'string' && holds(fold(value));
      },
    };
  }

  #comparison(name: string, scope: Scope | undefined): Node {
    const operator = this.#next().text.toLowerCase();
    if (!/^(eq|ge|le|gt|lt)$/.test(operator)) {
      throw invalidFilter();
    }
    const read = this.#property(name, operator, scope);
    const literal = this.#next();
    if (/datetime$/i.test(name)) {
      return timeNode(operator as TimeBound['operator'], literal, read);
    }
    if (literal.kind === 'symbol' || literal.kind === 'variable') {
      throw invalidFilter();
    }
    const fold = this.#fold();
    const test: RecordTest =
      literal.kind === 'text'
        ? (record) =>
            typeof read(record) === 'string' && fold(String(read(record))) === fold(literal.text)
        : numberTest(operator, literal.text, read);
    const isKind = scope?.collection.toLowerCase() === 'signineventtypes';
    this.namesEventTypes ||= isKind;
    return isKind ? { test, eventTypes: [literal.text] } : { test };
  }

  /** Provisioning compares with case, the other logs without. */
  #fold(): (text: string) => string {
    return this.#rules.collection === 'provisioning'
      ? (text) => text
      : (text) => text.toLowerCase();
  }

  #property(
    name: string,
    operator: string,
    scope: Scope | undefined,
  ): (record: unknown) => unknown {
    const { collection, beta, ranges } = this.#rules;
    const rest = scope === undefined ? name : restOf(name, scope.variable);
    const listed =
      scope === undefined ? name : ['any', scope.collection, rest].filter(Boolean).join('/');
    const isRange = ranges && /^(ge|le)$/.test(operator) && /^activitydatetime$/i.test(name);
    if (!isRange && !allows(collection, beta, listed, operator)) {
      throw invalidFilter();
    }
    return rest === '' ? (item) => item : reader(rest);
  }

  #next(): Token {
    const token = this.#tokens[this.#at];
    if (token === undefined) {
      throw invalidFilter();
    }
    this.#at += 1;
    return token;
  }

  #take(kind: Token['kind'], text: string): boolean {
    const token = this.#tokens[this.#at];
    const found = token?.kind === kind && token.text.toLowerCase() === text;
    this.#at += found ? 1 : 0;
    return found;
  }

  #expect(symbol: string): void {
    if (!this.#take('symbol', symbol)) {
      throw invalidFilter();
    }
  }
}

function restOf(name: string, variable: string): string {
  if (name !== variable && !name.startsWith(`${variable}/`)) {
    throw invalidFilter();
  }
  return name.slice(variable.length + 1);
}

/** A time is written without quotes; with them the service refuses it. */
function timeNode(
  operator: TimeBound['operator'],
  literal: Token,
  read: (record: unknown) => unknown,
): Node {
  const ticks = literal.kind === 'word' ? parseTicks(literal.text) : undefined;
  if (ticks === undefined) {
    throw invalidFilter();
  }
  return {
    time: { operator, ticks },
    test: (record) => compare(operator, parseTicks(String(read(record))) ?? 0, ticks),
  };
}
