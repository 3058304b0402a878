// How a tenant behaves beyond its contents. Everything is off or normal by default.

export type TenantSettings = {
  /** Reads see the tenant as it was between these many milliseconds ago. */
  readLagMilliseconds: { minimum: number; maximum: number };
  /** Changes reach delta rounds this late. */
  deltaLagMilliseconds: number;
  /** Seed of the random draws (lag per request, order of batch answers). */
  randomSeed: number;
  /** Life of delta tokens; 7 days for directory objects. */
  deltaTokenLifetimeMilliseconds: number;
  /** What an expired delta token answers. */
  expiredDeltaTokenForm: 'syncStateNotFound' | 'gone' | 'resyncRequired';
  /** Life of skip tokens of lists: they go stale within minutes. */
  pageTokenLifetimeMilliseconds: number;
  /** Objects in the recycle bin open the first delta round as `@removed`. */
  removedInFirstRound: boolean;
  /** A link whose target is in the recycle bin is reported by delta. Undocumented, so silent. */
  deltaReportsDeletedTargets: boolean;
  /** A restored group or unit brings its links in delta. Undocumented, so silent. */
  restoredObjectsCarryLinks: boolean;
  /** Objects allowed in the directory, deleted ones included; beyond it `Directory_QuotaExceeded`. */
  objectQuota: number;
  /** Deleted security groups go to the recycle bin (since 2026) or are gone at once. */
  securityGroupsAreRecycled: boolean;
  /** Restores and writes of these objects need a directory role no application here holds. */
  privilegedObjectIds: readonly string[];
  /** Conditional access: enabled policies are refused while security defaults are on. */
  securityDefaultsEnabled: boolean;
  /** Delta is refused for external-ID and B2C tenants. */
  kind: 'workforce' | 'externalId';
  /** A cloud without `administrativeUnits/delta` (21Vianet). */
  unitDeltaMissing: boolean;
  /** Purge of deleted objects is blocked. */
  purgeProtected: boolean;
  /** Next links inside answers of a v1.0 batch lead to beta (json-batching page). */
  batchLinksLeadToBeta: boolean;
  /** Expanded single relations that are empty: left out as in the documentation, or null. */
  emptyExpandedManager: 'absent' | 'null';
};

export function standardSettings(): TenantSettings {
  return {
    readLagMilliseconds: { minimum: 0, maximum: 0 },
    deltaLagMilliseconds: 0,
    randomSeed: 1,
    deltaTokenLifetimeMilliseconds: 7 * 24 * 60 * 60 * 1000,
    expiredDeltaTokenForm: 'syncStateNotFound',
    pageTokenLifetimeMilliseconds: 30 * 60 * 1000,
    removedInFirstRound: true,
    deltaReportsDeletedTargets: false,
    restoredObjectsCarryLinks: false,
    objectQuota: 300_000,
    securityGroupsAreRecycled: true,
    privilegedObjectIds: [],
    securityDefaultsEnabled: false,
    kind: 'workforce',
    unitDeltaMissing: false,
    purgeProtected: false,
    batchLinksLeadToBeta: false,
    emptyExpandedManager: 'absent',
  };
}
