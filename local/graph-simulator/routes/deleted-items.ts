// `/directory/deletedItems`: lists per type, one item, restore, permanent delete.
// https://learn.microsoft.com/graph/api/resources/deleteditems
import { badRequest, conflict, denied, GraphFailure, notFound } from '../errors.ts';
import { allowOnly, parseSelect, propertiesForCast } from '../query.ts';
import { renderDeleted, renderObject } from '../render.ts';
import { qualifiedName } from '../schema/csdl.ts';
import { conditionalAccessTypes, type ObjectVersion } from '../tenant/stored-object.ts';
import type { JsonObject, ObjectType, SimulatorReply } from '../types.ts';
import { listReply } from './list-reply.ts';
import {
  bodyObject,
  contextUrl,
  holdsRole,
  json,
  noContent,
  parameter,
  type RouteContext,
} from './route-context.ts';

const options = ['$select', '$top', '$filter', '$count', '$orderby', '$skiptoken'];

/** Types whose lists of deleted items are served. */
export const deletedTypes: readonly ObjectType[] = ['user', 'group', 'administrativeUnit'];

export function listDeleted(context: RouteContext, type: ObjectType): SimulatorReply {
  const typeName = qualifiedName(type);
  const select = parseSelect(context.request.query.get('$select'), typeName);
  return listReply(context, {
    name: 'deletedItems',
    typeName,
    rows: context.view.orderedDeleted(type),
    render: (version) => renderDeleted(version, { select: deletedSelect(type, select) }),
    fragment: `${type}s`,
    options,
  });
}

/** Lists of deleted users show when they were deleted although it is not in the default set. */
function deletedSelect(
  type: ObjectType,
  select: readonly string[] | undefined,
): readonly string[] | undefined {
  return type === 'user' && select === undefined
    ? [
        'businessPhones',
        'deletedDateTime',
        'displayName',
        'givenName',
        'id',
        'jobTitle',
        'mail',
        'mobilePhone',
        'officeLocation',
        'preferredLanguage',
        'surname',
        'userPrincipalName',
      ]
    : select;
}

function deletedVersion(context: RouteContext): ObjectVersion {
  const id = parameter(context);
  const version = context.view.deleted(id);
  if (version === undefined || conditionalAccessTypes.has(version.object.type)) {
    throw notFound(id);
  }
  return version;
}

export function getDeleted(context: RouteContext, cast?: ObjectType): SimulatorReply {
  allowOnly(context.request, ['$select']);
  const version = deletedVersion(context);
  if (cast !== undefined && version.object.type !== cast) {
    throw notFound(version.object.id);
  }
  const select = parseSelect(
    context.request.query.get('$select'),
    'microsoft.graph.directoryObject',
    propertiesForCast,
  );
  return json(200, {
    '@odata.context': contextUrl(context, 'directoryObjects/$entity'),
    ...renderDeleted(version, { select: deletedSelect(version.object.type, select), typed: true }),
  });
}

const restoreRoles: Readonly<Partial<Record<ObjectType, readonly string[]>>> = {
  user: ['User.DeleteRestore.All', 'User.ReadWrite.All'],
  group: ['Group.ReadWrite.All'],
  administrativeUnit: ['AdministrativeUnit.ReadWrite.All'],
  servicePrincipal: ['Application.ReadWrite.All'],
};

/** The permission depends on the type of the item, which only the handler knows. */
function requireWriteRole(context: RouteContext, type: ObjectType): void {
  if (!holdsRole(context, ...(restoreRoles[type] ?? []))) {
    throw denied();
  }
}

export function restoreDeleted(context: RouteContext): SimulatorReply {
  allowOnly(context.request, []);
  const { tenant } = context;
  const { object } = deletedVersion(context);
  requireWriteRole(context, object.type);
  if (object.current.state !== 'deleted') {
    throw notFound(object.id);
  }
  if (tenant.settings.privilegedObjectIds.includes(object.id)) {
    throw denied();
  }
  const values = restoreValues(context, object.current.properties);
  const taken = tenant.uniqueValues.collision(
    object.type,
    'live',
    { ...object.current.properties, ...values },
    object,
  );
  if (taken !== undefined) {
    throw conflict(taken);
  }
  tenant.restore(object);
  tenant.update(object, values);
  return json(200, {
    '@odata.context': contextUrl(context, 'directoryObjects/$entity'),
    ...renderObject(object.current, { select: undefined, typed: true }),
  });
}

/** Optional body fields Entra PowerShell sends: a new name, or dropping taken addresses. */
function restoreValues(context: RouteContext, properties: JsonObject): JsonObject {
  if (context.request.bodyText === '') {
    return {};
  }
  const body = bodyObject(context);
  const values: Record<string, JsonObject[string]> = {};
  for (const [name, value] of Object.entries(body)) {
    if (name === 'newUserPrincipalName' && typeof value === 'string') {
      values['userPrincipalName'] = value;
    } else if (name === 'autoReconcileProxyConflict' && typeof value === 'boolean') {
      if (value) {
        values['proxyAddresses'] = freeAddresses(context, properties);
      }
    } else {
      throw badRequest(`Invalid value specified for parameter '${name}'.`);
    }
  }
  return values;
}

function freeAddresses(context: RouteContext, properties: JsonObject): readonly string[] {
  const addresses = properties['proxyAddresses'];
  return (Array.isArray(addresses) ? addresses : []).filter(
    (address): address is string =>
      typeof address === 'string' &&
      context.tenant.uniqueValues.holder(`proxy:${address.toLowerCase()}`) === undefined,
  );
}

export function purgeDeleted(context: RouteContext): SimulatorReply {
  allowOnly(context.request, []);
  const { tenant } = context;
  const { object } = deletedVersion(context);
  requireWriteRole(context, object.type);
  if (object.current.state !== 'deleted') {
    throw notFound(object.id);
  }
  if (object.type === 'administrativeUnit') {
    throw badRequest('Administrative units cannot be permanently deleted.');
  }
  if (tenant.settings.purgeProtected) {
    throw new GraphFailure(403, 'Authorization_RequestDenied', 'Permanent deletion is blocked.');
  }
  tenant.purge(object);
  return noContent;
}
