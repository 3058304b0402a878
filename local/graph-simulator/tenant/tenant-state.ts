// One simulated tenant: its objects, links and change log, and the only place that changes them.
// It knows no HTTP and no permissions; rules about what a caller may do are in ../routes.
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { ChunkStore } from '../logs/chunk-store.ts';
import type { DatedLogChange } from '../logs/log-changes.ts';
import { LogStore } from '../logs/log-store.ts';
import { createRandom, type Random } from '../random.ts';
import type { Clock, JsonObject, ObjectType, Relationship, SeedTarget } from '../types.ts';
import { objectTypes } from '../types.ts';
import { ChangeLog, type ObjectChangeKind } from './change-log.ts';
import { LinkStore } from './link-store.ts';
import { OrderedVersions } from './ordered-versions.ts';
import {
  conditionalAccessTypes,
  type ObjectState,
  type ObjectVersion,
  recyclableTypes,
  recycleBinMilliseconds,
  type StoredObject,
  sortKeyOf,
} from './stored-object.ts';
import { standardSettings, type TenantSettings } from './tenant-settings.ts';
import { isMicrosoft365, UniqueValues } from './unique-values.ts';

export class TenantState {
  readonly tenantId: string;
  readonly clock: Clock;
  readonly settings: TenantSettings = standardSettings();
  readonly log = new ChangeLog();
  readonly links = new LinkStore();
  readonly uniqueValues = new UniqueValues();
  readonly logs = new LogStore();
  /** Changes of the logs since the tenant was made: applied again, they give the same logs. */
  readonly logHistory: DatedLogChange[] = [];
  /** Log pages kept for benchmarks. */
  logPages: ChunkStore | undefined;
  displayName = 'Contoso';
  domains: readonly string[] = ['contoso.onmicrosoft.com'];
  readonly random: Random;
  readonly createdAt: number;
  readonly #objects = new Map<string, StoredObject>();
  readonly #ordered = new Map<ObjectType, OrderedVersions>();
  readonly #deleted = new Set<StoredObject>();
  #seeded = false;

  constructor(tenantId: string, clock: Clock, randomSeed = 1) {
    this.tenantId = tenantId;
    this.clock = clock;
    this.settings.randomSeed = randomSeed;
    this.random = createRandom(randomSeed);
    this.createdAt = clock.now();
    for (const type of objectTypes) {
      this.#ordered.set(type, new OrderedVersions());
    }
  }

  /** False until the seed called `finish`. */
  get seeded(): boolean {
    return this.#seeded;
  }

  /** The stored object in any state, purged ones included. */
  find(id: string): StoredObject | undefined {
    return this.#objects.get(id) ?? this.#objects.get(id.toLowerCase());
  }

  /** Live versions in list order. */
  ordered(type: ObjectType): readonly ObjectVersion[] {
    return this.#ordered.get(type)?.rows ?? [];
  }

  allObjects(): Iterable<StoredObject> {
    return this.#objects.values();
  }

  deletedObjects(): ReadonlySet<StoredObject> {
    return this.#deleted;
  }

  /** Live and deleted objects that count towards the quota. */
  countedObjects(): number {
    let count = 0;
    for (const object of this.#objects.values()) {
      count += object.current.state === 'purged' ? 0 : 1;
    }
    return count;
  }

  create(type: ObjectType, properties: JsonObject, id: string = randomUUID()): StoredObject {
    if (this.#objects.has(id)) {
      throw new Error(`object ${id} exists already`);
    }
    const object = this.#place(type, id, properties, undefined);
    const sequence = this.log.append({ kind: 'created', object, names: [] }, this.clock.now());
    this.#enter(object, { ...object.current, object, since: sequence });
    return object;
  }

  /** Replaces the values of these names; nothing is recorded when nothing differs. */
  update(object: StoredObject, values: JsonObject): boolean {
    const before = object.current.properties;
    const names = Object.keys(values).filter(
      (name) => !isDeepStrictEqual(before[name], values[name]),
    );
    if (names.length === 0) {
      return false;
    }
    this.#change(object, 'updated', object.current.state, { ...before, ...values }, names);
    return true;
  }

  /** Takes these names back to "never set". */
  forget(object: StoredObject, names: readonly string[]): void {
    const kept = Object.entries(object.current.properties).filter(
      ([name]) => !names.includes(name),
    );
    this.#change(object, 'updated', object.current.state, Object.fromEntries(kept), names);
  }

  softDelete(object: StoredObject): void {
    this.#change(object, 'deleted', 'deleted', object.current.properties, []);
  }

  /**
   * Whether a deleted object goes to the recycle bin: the type has one, and a group is neither
   * synced nor, by switch, a security group.
   */
  recycles(object: StoredObject): boolean {
    const { properties } = object.current;
    return (
      recyclableTypes.has(object.type) &&
      (object.type !== 'group' ||
        (properties['onPremisesSyncEnabled'] !== true &&
          (this.settings.securityGroupsAreRecycled || isMicrosoft365(properties))))
    );
  }

  restore(object: StoredObject): void {
    this.#change(object, 'restored', 'live', object.current.properties, []);
  }

