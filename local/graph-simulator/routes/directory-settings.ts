// Organization, domains and directory roles: as much as the other types need.
import { notFound } from '../errors.ts';
import { allowOnly, parseSelect } from '../query.ts';
import { renderObject } from '../render.ts';
import type { TenantState } from '../tenant/tenant-state.ts';
import type { JsonObject, SimulatorReply } from '../types.ts';
import { contextUrl, json, liveObject, parameter, type RouteContext } from './route-context.ts';

function organization(tenant: TenantState): JsonObject {
  return {
    id: tenant.tenantId,
    deletedDateTime: null,
    businessPhones: [],
    city: null,
    country: null,
    countryLetterCode: 'US',
    createdDateTime: new Date(tenant.createdAt).toISOString().replace(/\.\d{3}Z$/, 'Z'),
    displayName: tenant.displayName,
    onPremisesSyncEnabled: null,
    tenantType: tenant.settings.kind === 'workforce' ? 'AAD' : 'CIAM',
    verifiedDomains: tenant.domains.map((name, index) => ({
      capabilities: 'Email, OfficeCommunicationsOnline',
      isDefault: index === 0,
      isInitial: index === 0,
      name,
      type: 'Managed',
    })),
  };
}

function select(context: RouteContext, values: JsonObject, typeName: string): JsonObject {
  const names = parseSelect(context.request.query.get('$select'), typeName);
  return names === undefined
    ? values
    : Object.fromEntries(names.map((name) => [name, values[name] ?? null]));
}

export function listOrganization(context: RouteContext): SimulatorReply {
  allowOnly(context.request, ['$select']);
  return json(200, {
    '@odata.context': contextUrl(context, 'organization'),
    value: [select(context, organization(context.tenant), 'microsoft.graph.organization')],
  });
}

export function getOrganization(context: RouteContext): SimulatorReply {
  allowOnly(context.request, ['$select']);
  const id = parameter(context);
  if (id.toLowerCase() !== context.tenant.tenantId) {
    throw notFound(id);
  }
  return json(200, {
    '@odata.context': contextUrl(context, 'organization/$entity'),
    ...select(context, organization(context.tenant), 'microsoft.graph.organization'),
  });
}

function domains(tenant: TenantState): JsonObject[] {
  return tenant.domains.map((name, index) => ({
    id: name,
    authenticationType: 'Managed',
    isAdminManaged: true,
    isDefault: index === 0,
    isInitial: index === 0,
    isRoot: true,
    isVerified: true,
    supportedServices: ['Email', 'OfficeCommunicationsOnline'],
  }));
}

export function listDomains(context: RouteContext): SimulatorReply {
  allowOnly(context.request, ['$select']);
  return json(200, {
    '@odata.context': contextUrl(context, 'domains'),
    value: domains(context.tenant).map((one) => select(context, one, 'microsoft.graph.domain')),
  });
}

export function getDomain(context: RouteContext): SimulatorReply {
  allowOnly(context.request, ['$select']);
  const id = parameter(context);
  const found = domains(context.tenant).find((one) => one['id'] === id);
  if (found === undefined) {
    throw notFound(id);
  }
  return json(200, {
    '@odata.context': contextUrl(context, 'domains/$entity'),
    ...select(context, found, 'microsoft.graph.domain'),
  });
}

/** Directory roles come in one answer, they do not page (concepts/paging.md). */
export function listDirectoryRoles(context: RouteContext): SimulatorReply {
  allowOnly(context.request, ['$select']);
  const names = parseSelect(context.request.query.get('$select'), 'microsoft.graph.directoryRole');
  return json(200, {
    '@odata.context': contextUrl(context, 'directoryRoles'),
    value: context.view
      .ordered('directoryRole')
      .map((version) => renderObject(version, { select: names })),
  });
}

export function getDirectoryRole(context: RouteContext): SimulatorReply {
  allowOnly(context.request, ['$select']);
  const version = liveObject(context, 'directoryRole', parameter(context));
  const names = parseSelect(context.request.query.get('$select'), 'microsoft.graph.directoryRole');
  return json(200, {
    '@odata.context': contextUrl(context, 'directoryRoles/$entity'),
    ...renderObject(version, { select: names }),
  });
}
