// Creating, changing and deleting users, and their manager link.
// https://learn.microsoft.com/graph/api/user-post-users and .../user-update
import { createHash } from 'node:crypto';
import { badRequest, conflict, denied, GraphFailure } from '../errors.ts';
import { allowOnly } from '../query.ts';
import { renderObject } from '../render.ts';
import { syncedProperties } from '../schema/property-rules.ts';
import type { StoredObject } from '../tenant/stored-object.ts';
import type { TenantState } from '../tenant/tenant-state.ts';
import type { JsonObject, JsonValue, SimulatorReply } from '../types.ts';
import { findByKey } from './reads.ts';
import {
  bodyObject,
  contextUrl,
  holdsRole,
  json,
  noContent,
  type RouteContext,
  writableObject,
} from './route-context.ts';
import {
  checkValues,
  isObject,
  mergeComplex,
  refuseNull,
  requireProperties,
} from './write-values.ts';

const userType = 'microsoft.graph.user';

export function createUser(context: RouteContext): SimulatorReply {
  allowOnly(context.request, []);
  const body = bodyObject(context);
  checkValues('user', userType, body, 'create');
  requireProperties(body, [
    'accountEnabled',
    'displayName',
    'mailNickname',
    'userPrincipalName',
    'passwordProfile',
  ]);
  checkPassword(body['passwordProfile'], true);
  checkUserValues(body);
  checkAttributeWrite(context, body);
  checkPrincipalName(context.tenant, body['userPrincipalName']);
  checkQuota(context.tenant);
  const properties = { ...initialUser(context.tenant, body), ...withoutSecrets(body) };
  const taken = context.tenant.uniqueValues.collision('user', 'live', properties);
  if (taken !== undefined) {
    throw conflict(taken);
  }
  const object = context.tenant.create('user', properties);
  return json(201, {
    '@odata.context': contextUrl(context, 'users/$entity'),
    ...renderObject(object.current, { select: undefined }),
  });
}

/** Values the directory gives a new user. */
function initialUser(tenant: TenantState, body: JsonObject): JsonObject {
  const now = dateTime(tenant);
  const principalName = String(body['userPrincipalName']);
  return {
    createdDateTime: now,
    userType: 'Member',
    businessPhones: [],
    otherMails: [],
    proxyAddresses: [],
    assignedLicenses: [],
    assignedPlans: [],
    provisionedPlans: [],
    imAddresses: [],
    identities: [principalIdentity(tenant, principalName)],
    securityIdentifier: securityIdentifier(`${principalName}${now}`),
    lastPasswordChangeDateTime: now,
    signInSessionsValidFromDateTime: now,
  };
}

function principalIdentity(tenant: TenantState, principalName: string): JsonObject {
  return {
    signInType: 'userPrincipalName',
    issuer: tenant.domains[0] ?? '',
    issuerAssignedId: principalName,
  };
}

/** Seconds precision, as the directory writes its own dates. */
export function dateTime(tenant: TenantState): string {
  return new Date(tenant.clock.now()).toISOString().replace(/\.\d{3}Z$/, 'Z');
}

/** S-1-12-1 and four 32-bit numbers. */
export function securityIdentifier(text: string): string {
  const digest = createHash('sha256').update(text).digest();
  return `S-1-12-1-${[0, 4, 8, 12].map((at) => digest.readUInt32LE(at)).join('-')}`;
}

export function checkQuota(tenant: TenantState): void {
  if (
    tenant.settings.objectQuota < 300_000 &&
    tenant.countedObjects() >= tenant.settings.objectQuota
  ) {
    throw new GraphFailure(
      403,
      'Directory_QuotaExceeded',
      'The directory object quota limit for the Tenant has been exceeded. Please ask your administrator to increase the quota limit or delete objects to reduce the used quota.',
    );
  }
}

/** Passwords are checked and forgotten: nothing of them is ever stored. */
function withoutSecrets(body: JsonObject): JsonObject {
  const { passwordProfile: _secret, ...rest } = body;
  return rest;
}

function checkPassword(profile: JsonValue | undefined, isNew: boolean): void {
  const password = isObject(profile) ? profile['password'] : undefined;
  if (password === undefined && !isNew) {
    return;
  }
  const classes = [/[a-z]/, /[A-Z]/, /\d/, /[^A-Za-z0-9]/];
  const isStrong =
    typeof password === 'string' &&
    password.length >= 8 &&
    password.length <= 256 &&
    classes.filter((pattern) => pattern.test(password)).length >= 3;
  if (!isStrong) {
    throw badRequest(
      'The specified password does not comply with password complexity requirements. Please provide a different password.',
    );
  }
}

