// Creating, changing and deleting groups. https://learn.microsoft.com/graph/api/group-post-groups,
// .../group-update, .../resources/group
import { badRequest, conflict, denied } from '../errors.ts';
import { allowOnly } from '../query.ts';
import { renderObject } from '../render.ts';
import type { TenantState } from '../tenant/tenant-state.ts';
import { isMicrosoft365 } from '../tenant/unique-values.ts';
import type { JsonObject, JsonValue, SimulatorReply } from '../types.ts';
import { addAllLinks, checkLinks } from './link-writes.ts';
import { findByKey } from './reads.ts';
import { takeBindings } from './references.ts';
import {
  bodyObject,
  contextUrl,
  holdsRole,
  json,
  noContent,
  parameter,
  type RouteContext,
  writableObject,
} from './route-context.ts';
import { checkQuota, dateTime, refuseSynced, securityIdentifier } from './user-writes.ts';
import { checkValues, refuseNull, requireProperties } from './write-values.ts';

const groupType = 'microsoft.graph.group';

export function createGroup(context: RouteContext): SimulatorReply {
  return createFrom(context, bodyObject(context));
}

function createFrom(context: RouteContext, body: JsonObject): SimulatorReply {
  allowOnly(context.request, []);
  const { tenant } = context;
  const { values, links } = takeBindings(context, body, ['members', 'owners']);
  checkValues('group', groupType, values, 'create');
  requireProperties(values, ['displayName', 'mailEnabled', 'mailNickname', 'securityEnabled']);
  checkKind(values);
  checkAlias(values['mailNickname']);
  checkRoleAssignable(context, values);
  checkQuota(tenant);
  const properties = { ...initialGroup(tenant, values), ...values };
  const taken = tenant.uniqueValues.collision('group', 'live', properties);
  if (taken !== undefined) {
    throw conflict(taken);
  }
  checkLinks(tenant, { type: 'group', properties }, links);
  const object = tenant.create('group', properties);
  addAllLinks(tenant, object, links);
  return json(201, {
    '@odata.context': contextUrl(context, 'groups/$entity'),
    ...renderObject(object.current, { select: undefined }),
  });
}

export function groupKinds(properties: JsonObject): readonly string[] {
  const kinds = properties['groupTypes'];
  return Array.isArray(kinds) ? kinds.map(String) : [];
}

export function isDynamic(properties: JsonObject): boolean {
  return groupKinds(properties).includes('DynamicMembership');
}

function checkKind(values: JsonObject): void {
  const isUnified = isMicrosoft365(values);
  const unknown = groupKinds(values).find(
    (kind) => kind !== 'Unified' && kind !== 'DynamicMembership',
  );
  if (unknown !== undefined) {
    throw badRequest(`Invalid value specified for property 'groupTypes' of resource 'Group'.`);
  }
  if (values['mailEnabled'] === true && !isUnified) {
    // https://github.com/Micke-K/IntuneManagement/issues/148
    throw badRequest('Cannot Create a mail-enabled security groups and or distribution list.');
  }
  if (isUnified && values['mailEnabled'] !== true) {
    throw badRequest('The mailEnabled property must be true for Microsoft 365 groups.');
  }
  if (!isUnified && values['securityEnabled'] !== true) {
    throw badRequest('A group must be either mail-enabled or security-enabled.');
  }
  checkRule(values);
  checkVisibility(values, isUnified);
}

function checkRule(values: JsonObject): void {
  const rule = values['membershipRule'];
  const hasRule = typeof rule === 'string' && rule !== '';
  if (isDynamic(values) !== hasRule) {
    throw badRequest(
      "The properties 'membershipRule' and groupTypes 'DynamicMembership' must be set together.",
    );
  }
  const state = values['membershipRuleProcessingState'];
  if (hasRule && state !== 'On' && state !== 'Paused') {
    throw badRequest("The property 'membershipRuleProcessingState' must be 'On' or 'Paused'.");
  }
}

function checkVisibility(values: JsonObject, isUnified: boolean): void {
  const visibility = values['visibility'] ?? null;
  const allowed = [null, 'Private', 'Public', 'HiddenMembership'];
  if (!allowed.includes(visibility as string | null)) {
    throw badRequest("Invalid value specified for property 'visibility' of resource 'Group'.");
  }
  if (visibility === 'HiddenMembership' && !isUnified) {
    throw badRequest('HiddenMembership can be set only for Microsoft 365 groups at creation.');
  }
}

