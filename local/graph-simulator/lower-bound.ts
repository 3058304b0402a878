// The fewest requests a complete backup of a tenant can do with, computed from the truth and the
// page sizes alone. Benchmarks hold the product against it, so nothing of the product is used here.
import {
  expandedItemsMaximum,
  expandedPageMaximum,
  type ListName,
  pageSizes,
} from './page-sizes.ts';
import { requestCost } from './resource-units.ts';
import type { TruthSummary } from './types.ts';

export type BoundTerm = {
  readonly name: string;
  readonly requests: number;
  readonly resourceUnits: number;
};

export type LowerBound = {
  readonly requests: number;
  readonly resourceUnits: number;
  readonly terms: readonly BoundTerm[];
};

/** Requests of the change protocol per tracked collection: token, catch-up, one empty round. */
const deltaRequests = 3;

/**
 * Bound of one full backup of users (manager, security attributes), groups (members, owners),
 * administrative units (members, scoped roles), policies and named locations: every list at its
 * largest page, one expanded pass per relation, a list of its own for each set that `$expand` cut.
 */
export function fullBackupBound(truth: TruthSummary): LowerBound {
  const { liveObjects: live, deletedObjects: deleted, linkCounts } = truth;
  const terms: BoundTerm[] = [
    list('users', 'users', '/users', live.user),
    list('groups', 'groups', '/groups', live.group),
    list('units', 'administrativeUnits', UNITS, live.administrativeUnit),
    list('policies', 'policies', POLICIES, live.conditionalAccessPolicy),
    list('named locations', 'namedLocations', LOCATIONS, live.namedLocation),
    expanded('managers of users', '/users', live.user),
    expanded('members of groups', '/groups', live.group),
    expanded('owners of groups', '/groups', live.group),
    expanded('members of units', UNITS, live.administrativeUnit),
    followUp('members of large groups', '/groups/{id}/members', linkCounts['group.members']),
    followUp('owners of groups with many', '/groups/{id}/owners', linkCounts['group.owners']),
    followUp('members of large units', `${UNITS}/{id}/members`, linkCounts[UNIT_MEMBERS]),
    many('scoped role members', `${UNITS}/{id}/scopedrolemembers`, live.administrativeUnit),
    list('security attributes of users', 'users', '/users', live.user),
    many('change rounds of users', '/users/delta', deltaRequests),
    many('change rounds of groups', '/groups/delta', deltaRequests),
    many('change rounds of units', `${UNITS}/delta`, deltaRequests),
    list('deleted users', 'deletedItems', `${BIN}user`, deleted.user),
    list('deleted groups', 'deletedItems', `${BIN}group`, deleted.group),
    list('deleted units', 'deletedItems', `${BIN}administrativeunit`, deleted.administrativeUnit),
    list('policies, second pass', 'policies', POLICIES, live.conditionalAccessPolicy),
    list('named locations, second pass', 'namedLocations', LOCATIONS, live.namedLocation),
  ];
  return {
    requests: sum(terms, (term) => term.requests),
    resourceUnits: sum(terms, (term) => term.resourceUnits),
    terms,
  };
}

const UNITS = '/directory/administrativeunits';
const UNIT_MEMBERS = 'administrativeUnit.members';
const POLICIES = '/identity/conditionalaccess/policies';
const LOCATIONS = '/identity/conditionalaccess/namedlocations';
const BIN = '/directory/deleteditems/microsoft.graph.';

/** An empty collection still takes the one request that says so. */
function list(name: string, size: ListName, template: string, rows: number): BoundTerm {
  return many(name, template, Math.max(1, Math.ceil(rows / pageSizes[size].maximum)));
}

function expanded(name: string, template: string, rows: number): BoundTerm {
  const requests = rows === 0 ? 0 : Math.ceil(rows / expandedPageMaximum);
  return many(name, template, requests, new Map([...SELECT, ['$expand', '']]));
}

/** A set that fills the expanded part may have more: it must be listed. */
function followUp(name: string, template: string, sizes: readonly number[] = []): BoundTerm {
  const cut = sizes.filter((size) => size >= expandedItemsMaximum);
  const requests = sum(cut, (size) => Math.ceil(size / pageSizes.members.maximum));
  return many(name, template, requests);
}

const SELECT = new Map([['$select', 'id']]);

function many(
  name: string,
  template: string,
  requests: number,
  query: ReadonlyMap<string, string> = SELECT,
): BoundTerm {
  const { resourceUnits } = requestCost('GET', template, query);
  return { name, requests, resourceUnits: requests * resourceUnits };
}

function sum<Item>(items: readonly Item[], amount: (item: Item) => number): number {
  return items.reduce((total, item) => total + amount(item), 0);
}
