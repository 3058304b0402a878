// What a request costs and which service's limits it falls under.
// https://learn.microsoft.com/graph/throttling-limits#identity-and-access-service-limits
import type { SimulatorRequest } from './types.ts';

/** Services with limits of their own. */
export type ThrottledService = 'identity' | 'conditionalAccess' | 'reports';

export type RequestCost = {
  readonly service: ThrottledService;
  readonly resourceUnits: number;
  readonly writes: number;
};

/** Base costs that differ from 1, by method and template. */
const baseCosts: Readonly<Record<string, number>> = {
  'GET /applications': 2,
  'GET /applications/{id}/extensionproperties': 2,
  'GET /contracts': 3,
  'POST /directoryobjects/getbyids': 3,
  'GET /domains/{id}/domainnamereferences': 4,
  'GET /groups/{id}/members': 3,
  'GET /groups/{id}/transitivemembers': 5,
  'GET /oauth2permissiongrants': 2,
  'GET /oauth2permissiongrants/{id}': 2,
  'GET /serviceprincipals/{id}/approleassignments': 2,
  'GET /subscribedskus': 3,
  'GET /users': 2,
  'GET /users/{id}/licensedetails': 2,
  'GET /users/{id}/memberof': 2,
  'GET /users/{id}/ownedobjects': 2,
  'GET /users/{id}/transitivememberof': 2,
  'POST /directoryobjects/{id}/checkmembergroups': 4,
  'POST /directoryobjects/{id}/checkmemberobjects': 4,
  'POST /directoryobjects/{id}/getmembergroups': 2,
  'POST /directoryobjects/{id}/getmemberobjects': 2,
};

/** Actions that are sent as POST and only read. */
const readActions =
  /\/(getbyids|validateproperties|getavailableextensionproperties|(get|check)member(groups|objects))$/;

/** Cost of one request or batch item; pages fetched by a next link carry its query. */
export function requestCost(
  method: string,
  template: string,
  query: SimulatorRequest['query'],
): RequestCost {
  const service = serviceOf(template);
  const isRead = method === 'GET' || readActions.test(template);
  const base = baseCosts[`${method} ${template}`] ?? 1;
  if (!isRead) return { service, resourceUnits: 1, writes: 1 };
  const top = Number(query.get('$top') ?? Number.NaN);
  const cost =
    base - (query.has('$select') ? 1 : 0) + (query.has('$expand') ? 1 : 0) - (top < 20 ? 1 : 0);
  return { service, resourceUnits: Math.max(1, cost), writes: 0 };
}

function serviceOf(template: string): ThrottledService {
  if (/^\/(identity\/conditionalaccess|identityprotection)(\/|$)/.test(template)) {
    return 'conditionalAccess';
  }
  return /^\/(auditlogs|reports)(\/|$)/.test(template) ? 'reports' : 'identity';
}