/** Printable ASCII without space and these signs (learn.microsoft.com/graph/api/resources/group). */
function checkAlias(alias: JsonValue | undefined): void {
  if (alias === undefined) {
    return;
  }
  const text = String(alias);
  if (!/^[!-~]+$/.test(text) || /[@()\\[\]";:<>,]/.test(text)) {
    throw badRequest("Invalid value specified for property 'mailNickname' of resource 'Group'.");
  }
}

function checkRoleAssignable(context: RouteContext, values: JsonObject): void {
  if (values['isAssignableToRole'] !== true) {
    return;
  }
  if (!holdsRole(context, 'RoleManagement.ReadWrite.Directory')) {
    throw denied();
  }
  if (values['securityEnabled'] !== true || isDynamic(values)) {
    throw badRequest(
      'A role-assignable group must be security-enabled and must not have dynamic membership.',
    );
  }
  const { tenant } = context;
  const count = tenant
    .ordered('group')
    .filter((one) => one.properties['isAssignableToRole'] === true);
  if (count.length >= 500) {
    throw badRequest('The limit of 500 role-assignable groups has been reached.');
  }
}

function initialGroup(tenant: TenantState, values: JsonObject): JsonObject {
  const now = dateTime(tenant);
  const isUnified = isMicrosoft365(values);
  const mail = `${String(values['mailNickname'])}@${tenant.domains[0] ?? ''}`;
  return {
    createdDateTime: now,
    renewedDateTime: now,
    groupTypes: [],
    proxyAddresses: isUnified ? [`SMTP:${mail}`] : [],
    resourceBehaviorOptions: [],
    resourceProvisioningOptions: [],
    onPremisesProvisioningErrors: [],
    serviceProvisioningErrors: [],
    securityIdentifier: securityIdentifier(`${mail}${now}`),
    ...(isUnified ? { mail, visibility: 'Public' } : {}),
  };
}

/** `PATCH /groups(uniqueName='x')` with `Prefer: create-if-missing` makes a missing group. */
function missingUniqueName(context: RouteContext): string | undefined {
  const name = /^uniqueName='(.*)'$/i.exec(parameter(context))?.[1];
  const prefers = /\bcreate-if-missing\b/i.test(context.request.headers.get('prefer') ?? '');
  const holder = context.tenant.uniqueValues.holder(`uniqueName:${name?.toLowerCase() ?? ''}`);
  return prefers && holder === undefined ? name : undefined;
}

export function updateGroup(context: RouteContext): SimulatorReply {
  allowOnly(context.request, []);
  const { tenant } = context;
  const uniqueName = missingUniqueName(context);
  if (uniqueName !== undefined) {
    return createFrom(context, { ...bodyObject(context), uniqueName });
  }
  const object = writableObject(context, 'group', findByKey(context, 'group').object.id);
  const { values, links } = takeBindings(context, bodyObject(context), ['members', 'owners']);
  checkValues('group', groupType, values, 'update');
  refuseNull(values, ['displayName', 'mailEnabled', 'mailNickname', 'securityEnabled']);
  checkAlias(values['mailNickname']);
  refuseSynced(object, values);
  const before = object.current.properties;
  checkChangedKind(before, values);
  if (before['isAssignableToRole'] === true) {
    requireRoleManagement(context);
  }
  const after = { ...before, ...values };
  const taken = tenant.uniqueValues.collision('group', 'live', after, object);
  if (taken !== undefined) {
    throw conflict(taken);
  }
  checkLinks(tenant, { type: 'group', properties: after, object }, links);
  tenant.update(object, values);
  addAllLinks(tenant, object, links);
  return noContent;
}

export function requireRoleManagement(context: RouteContext): void {
  if (!holdsRole(context, 'RoleManagement.ReadWrite.Directory')) {
    throw denied();
  }
}

function checkChangedKind(before: JsonObject, values: JsonObject): void {
  if ('groupTypes' in values && isMicrosoft365(values) !== isMicrosoft365(before)) {
    throw badRequest("Property 'groupTypes' cannot add or remove 'Unified' after creation.");
  }
  if ('mailEnabled' in values && values['mailEnabled'] !== before['mailEnabled']) {
    throw badRequest("Property 'mailEnabled' is read-only and cannot be set.");
  }
  const visibility = values['visibility'];
  const hidden = 'HiddenMembership';
  if (visibility !== undefined && (visibility === hidden) !== (before['visibility'] === hidden)) {
    throw badRequest('HiddenMembership can be set only for Microsoft 365 groups at creation.');
  }
  if ('groupTypes' in values || 'membershipRule' in values) {
    checkRule({ ...before, ...values });
  }
}

/** To the recycle bin; synced groups (and, when switched so, security groups) are gone at once. */
export function deleteGroup(context: RouteContext): SimulatorReply {
  allowOnly(context.request, []);
  const { tenant } = context;
  const object = writableObject(context, 'group', findByKey(context, 'group').object.id);
  if (object.current.properties['isAssignableToRole'] === true) {
    requireRoleManagement(context);
  }
  if (tenant.recycles(object)) {
    tenant.softDelete(object);
  } else {
    tenant.purge(object);
  }
  return noContent;
}
