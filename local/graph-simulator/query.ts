// OData query options as the directory takes them. What is not understood is refused: a client
// that relies on a silently ignored option must not pass here.
import { badRequest, unsupportedQuery } from './errors.ts';
import { expandedPageMaximum, type PageSize } from './page-sizes.ts';
import { propertiesOf } from './schema/csdl.ts';
import type { SimulatorRequest } from './types.ts';

export type Expansion = { readonly name: string; readonly select: readonly string[] | undefined };

/** Refuses every option that is not in `allowed` (names with `$`). */
export function allowOnly(request: SimulatorRequest, allowed: readonly string[]): void {
  for (const name of request.query.keys()) {
    if (!allowed.includes(name)) {
      throw unsupportedQuery(`The query option '${name}' is not supported for this request.`);
    }
  }
}

/** Names of `$select`, each checked against the CSDL type; undefined without `$select`. */
export function parseSelect(
  text: string | undefined,
  typeName: string,
  extra: readonly string[] = [],
): readonly string[] | undefined {
  if (text === undefined) {
    return undefined;
  }
  const known = propertiesOf(typeName);
  const selected = text.split(',').map((name) => name.trim());
  for (const name of selected) {
    if (!known.has(name) && !extra.includes(name) && !isExtensionName(name)) {
      throw badRequest(`Could not find a property named '${name}' on type '${typeName}'.`);
    }
  }
  return [...new Set(selected)];
}

/** Directory extensions: `extension_<32 hex digits>_<name>`. */
export function isExtensionName(name: string): boolean {
  return /^extension_[0-9a-f]{32}_[A-Za-z0-9_]+$/.test(name);
}

/** `$expand=members` or `$expand=manager($select=id)`: one relation, at most a `$select` inside. */
export function parseExpand(
  text: string | undefined,
  targetsOf: Readonly<Record<string, string>>,
  typeName: string,
): Expansion | undefined {
  if (text === undefined) {
    return undefined;
  }
  const match = /^(\w+)(?:\(\$select=([^()]*)\))?$/.exec(text.trim());
  const name = match?.[1];
  if (name === undefined) {
    throw unsupportedQuery(`The expand clause '${text}' is not supported.`);
  }
  const target = targetsOf[name];
  if (target === undefined) {
    throw badRequest(`Could not find a property named '${name}' on type '${typeName}'.`);
  }
  return { name, select: parseSelect(match?.[2], target, propertiesForCast) };
}

/** Properties of derived types that a select on directoryObject may name. */
export const propertiesForCast: readonly string[] = [
  ...new Set(
    ['user', 'group', 'servicePrincipal', 'device', 'administrativeUnit', 'directoryRole'].flatMap(
      (type) => [...propertiesOf(`microsoft.graph.${type}`).keys()],
    ),
  ),
];

/** Rows on a page: `$top` within the table's limits, 100 at most with `$expand`. */
export function parseTop(text: string | undefined, size: PageSize, expanded: boolean): number {
  const limit = expanded ? Math.min(size.maximum, expandedPageMaximum) : size.maximum;
  if (text === undefined) {
    return Math.min(size.standard, limit);
  }
  const top = Number(text);
  if (!/^\d+$/.test(text) || top < 1) {
    throw badRequest(
      `Invalid page size specified: '${text}'. Must be between 1 and 999 inclusive.`,
    );
  }
  if (top > size.maximum && size.above === 'refuse') {
    throw badRequest(`Invalid page size specified: '${top}'. Must be between 1 and 999 inclusive.`);
  }
  return Math.min(top, limit);
}

/** True when the request has the header that advanced queries need. */
export function isEventual(request: SimulatorRequest): boolean {
  return request.headers.get('consistencylevel')?.toLowerCase() === 'eventual';
}

/** `$count=true` counts only with the header; without it the option is silently ignored. */
export function wantsCount(request: SimulatorRequest): boolean {
  const text = request.query.get('$count');
  if (text !== undefined && text !== 'true' && text !== 'false') {
    throw badRequest(`Invalid value '${text}' for $count query option found.`);
  }
  return text === 'true' && isEventual(request);
}
