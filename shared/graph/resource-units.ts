import type { GraphRequest } from './graph-request.ts';

/**
 * Base cost of reads in resource units; everything else costs 1
 * (https://learn.microsoft.com/graph/throttling-limits#identity-and-access-service-limits).
 */
const baseCosts: readonly (readonly [RegExp, number])[] = [
  [/^\/groups\/[^/]+\/transitivemembers\b/, 5],
  [/^\/groups\/[^/]+\/members\b/, 3],
  [/^\/directoryobjects\/getbyids$/, 3],
  [/^\/subscribedskus\b/, 3],
  [/^\/contracts\b/, 3],
  [/^\/domains\/[^/]+\/domainnamereferences\b/, 4],
  [/^\/applications(\/[^/]+\/extensionproperties|\/delta(\(\))?)?$/, 2],
  [/^\/users(\/delta(\(\))?)?$/, 2],
  [/^\/oauth2permissiongrants\b/, 2],
  [/^\/serviceprincipals\/[^/]+\/approleassignments\b/, 2],
];

/** Units a request will cost: base, -1 with `$select`, +1 with `$expand`, -1 with `$top` < 20. */
export function resourceUnits(request: GraphRequest, isWrite: boolean): number {
  if (isWrite) return 1;
  const path = request.path.toLowerCase();
  let units = baseCosts.find(([pattern]) => pattern.test(path))?.[1] ?? 1;
  const query = request.query ?? {};
  if (query['$select'] !== undefined) units -= 1;
  if (query['$expand'] !== undefined) units += 1;
  if (Number(query['$top'] ?? 100) < 20) units -= 1;
  return Math.max(1, units);
}