function checkPrincipalName(tenant: TenantState, value: JsonValue | undefined): void {
  if (value === undefined) {
    return;
  }
  const [local, domain, rest] = String(value).split('@');
  if (local === undefined || !/^[A-Za-z0-9'.\-_!#^~]{1,64}$/.test(local) || rest !== undefined) {
    throw badRequest('Property userPrincipalName is invalid.');
  }
  if (!tenant.domains.some((name) => name.toLowerCase() === domain?.toLowerCase())) {
    throw badRequest(
      'The domain portion of the userPrincipalName property is invalid. You must use one of the verified domain names in your organization.',
    );
  }
}

/** Values the documentation of the user resource enumerates. */
const allowedValues: Readonly<Record<string, readonly string[]>> = {
  userType: ['Member', 'Guest'],
  ageGroup: ['Minor', 'NotAdult', 'Adult'],
  consentProvidedForMinor: ['Granted', 'Denied', 'NotRequired'],
};

function checkUserValues(values: JsonObject): void {
  for (const [name, allowed] of Object.entries(allowedValues)) {
    const value = values[name] ?? null;
    if (value !== null && !allowed.includes(String(value))) {
      throw badRequest(`Invalid value specified for property '${name}' of resource 'User'.`);
    }
  }
  const phones = values['businessPhones'];
  if (Array.isArray(phones) && phones.length > 1) {
    throw badRequest("Property 'businessPhones' can hold one number only.");
  }
  const location = values['usageLocation'] ?? null;
  if (location !== null && !/^[A-Z]{2}$/.test(String(location))) {
    throw badRequest("Invalid value specified for property 'usageLocation' of resource 'User'.");
  }
}

function checkAttributeWrite(context: RouteContext, body: JsonObject): void {
  if (
    'customSecurityAttributes' in body &&
    !holdsRole(context, 'CustomSecAttributeAssignment.ReadWrite.All')
  ) {
    throw denied();
  }
}

/** Attributes of synced objects belong to the on-premises directory. */
export function refuseSynced(object: StoredObject, values: JsonObject): void {
  if (
    object.current.properties['onPremisesSyncEnabled'] === true &&
    Object.keys(values).some((name) => syncedProperties.has(name))
  ) {
    throw badRequest(
      'Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration.',
    );
  }
}

export function updateUser(context: RouteContext): SimulatorReply {
  allowOnly(context.request, []);
  const { tenant } = context;
  const object = writableObject(context, 'user', findByKey(context, 'user').object.id);
  const body = bodyObject(context);
  checkValues('user', userType, body, 'update');
  refuseNull(body, [
    'accountEnabled',
    'displayName',
    'mailNickname',
    'userPrincipalName',
    'usageLocation',
  ]);
  checkPassword(body['passwordProfile'], false);
  checkUserValues(body);
  checkAttributeWrite(context, body);
  checkPrincipalName(tenant, body['userPrincipalName']);
  refuseSynced(object, body);
  const values = changedValues(tenant, object, body);
  const after = { ...object.current.properties, ...values };
  const taken = tenant.uniqueValues.collision('user', 'live', after, object);
  if (taken !== undefined) {
    throw conflict(taken);
  }
  tenant.update(object, values);
  return noContent;
}

function changedValues(tenant: TenantState, object: StoredObject, body: JsonObject): JsonObject {
  const before = object.current.properties;
  const values: Record<string, JsonValue> = { ...mergeComplex(before, withoutSecrets(body)) };
  delete values['@odata.type'];
  if (body['passwordProfile'] !== undefined) {
    values['lastPasswordChangeDateTime'] = dateTime(tenant);
  }
  if (isObject(body['customSecurityAttributes'])) {
    values['customSecurityAttributes'] = mergeAttributes(
      before['customSecurityAttributes'],
      body['customSecurityAttributes'],
    );
  }
  const principalName = body['userPrincipalName'];
  if (typeof principalName === 'string' && principalName !== before['userPrincipalName']) {
    const identities = before['identities'];
    const others: readonly JsonValue[] = Array.isArray(identities) ? identities : [];
    values['identities'] = [
      ...others.filter((one) => isObject(one) && one['signInType'] !== 'userPrincipalName'),
      principalIdentity(tenant, principalName),
    ];
  }
  return values;
}

/** Attribute sets are merged attribute by attribute; null takes an attribute away. */
function mergeAttributes(before: JsonValue | undefined, patch: JsonObject): JsonObject {
  const merged: Record<string, JsonValue> = isObject(before) ? { ...before } : {};
  for (const [set, attributes] of Object.entries(patch)) {
    const old = merged[set];
    const values = isObject(attributes)
      ? Object.entries({ ...(isObject(old) ? old : {}), ...attributes })
      : [];
    const kept = values.filter(([, value]) => value !== null);
    if (kept.some(([name]) => !name.includes('@'))) {
      merged[set] = Object.fromEntries(kept);
    } else {
      delete merged[set];
    }
  }
  return merged;
}

export function deleteUser(context: RouteContext): SimulatorReply {
  allowOnly(context.request, []);
  const object = writableObject(context, 'user', findByKey(context, 'user').object.id);
  context.tenant.softDelete(object);
  return noContent;
}
