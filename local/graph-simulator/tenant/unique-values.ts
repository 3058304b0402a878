// Values that only one object may hold. Sources: learn.microsoft.com/graph/api/resources/group
// (mailNickname unique for Microsoft 365 groups, uniqueName), .../resources/user
// (userPrincipalName). A deleted Microsoft 365 group keeps its alias until it is purged; a deleted
// user gives its user principal name free, which is why a restore can collide.
import type { JsonObject, JsonValue, ObjectType } from '../types.ts';
import type { ObjectState, ObjectVersion, StoredObject } from './stored-object.ts';

export type UniqueKey = { readonly property: string; readonly key: string };

export function isMicrosoft365(properties: JsonObject): boolean {
  const types = properties['groupTypes'];
  return Array.isArray(types) && (types as readonly JsonValue[]).includes('Unified');
}

function text(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value.toLowerCase() : undefined;
}

function userKeys(state: ObjectState, properties: JsonObject): UniqueKey[] {
  if (state !== 'live') {
    return [];
  }
  const keys: UniqueKey[] = [];
  const name = text(properties['userPrincipalName']);
  if (name !== undefined) {
    keys.push({ property: 'userPrincipalName', key: `upn:${name}` });
  }
  const addresses = properties['proxyAddresses'];
  for (const address of Array.isArray(addresses) ? (addresses as readonly JsonValue[]) : []) {
    const value = text(address);
    if (value !== undefined) {
      keys.push({ property: 'proxyAddresses', key: `proxy:${value}` });
    }
  }
  return keys;
}

function groupKeys(state: ObjectState, properties: JsonObject): UniqueKey[] {
  if (state === 'purged') {
    return [];
  }
  const keys: UniqueKey[] = [];
  const alias = text(properties['mailNickname']);
  if (alias !== undefined && isMicrosoft365(properties)) {
    keys.push({ property: 'mailNickname', key: `alias:${alias}` });
  }
  const uniqueName = text(properties['uniqueName']);
  if (uniqueName !== undefined) {
    keys.push({ property: 'uniqueName', key: `uniqueName:${uniqueName}` });
  }
  return keys;
}

export function uniqueKeys(
  type: ObjectType,
  state: ObjectState,
  properties: JsonObject,
): readonly UniqueKey[] {
  if (type === 'user') {
    return userKeys(state, properties);
  }
  return type === 'group' ? groupKeys(state, properties) : [];
}

export class UniqueValues {
  readonly #holders = new Map<string, StoredObject>();

  replace(before: ObjectVersion | undefined, after: ObjectVersion): void {
    const { object } = after;
    if (before !== undefined) {
      for (const { key } of uniqueKeys(object.type, before.state, before.properties)) {
        if (this.#holders.get(key) === object) {
          this.#holders.delete(key);
        }
      }
    }
    for (const { key } of uniqueKeys(object.type, after.state, after.properties)) {
      if (!this.#holders.has(key)) {
        this.#holders.set(key, object);
      }
    }
  }

  holder(key: string): StoredObject | undefined {
    return this.#holders.get(key);
  }

  /** The first property in which these values collide with another object. */
  collision(
    type: ObjectType,
    state: ObjectState,
    properties: JsonObject,
    except?: StoredObject,
  ): string | undefined {
    for (const { key, property } of uniqueKeys(type, state, properties)) {
      const holder = this.#holders.get(key);
      if (holder !== undefined && holder !== except) {
        return property;
      }
    }
    return undefined;
  }
}
