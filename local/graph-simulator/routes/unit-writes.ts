// Administrative units and their scoped role members.
// https://learn.microsoft.com/graph/api/directory-post-administrativeunits,
// .../administrativeunit-post-scopedrolemembers
import { createHash } from 'node:crypto';
import { badRequest, conflict, notFound } from '../errors.ts';
import { allowOnly } from '../query.ts';
import { renderObject } from '../render.ts';
import type { ObjectVersion } from '../tenant/stored-object.ts';
import type { JsonObject, SimulatorReply } from '../types.ts';
import { requireRoleManagement } from './group-writes.ts';
import { listReply } from './list-reply.ts';
import { findByKey } from './reads.ts';
import {
  bodyObject,
  contextUrl,
  json,
  liveObject,
  noContent,
  parameter,
  type RouteContext,
  writableObject,
} from './route-context.ts';
import { checkQuota } from './user-writes.ts';
import { checkValues, isObject, refuseNull, requireProperties } from './write-values.ts';

const unitType = 'microsoft.graph.administrativeUnit';

export function createUnit(context: RouteContext): SimulatorReply {
  allowOnly(context.request, []);
  const { tenant } = context;
  const body = bodyObject(context);
  checkValues('administrativeUnit', unitType, body, 'create');
  requireProperties(body, ['displayName']);
  checkUnit(body);
  checkQuota(tenant);
  const object = tenant.create('administrativeUnit', {
    isMemberManagementRestricted: false,
    ...body,
  });
  return json(201, {
    '@odata.context': contextUrl(context, 'directory/administrativeUnits/$entity'),
    ...renderObject(object.current, { select: undefined }),
  });
}

function checkUnit(values: JsonObject): void {
  const visibility = values['visibility'] ?? null;
  if (![null, 'Public', 'HiddenMembership'].includes(visibility as string | null)) {
    throw badRequest("Invalid value specified for property 'visibility'.");
  }
  if (values['membershipType'] === 'Dynamic' && typeof values['membershipRule'] !== 'string') {
    throw badRequest("A value is required for property 'membershipRule' of resource.");
  }
}

export function updateUnit(context: RouteContext): SimulatorReply {
  allowOnly(context.request, []);
  const object = writableObject(context, 'administrativeUnit', parameter(context));
  const body = bodyObject(context);
  checkValues('administrativeUnit', unitType, body, 'update');
  refuseNull(body, ['displayName']);
  checkUnit({ ...object.current.properties, ...body });
  context.tenant.update(object, body);
  return noContent;
}

export function deleteUnit(context: RouteContext): SimulatorReply {
  allowOnly(context.request, []);
  const object = writableObject(context, 'administrativeUnit', parameter(context));
  context.tenant.softDelete(object);
  return noContent;
}

function scopedRoles(context: RouteContext, unitId: string): readonly ObjectVersion[] {
  return context.view
    .ordered('scopedRoleMembership')
    .filter(
      (one) =>
        one.properties['administrativeUnitId'] === unitId &&
        context.view.live(memberId(one.properties)) !== undefined,
    );
}

function memberId(properties: JsonObject): string {
  const info = properties['roleMemberInfo'];
  return isObject(info) ? String(info['id']) : '';
}

/** Name and principal name of the member are those of now, not of the assignment. */
function renderScopedRole(context: RouteContext, version: ObjectVersion): JsonObject {
  const member = context.view.live(memberId(version.properties));
  const name = member?.properties['userPrincipalName'];
  return {
    id: version.object.id,
    roleId: version.properties['roleId'] ?? null,
    administrativeUnitId: version.properties['administrativeUnitId'] ?? null,
    roleMemberInfo: {
      id: memberId(version.properties),
      displayName: member?.properties['displayName'] ?? null,
      ...(typeof name === 'string' ? { userPrincipalName: name } : {}),
    },
  };
}

export function listScopedRoles(context: RouteContext): SimulatorReply {
  const unit = findByKey(context, 'administrativeUnit');
  return listReply(context, {
    name: 'scopedRoleMembers',
    typeName: 'microsoft.graph.scopedRoleMembership',
    rows: scopedRoles(context, unit.object.id),
    render: (version) => renderScopedRole(context, version),
    fragment: 'scopedRoleMemberships',
    options: ['$top', '$skiptoken'],
  });
}

/** The assignments a user holds in all units. */
export function listScopedRolesOfUser(context: RouteContext): SimulatorReply {
  const { object } = findByKey(context, 'user');
  return listReply(context, {
    name: 'scopedRoleMembers',
    typeName: 'microsoft.graph.scopedRoleMembership',
    rows: context.view
      .ordered('scopedRoleMembership')
      .filter(({ properties }) => memberId(properties) === object.id),
    render: (version) => renderScopedRole(context, version),
    fragment: 'scopedRoleMemberships',
    options: ['$top', '$skiptoken'],
  });
}

function scopedRole(context: RouteContext): ObjectVersion {
  const unit = findByKey(context, 'administrativeUnit');
  const id = parameter(context, 1);
  const found = scopedRoles(context, unit.object.id).find((one) => one.object.id === id);
  if (found === undefined) {
    throw notFound(id);
  }
  return found;
}

export function getScopedRole(context: RouteContext): SimulatorReply {
  allowOnly(context.request, []);
  return json(200, {
    '@odata.context': contextUrl(context, 'scopedRoleMemberships/$entity'),
    ...renderScopedRole(context, scopedRole(context)),
  });
}

export function addScopedRole(context: RouteContext): SimulatorReply {
  allowOnly(context.request, []);
  requireRoleManagement(context);
  const { tenant } = context;
  const unit = writableObject(context, 'administrativeUnit', parameter(context));
  const body = bodyObject(context);
  const { roleId, roleMemberInfo, ...others } = body;
  const unknown = Object.keys(others).find((name) => name !== '@odata.type');
  if (unknown !== undefined || !isObject(roleMemberInfo)) {
    throw badRequest('The body must hold roleId and roleMemberInfo with an id.');
  }
  const role = liveObject(context, 'directoryRole', String(roleId)).object;
  const member = context.view.live(String(roleMemberInfo['id']));
  if (member === undefined) {
    throw notFound(String(roleMemberInfo['id']));
  }
  const id = scopedRoleId(unit.id, role.id, member.object.id);
  if (tenant.find(id)?.current.state === 'live') {
    throw conflict('scopedRoleMembers');
  }
  const values = {
    roleId: role.id,
    administrativeUnitId: unit.id,
    roleMemberInfo: { id: member.object.id },
  };
  const free = tenant.find(id) === undefined ? id : `${id}${tenant.log.sequence}`;
  const object = tenant.create('scopedRoleMembership', values, free);
  return json(201, {
    '@odata.context': contextUrl(context, 'scopedRoleMemberships/$entity'),
    ...renderScopedRole(context, object.current),
  });
}

/** Composite and case-sensitive, not a GUID. */
export function scopedRoleId(unitId: string, roleId: string, memberIdText: string): string {
  return createHash('sha256').update(`${unitId}/${roleId}/${memberIdText}`).digest('base64url');
}

export function removeScopedRole(context: RouteContext): SimulatorReply {
  allowOnly(context.request, []);
  requireRoleManagement(context);
  const { object } = scopedRole(context);
  context.tenant.purge(object);
  return noContent;
}
