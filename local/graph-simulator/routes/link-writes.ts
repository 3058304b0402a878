// Adding and removing members and owners. Everything is checked before the first link changes.
// https://learn.microsoft.com/graph/api/group-post-members, .../group-delete-owners,
// .../administrativeunit-post-members
import { badRequest, denied, notFound } from '../errors.ts';
import { allowOnly } from '../query.ts';
import type { StoredObject } from '../tenant/stored-object.ts';
import type { TenantState } from '../tenant/tenant-state.ts';
import { isMicrosoft365 } from '../tenant/unique-values.ts';
import type { JsonObject, ObjectType, Relationship, SimulatorReply } from '../types.ts';
import { findByKey } from './reads.ts';
import { alreadyLinked, type BoundLinks, referenceBody } from './references.ts';
import {
  holdsRole,
  isGuid,
  noContent,
  parameter,
  type RouteContext,
  refuseProtected,
  writableObject,
} from './route-context.ts';

const maximumOwners = 100;

type LinkParent = {
  readonly type: ObjectType;
  readonly properties: JsonObject;
  /** Absent while the parent is being created. */
  readonly object?: StoredObject;
};

const targetTypes: Readonly<Record<string, readonly ObjectType[]>> = {
  'group/members': ['user', 'group', 'device', 'servicePrincipal'],
  'group/owners': ['user', 'servicePrincipal'],
  'administrativeUnit/members': ['user', 'group', 'device'],
};

/** Refuses the whole set when one link of it is not possible. */
export function checkLinks(tenant: TenantState, parent: LinkParent, links: BoundLinks): void {
  for (const [relationship, targets] of links) {
    for (const target of targets) {
      checkLink(tenant, parent, relationship, target);
    }
    if (relationship === 'owners') {
      checkOwnerCount(tenant, parent, targets.length);
    }
  }
}

function checkLink(
  tenant: TenantState,
  parent: LinkParent,
  relationship: Relationship,
  target: StoredObject,
): void {
  const isMember = relationship === 'members';
  if (isMember && isRuled(parent.properties)) {
    throw badRequest('Members of a group or unit with dynamic membership cannot be changed.');
  }
  if (parent.object !== undefined && tenant.links.has(relationship, parent.object, target)) {
    throw alreadyLinked(relationship);
  }
  const isAllowed =
    targetTypes[`${parent.type}/${relationship}`]?.includes(target.type) === true &&
    target !== parent.object &&
    !(isMember && target.type !== 'user' && isMicrosoft365(parent.properties)) &&
    !(isMember && target.type === 'group' && parent.properties['isAssignableToRole'] === true);
  if (!isAllowed) {
    throw badRequest(
      `An invalid operation was included in the following modified references: '${relationship}'.`,
    );
  }
}

function isRuled(properties: JsonObject): boolean {
  const kinds = properties['groupTypes'];
  return (
    (Array.isArray(kinds) && kinds.includes('DynamicMembership')) ||
    properties['membershipType'] === 'Dynamic'
  );
}

function checkOwnerCount(tenant: TenantState, parent: LinkParent, more: number): void {
  const now =
    parent.object === undefined
      ? 0
      : tenant.links.targets('owners', parent.object, tenant.log.sequence).size;
  if (now + more > maximumOwners) {
    throw badRequest(`A group can have at most ${maximumOwners} owners.`);
  }
}

export function addAllLinks(tenant: TenantState, source: StoredObject, links: BoundLinks): void {
  for (const [relationship, targets] of links) {
    for (const target of targets) {
      tenant.addLink(relationship, source, target);
    }
  }
}

export type LinkWrite = { readonly parent: ObjectType; readonly relationship: Relationship };

function writableParent(context: RouteContext, write: LinkWrite): StoredObject {
  const parent = writableObject(context, write.parent, findByKey(context, write.parent).object.id);
  const { properties } = parent.current;
  if (
    properties['isAssignableToRole'] === true &&
    !holdsRole(context, 'RoleManagement.ReadWrite.Directory')
  ) {
    throw denied();
  }
  if (write.parent === 'group' && properties['onPremisesSyncEnabled'] === true) {
    throw badRequest(
      'Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration.',
    );
  }
  return parent;
}

export function addReference(context: RouteContext, write: LinkWrite): SimulatorReply {
  allowOnly(context.request, []);
  const { tenant } = context;
  const parent = writableParent(context, write);
  const target = referenceBody(context);
  const links = new Map([[write.relationship, [target]]]);
  checkLinks(
    tenant,
    { type: parent.type, properties: parent.current.properties, object: parent },
    links,
  );
  addAllLinks(tenant, parent, links);
  return noContent;
}

/** `/members/{id}/$ref`, or `/members/$ref?@id=address`. */
export function removeReference(context: RouteContext, write: LinkWrite): SimulatorReply {
  const { tenant, request } = context;
  const address = request.query.get('@id') ?? request.query.get('$id');
  allowOnly(request, address === undefined ? [] : ['@id', '$id']);
  const parent = writableParent(context, write);
  const id = address === undefined ? parameter(context, 1) : (address.split('/').at(-1) ?? '');
  if (!isGuid(id)) {
    throw badRequest(`Invalid object identifier '${id}'.`);
  }
  const target = tenant.find(id);
  if (target?.current.state !== 'live' || !tenant.links.has(write.relationship, parent, target)) {
    throw notFound(id);
  }
  if (write.relationship === 'members' && isRuled(parent.current.properties)) {
    throw badRequest('Members of a group or unit with dynamic membership cannot be changed.');
  }
  if (write.parent === 'administrativeUnit') {
    refuseProtected(context, target);
  }
  refuseLastOwner(tenant, parent, write);
  tenant.removeLink(write.relationship, parent, target);
  return noContent;
}

function refuseLastOwner(tenant: TenantState, parent: StoredObject, write: LinkWrite): void {
  if (
    write.relationship === 'owners' &&
    tenant.links.targets('owners', parent, tenant.log.sequence).size === 1
  ) {
    throw badRequest('The group must have at least one owner, hence this owner cannot be removed.');
  }
}
