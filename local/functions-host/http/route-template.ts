import { HostError } from '../host-error.ts';

// Route templates of ASP.NET as far as Functions apps use them
// (https://learn.microsoft.com/aspnet/core/fundamentals/routing#route-templates).

const CONSTRAINTS: Record<string, RegExp> = {
  guid: /^\{?[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\}?$/i,
  alpha: /^[a-z]*$/i,
  bool: /^(?:true|false)$/i,
  decimal: /^[+-]?\d+(?:\.\d+)?$/,
  double: /^[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i,
  float: /^[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i,
  required: /./,
};

type Check = (value: string) => boolean;

/** Whole numbers that fit into so many bits, signed. */
function wholeNumber(bits: bigint): Check {
  const limit = 2n ** (bits - 1n);
  return (value) => {
    return /^[+-]?\d{1,19}$/.test(value) && -limit <= toBigInt(value) && toBigInt(value) < limit;
  };
}

function toBigInt(value: string): bigint {
  return BigInt(value.replace('+', ''));
}

interface Parameter {
  name: string;
  checks: Check[];
  optional: boolean;
  catchAll: boolean;
  fallback: string | undefined;
}

interface Segment {
  /** Matches one decoded path segment; groups are the parameters in order. */
  pattern: RegExp;
  parameters: Parameter[];
  /** 0 literal, 1 constrained, 2 parameter, 3 catch-all: lower wins. */
  rank: number;
}

function bounds(argument: string): [number, number] {
  const [low = 0, high = Number.POSITIVE_INFINITY] = argument.split(',').map(Number);
  return [low, high];
}

function numericCheck(name: string, argument: string): Check | undefined {
  const [low, high] = bounds(argument);
  const byName: Record<string, Check> = {
    int: wholeNumber(32n),
    long: wholeNumber(64n),
    length: (v) => v.length >= low && v.length <= (argument.includes(',') ? high : low),
    minlength: (v) => v.length >= low,
    maxlength: (v) => v.length <= low,
    min: (v) => /^-?\d+$/.test(v) && Number(v) >= low,
    max: (v) => /^-?\d+$/.test(v) && Number(v) <= low,
    range: (v) => /^-?\d+$/.test(v) && Number(v) >= low && Number(v) <= high,
  };
  return byName[name];
}

function parseConstraint(text: string, template: string): Check {
  const [, name = '', argument = ''] = /^(\w+)(?:\((.*)\))?$/.exec(text) ?? [];
  const pattern = CONSTRAINTS[name.toLowerCase()];
  if (pattern) return (value) => pattern.test(value);
  if (name === 'regex') {
    const expression = new RegExp(argument, 'i');
    return (value) => expression.test(value);
  }
  const check = numericCheck(name.toLowerCase(), argument);
  if (check) return check;
  throw new HostError(`route "${template}": unknown constraint "${text}"`);
}

function parseParameter(text: string, template: string): Parameter {
  const [, stars = '', rest = ''] = /^(\**)(.*)$/.exec(text) ?? [];
  const [, body = '', fallback] = /^([^=]*)(?:=(.*))?$/.exec(rest) ?? [];
  const optional = body.endsWith('?');
  const [name = '', ...constraints] = body.replace(/\?$/, '').split(/:(?![^(]*\))/);
  const checks = constraints.map((constraint) => parseConstraint(constraint, template));
  return { name, checks, optional, catchAll: stars !== '', fallback };
}

function escapeLiteral(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

function parseSegment(text: string, template: string): Segment {
  const parameters: Parameter[] = [];
  // A closing brace ends a parameter unless it belongs to a regex quantifier such as {2}.
  const source = text.split(/(\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\})/).map((part) => {
    if (!part.startsWith('{')) return escapeLiteral(part);
    const parameter = parseParameter(part.slice(1, -1), template);
    parameters.push(parameter);
    return parameter.catchAll ? '(.*)' : '(.+?)';
  });
  const constrained = parameters.some((parameter) => parameter.checks.length > 0);
  let rank = constrained ? 1 : 2;
  if (parameters.length === 0) rank = 0;
  if (parameters.some((parameter) => parameter.catchAll)) rank = 3;
  return { pattern: new RegExp(`^${source.join('')}$`, 'is'), parameters, rank };
}

/** A parsed route; `match` gives the parameters of a path. */
export class RouteTemplate {
  readonly #segments: Segment[];
  /** Sorts before another route when it is the more specific one (ASP.NET route precedence). */
  readonly precedence: string;

  /** @throws HostError for a constraint nobody knows */
  constructor(template: string) {
    const parts = template.replace(/^\/+|\/+$/g, '').split(/\/(?![^{}]*\})/);
    this.#segments = parts.filter(Boolean).map((part) => parseSegment(part, template));
    this.precedence = this.#segments.map((segment) => segment.rank).join('');
  }

  /** @param path decoded segments; undefined = no match */
  match(path: string[]): Record<string, string> | undefined {
    const values: Record<string, string> = {};
    for (const [index, segment] of this.#segments.entries()) {
      const catchAll = segment.rank === 3;
      const text = catchAll ? path.slice(index).join('/') : path[index];
      if (!matchSegment(segment, text, values)) return undefined;
      if (catchAll) return values;
    }
    return path.length <= this.#segments.length ? values : undefined;
  }
}

function matchSegment(
  segment: Segment,
  text: string | undefined,
  values: Record<string, string>,
): boolean {
  if (text === undefined) return segment.parameters.length === 1 && fillMissing(segment, values);
  const match = segment.pattern.exec(text);
  if (!match) return false;
  for (const [index, parameter] of segment.parameters.entries()) {
    const value = match[index + 1] ?? '';
    if (!parameter.checks.every((check) => check(value))) return false;
    values[parameter.name] = value;
  }
  return true;
}

function fillMissing(segment: Segment, values: Record<string, string>): boolean {
  const [parameter] = segment.parameters;
  if (!parameter) return false;
  if (parameter.fallback !== undefined) values[parameter.name] = parameter.fallback;
  return parameter.optional || parameter.fallback !== undefined;
}
