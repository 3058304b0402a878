// Changes an administrator makes in the tenant by other ways than the tested client: no token, no
// permission, no validation of values, but the same life cycle of objects and links.
import type { StoredObject } from '../tenant/stored-object.ts';
import type { TenantState } from '../tenant/tenant-state.ts';
import type { JsonObject, ObjectType, Relationship } from '../types.ts';

export type AdminChange =
  | {
      readonly kind: 'create';
      readonly type: ObjectType;
      readonly id?: string;
      readonly properties: JsonObject;
    }
  /** Values by property name; null is "cleared". */
  | { readonly kind: 'patch'; readonly id: string; readonly properties: JsonObject }
  /** Properties that are never set again. */
  | { readonly kind: 'forget'; readonly id: string; readonly names: readonly string[] }
  | { readonly kind: 'rename'; readonly id: string; readonly displayName: string }
  /** To the recycle bin, or gone where the type has none. */
  | { readonly kind: 'delete'; readonly id: string }
  | { readonly kind: 'undelete'; readonly id: string }
  | { readonly kind: 'purge'; readonly id: string }
  | {
      readonly kind: 'addLink' | 'removeLink';
      readonly relationship: Relationship;
      readonly source: string;
      readonly target: string;
    };

function required(tenant: TenantState, id: string, ...states: readonly string[]): StoredObject {
  const object = tenant.find(id);
  if (object === undefined || !states.includes(object.current.state)) {
    throw new Error(`object ${id} is not ${states.join(' or ')}`);
  }
  return object;
}

/** Applies the changes in order; returns the id of each object changed. Throws at the first bad one. */
export function applyChanges(
  tenant: TenantState,
  changes: readonly AdminChange[],
): readonly string[] {
  tenant.expireRecycleBin();
  return changes.map((change) => applyChange(tenant, change));
}

function applyChange(tenant: TenantState, change: AdminChange): string {
  switch (change.kind) {
    case 'create':
      return tenant.create(change.type, change.properties, change.id?.toLowerCase()).id;
    case 'patch':
      tenant.update(required(tenant, change.id, 'live'), change.properties);
      return change.id;
    case 'forget':
      tenant.forget(required(tenant, change.id, 'live'), change.names);
      return change.id;
    case 'rename':
      tenant.update(required(tenant, change.id, 'live'), { displayName: change.displayName });
      return change.id;
    case 'delete':
      remove(tenant, required(tenant, change.id, 'live'));
      return change.id;
    case 'undelete':
      tenant.restore(required(tenant, change.id, 'deleted'));
      return change.id;
    case 'purge':
      tenant.purge(required(tenant, change.id, 'live', 'deleted'));
      return change.id;
    case 'addLink':
      addLink(tenant, change.relationship, change.source, change.target);
      return change.source;
    case 'removeLink':
      tenant.removeLink(
        change.relationship,
        required(tenant, change.source, 'live'),
        required(tenant, change.target, 'live', 'deleted'),
      );
      return change.source;
  }
}

function remove(tenant: TenantState, object: StoredObject): void {
  if (tenant.recycles(object)) {
    tenant.softDelete(object);
  } else {
    tenant.purge(object);
  }
}

/** A user has one manager: a new one takes the place of the old. */
function addLink(
  tenant: TenantState,
  relationship: Relationship,
  sourceId: string,
  targetId: string,
): void {
  const source = required(tenant, sourceId, 'live');
  const target = required(tenant, targetId, 'live');
  if (relationship === 'manager') {
    for (const old of [...tenant.links.targets('manager', source, tenant.log.sequence)]) {
      if (old !== target) {
        tenant.removeLink('manager', source, old);
      }
    }
  }
  tenant.addLink(relationship, source, target);
}
