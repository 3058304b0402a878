// The tenant as one request sees it: the state after some change number. Without lag that is the
// newest one; with lag a replica answers that has not heard of the latest changes.
import type { ObjectType, Relationship } from '../types.ts';
import { bySortKey } from './ordered-versions.ts';
import { type ObjectVersion, type StoredObject, versionAt } from './stored-object.ts';
import type { TenantState } from './tenant-state.ts';

export type TenantView = {
  readonly tenant: TenantState;
  readonly sequence: number;
  /** The live version of this id. */
  live(id: string): ObjectVersion | undefined;
  /** The version in the recycle bin of this id. */
  deleted(id: string): ObjectVersion | undefined;
  /** Live versions of a type in list order. */
  ordered(type: ObjectType): readonly ObjectVersion[];
  /** Versions in the recycle bin, in list order. */
  orderedDeleted(type: ObjectType): readonly ObjectVersion[];
  /** Live targets of a link in list order. Targets in the recycle bin are not there. */
  targets(relationship: Relationship, source: StoredObject): readonly ObjectVersion[];
  /** Live sources of a link in list order. */
  sources(relationship: Relationship, target: StoredObject): readonly ObjectVersion[];
};

/** The view of a replica that lags between the tenant's minimum and maximum. */
export function replicaView(tenant: TenantState): TenantView {
  const { minimum, maximum } = tenant.settings.readLagMilliseconds;
  if (maximum === 0) {
    return viewAt(tenant, tenant.log.sequence);
  }
  const lag = tenant.random.between(minimum, maximum);
  return viewAt(tenant, tenant.log.sequenceAt(tenant.clock.now() - lag));
}

/** The newest state: what writes are checked against. */
export function newestView(tenant: TenantState): TenantView {
  return viewAt(tenant, tenant.log.sequence);
}

export function viewAt(tenant: TenantState, sequence: number): TenantView {
  const inState = (id: string, state: 'live' | 'deleted'): ObjectVersion | undefined => {
    const object = tenant.find(id);
    const version = object === undefined ? undefined : versionAt(object, sequence);
    return version?.state === state ? version : undefined;
  };
  return {
    tenant,
    sequence,
    live: (id) => inState(id, 'live'),
    deleted: (id) => inState(id, 'deleted'),
    ordered: (type) => orderedAt(tenant, type, sequence),
    orderedDeleted: (type) => deletedAt(tenant, type, sequence),
    targets: (relationship, source) => targetsAt(tenant, relationship, source, sequence),
    sources: (relationship, target) =>
      liveVersions(tenant.links.sources(relationship, target, sequence), sequence),
  };
}

function liveVersions(objects: Iterable<StoredObject>, sequence: number): ObjectVersion[] {
  const versions: ObjectVersion[] = [];
  for (const object of objects) {
    const version = versionAt(object, sequence);
    if (version?.state === 'live') {
      versions.push(version);
    }
  }
  return versions.sort(bySortKey);
}

type Cached = { sequence: number; rows: readonly ObjectVersion[] };
const targetCache = new WeakMap<StoredObject, Map<Relationship, Cached>>();
const largeGroup = 200;

/** Sorting 20,000 members for every page would cost more than the page: kept until a change. */
function targetsAt(
  tenant: TenantState,
  relationship: Relationship,
  source: StoredObject,
  sequence: number,
): readonly ObjectVersion[] {
  const targets = tenant.links.targets(relationship, source, sequence);
  if (targets.size < largeGroup) {
    return liveVersions(targets, sequence);
  }
  const cached = targetCache.get(source)?.get(relationship);
  if (cached?.sequence === sequence) {
    return cached.rows;
  }
  const rows = liveVersions(targets, sequence);
  const perSource = targetCache.get(source) ?? new Map<Relationship, Cached>();
  perSource.set(relationship, { sequence, rows });
  targetCache.set(source, perSource);
  return rows;
}

const orderCache = new WeakMap<TenantState, Map<string, readonly ObjectVersion[]>>();
const keptOrders = 16;

function orderedAt(
  tenant: TenantState,
  type: ObjectType,
  sequence: number,
): readonly ObjectVersion[] {
  if (sequence === tenant.log.sequence) {
    return tenant.ordered(type);
  }
  const cache = orderCache.get(tenant) ?? new Map<string, readonly ObjectVersion[]>();
  orderCache.set(tenant, cache);
  const key = `${type}/${sequence}`;
  const known = cache.get(key);
  if (known !== undefined) {
    return known;
  }
  const changed = new Set<StoredObject>();
  for (const entry of tenant.log.between(sequence, tenant.log.sequence)) {
    if (!entry.kind.startsWith('link') && entry.object.type === type) {
      changed.add(entry.object);
    }
  }
  const unchanged = tenant.ordered(type).filter((version) => !changed.has(version.object));
  const rows = [...unchanged, ...liveVersions(changed, sequence)].sort(bySortKey);
  if (cache.size >= keptOrders) {
    cache.clear();
  }
  cache.set(key, rows);
  return rows;
}

function deletedAt(tenant: TenantState, type: ObjectType, sequence: number): ObjectVersion[] {
  const candidates = new Set<StoredObject>(tenant.deletedObjects());
  for (const entry of tenant.log.between(sequence, tenant.log.sequence)) {
    candidates.add(entry.object);
  }
  const versions: ObjectVersion[] = [];
  for (const object of candidates) {
    const version = object.type === type ? versionAt(object, sequence) : undefined;
    if (version?.state === 'deleted') {
      versions.push(version);
    }
  }
  return versions.sort(bySortKey);
}
