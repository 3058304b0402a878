// Page sizes of every list, as literals with their source. Nothing here is computed.

export type PageSize = {
  /** Rows without `$top`. */
  readonly standard: number;
  readonly maximum: number;
  /** What happens to a larger `$top`. */
  readonly above: 'refuse' | 'clamp';
};

/** Names of the lists; `deletedItems` stands for all its casts. */
export type ListName =
  | 'users'
  | 'groups'
  | 'administrativeUnits'
  | 'members'
  | 'owners'
  | 'memberOf'
  | 'scopedRoleMembers'
  | 'deletedItems'
  | 'policies'
  | 'namedLocations'
  | 'organization'
  | 'domains'
  | 'directoryRoles'
  | 'logs';

export const pageSizes: Readonly<Record<ListName, PageSize>> = {
  // https://learn.microsoft.com/graph/api/user-list: 100 and 999; 1000 is answered with 400
  // (learn.microsoft.com/answers/questions/120381).
  users: { standard: 100, maximum: 999, above: 'refuse' },
  // https://learn.microsoft.com/graph/api/group-list: 100 and 999.
  groups: { standard: 100, maximum: 999, above: 'refuse' },
  // Not documented apart from groups; a larger $top is taken as 999.
  administrativeUnits: { standard: 100, maximum: 999, above: 'clamp' },
  // https://learn.microsoft.com/graph/api/group-list-members: 100 and 999.
  members: { standard: 100, maximum: 999, above: 'refuse' },
  // https://learn.microsoft.com/graph/api/group-list-owners
  owners: { standard: 100, maximum: 999, above: 'refuse' },
  memberOf: { standard: 100, maximum: 999, above: 'refuse' },
  // One answer without paging (administrativeunit-list-scopedrolemembers names no $top).
  scopedRoleMembers: { standard: 999, maximum: 999, above: 'clamp' },
  // https://learn.microsoft.com/graph/api/directory-deleteditems-list: $top up to 999.
  deletedItems: { standard: 100, maximum: 999, above: 'refuse' },
  // Clients that read one page saw 20 policies (github.com/Micke-K/IntuneManagement/issues/364).
  policies: { standard: 20, maximum: 999, above: 'clamp' },
  namedLocations: { standard: 20, maximum: 999, above: 'clamp' },
  organization: { standard: 100, maximum: 999, above: 'clamp' },
  domains: { standard: 100, maximum: 999, above: 'clamp' },
  // Directory roles do not page (concepts/paging.md).
  directoryRoles: { standard: 999, maximum: 999, above: 'clamp' },
  // https://learn.microsoft.com/graph/api/signin-list: 1,000 is the default and the maximum.
  logs: { standard: 1_000, maximum: 1_000, above: 'clamp' },
};

/** With `$expand` a page holds at most this many rows (techcommunity 4203190, 3885391). */
export const expandedPageMaximum = 100;

/** `$expand` of a collection stops here without a sign (concepts/query-parameters.md). */
export const expandedItemsMaximum = 20;

/** Rows on one delta page (github.com/microsoftgraph/microsoft-graph-docs/issues/5363). */
export const deltaRowsPerPage = 200;

/** Links on one delta page (github.com/microsoftgraph/msgraph-sdk-dotnet/issues/574). */
export const deltaLinksPerPage = 500;

/** https://learn.microsoft.com/graph/api/directoryobject-getbyids */
export const idsPerGetByIds = 1000;

/** https://learn.microsoft.com/graph/json-batching */
export const requestsPerBatch = 20;

/** Relationships in one group create or one PATCH (learn.microsoft.com/graph/api/group-post-groups). */
export const linksPerWrite = 20;
