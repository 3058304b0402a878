// What a tenant stores: objects with all their versions, so that a read can see an older state.
import type { JsonObject, ObjectType } from '../types.ts';

export type ObjectState = 'live' | 'deleted' | 'purged';

/** One version of an object; it holds from change number `since` until the next version. */
export type ObjectVersion = {
  readonly object: StoredObject;
  readonly since: number;
  readonly state: ObjectState;
  /** Without `id`. A missing name was never set, a null was set to null. */
  readonly properties: JsonObject;
  /** Place in lists: the lower-case name, then the id. */
  readonly sortKey: string;
  /** Set while the object is in the recycle bin. */
  readonly deletedAt?: number;
};

export type StoredObject = {
  readonly id: string;
  readonly type: ObjectType;
  current: ObjectVersion;
  /** Versions before the current one, oldest first; empty for an object never changed. */
  older: readonly ObjectVersion[];
};

export const recycleBinMilliseconds = 30 * 24 * 60 * 60 * 1000;

/** Types that go to `/directory/deletedItems`; the conditional access types have their own bin. */
export const recyclableTypes: ReadonlySet<ObjectType> = new Set([
  'user',
  'group',
  'administrativeUnit',
  'servicePrincipal',
  'conditionalAccessPolicy',
  'namedLocation',
]);

export const conditionalAccessTypes: ReadonlySet<ObjectType> = new Set([
  'conditionalAccessPolicy',
  'namedLocation',
]);

/** Types that share the directory's id space and may be the end of a link. */
export const directoryTypes: ReadonlySet<ObjectType> = new Set([
  'user',
  'group',
  'administrativeUnit',
  'servicePrincipal',
  'device',
  'directoryRole',
]);

export function sortKeyOf(type: ObjectType, id: string, properties: JsonObject): string {
  const name =
    properties['displayName'] ?? (type === 'user' ? properties['userPrincipalName'] : '');
  return `${typeof name === 'string' ? name.toLowerCase() : ''}\u0000${id}`;
}

/** The version that held after change number `sequence`, undefined before the object existed. */
export function versionAt(object: StoredObject, sequence: number): ObjectVersion | undefined {
  if (object.current.since <= sequence) {
    return object.current;
  }
  return object.older.findLast((version) => version.since <= sequence);
}