  /** Gone for good: links in both directions end and are logged, so group delta speaks now. */
  purge(object: StoredObject): void {
    this.#change(object, 'purged', 'purged', object.current.properties, []);
    const now = this.log.sequence;
    for (const relationship of ['members', 'owners', 'manager'] as const) {
      for (const source of [...this.links.sources(relationship, object, now)]) {
        this.removeLink(relationship, source, object);
      }
      for (const target of [...this.links.targets(relationship, object, now)]) {
        this.removeLink(relationship, object, target);
      }
    }
    this.#purgeScopedRoles(object);
  }

  addLink(relationship: Relationship, source: StoredObject, target: StoredObject): boolean {
    if (this.links.has(relationship, source, target)) {
      return false;
    }
    const entry = { kind: 'linkAdded', relationship, object: source, target } as const;
    this.links.add(relationship, source, target, this.log.append(entry, this.clock.now()));
    return true;
  }

  removeLink(relationship: Relationship, source: StoredObject, target: StoredObject): boolean {
    if (!this.links.has(relationship, source, target)) {
      return false;
    }
    const entry = { kind: 'linkRemoved', relationship, object: source, target } as const;
    this.links.remove(relationship, source, target, this.log.append(entry, this.clock.now()));
    return true;
  }

  /** Purges what stayed in the recycle bin for 30 days; called before every request. */
  expireRecycleBin(): void {
    if (this.#deleted.size === 0) {
      return;
    }
    const limit = this.clock.now() - recycleBinMilliseconds;
    for (const object of [...this.#deleted]) {
      if ((object.current.deletedAt ?? 0) <= limit) {
        this.purge(object);
      }
    }
  }

  seedTarget(): SeedTarget {
    return {
      tenantId: this.tenantId,
      now: this.clock.now(),
      setDomains: (names) => {
        this.domains = names;
      },
      setDisplayName: (name) => {
        this.displayName = name;
      },
      addObject: (type, id, properties, deletedDateTime) => {
        const deletedAt = deletedDateTime === undefined ? undefined : Date.parse(deletedDateTime);
        const object = this.#place(type, id.toLowerCase(), properties, deletedAt);
        this.uniqueValues.replace(undefined, object.current);
        if (deletedAt === undefined) {
          this.#ordered.get(type)?.append(object.current);
        } else {
          this.#deleted.add(object);
        }
      },
      addLink: (relationship, sourceId, targetId) => {
        const [source, target] = [this.find(sourceId), this.find(targetId)];
        if (source === undefined || target === undefined) {
          throw new Error(`seeded link ${sourceId} -> ${targetId} has an unknown end`);
        }
        this.links.add(relationship, source, target, 0);
      },
      finish: () => {
        this.#seeded = true;
      },
    };
  }

  #place(
    type: ObjectType,
    id: string,
    properties: JsonObject,
    deletedAt: number | undefined,
  ): StoredObject {
    const object = { id, type, older: [] } as unknown as StoredObject;
    object.current = {
      object,
      since: 0,
      state: deletedAt === undefined ? 'live' : 'deleted',
      properties,
      sortKey: sortKeyOf(type, id, properties),
      ...(deletedAt === undefined ? {} : { deletedAt }),
    };
    this.#objects.set(id, object);
    return object;
  }

  #enter(object: StoredObject, version: ObjectVersion): void {
    object.current = version;
    this.uniqueValues.replace(undefined, version);
    this.#ordered.get(object.type)?.insert(version);
  }

  #change(
    object: StoredObject,
    kind: ObjectChangeKind,
    state: ObjectState,
    properties: JsonObject,
    names: readonly string[],
  ): void {
    const before = object.current;
    const now = this.clock.now();
    const touched = conditionalAccessTypes.has(object.type) && kind === 'updated';
    const values = touched
      ? { ...properties, modifiedDateTime: new Date(now).toISOString() }
      : properties;
    const since = this.log.append({ kind, object, names }, now);
    const after: ObjectVersion = {
      object,
      since,
      state,
      properties: values,
      sortKey: sortKeyOf(object.type, object.id, values),
      ...(state === 'deleted' ? { deletedAt: before.deletedAt ?? now } : {}),
    };
    object.older = [...object.older, before];
    object.current = after;
    this.uniqueValues.replace(before, after);
    const ordered = this.#ordered.get(object.type);
    if (before.state === 'live') {
      ordered?.remove(before);
    }
    if (state === 'live') {
      ordered?.insert(after);
    }
    if (state === 'deleted') {
      this.#deleted.add(object);
    } else {
      this.#deleted.delete(object);
    }
  }

  /** Scoped role memberships end with their unit and with their member. */
  #purgeScopedRoles(object: StoredObject): void {
    if (object.type === 'scopedRoleMembership') {
      return;
    }
    for (const { object: membership, properties } of [...this.ordered('scopedRoleMembership')]) {
      const info = properties['roleMemberInfo'] as JsonObject | undefined;
      if (properties['administrativeUnitId'] === object.id || info?.['id'] === object.id) {
        this.purge(membership);
      }
    }
  }
}
