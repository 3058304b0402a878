// Writing conditional access policies: references must lead somewhere, conditions must fit
// together, and what is read back has every list and null the service adds.
import { GraphFailure } from '../errors.ts';
import { allowOnly } from '../query.ts';
import { renderObject } from '../render.ts';
import type { TenantState } from '../tenant/tenant-state.ts';
import type { JsonObject, JsonValue, SimulatorReply } from '../types.ts';
import { checkReferences } from './policy-references.ts';
import {
  bodyObject,
  contextUrl,
  json,
  noContent,
  parameter,
  type RouteContext,
  writableObject,
} from './route-context.ts';
import { checkValues, isObject } from './write-values.ts';

const policyType = 'microsoft.graph.conditionalAccessPolicy';
const maximumPolicies = 195;

/** Conditional access answers with the code `BadRequest` and a number in the text. */
export function policyFailure(message: string): GraphFailure {
  return new GraphFailure(400, 'BadRequest', message);
}

export function createPolicy(context: RouteContext): SimulatorReply {
  allowOnly(context.request, []);
  const { tenant } = context;
  const body = bodyObject(context);
  checkValues('conditionalAccessPolicy', policyType, body, 'create');
  for (const name of ['displayName', 'state', 'conditions'] as const) {
    if (body[name] === undefined || body[name] === null || body[name] === '') {
      throw policyFailure(`1001: The property '${name}' is required.`);
    }
  }
  const properties = complete({ ...body });
  checkPolicy(context.tenant, properties);
  checkReferences(context, part(properties['conditions']));
  if (tenant.ordered('conditionalAccessPolicy').length >= maximumPolicies) {
    throw policyFailure(`1132: The maximum of ${maximumPolicies} policies has been reached.`);
  }
  const now = new Date(tenant.clock.now()).toISOString();
  const object = tenant.create('conditionalAccessPolicy', {
    ...properties,
    createdDateTime: now,
    modifiedDateTime: null,
  });
  return json(201, {
    '@odata.context': contextUrl(context, 'identity/conditionalAccess/policies/$entity'),
    ...renderObject(object.current, { select: undefined }),
  });
}

export function updatePolicy(context: RouteContext): SimulatorReply {
  allowOnly(context.request, []);
  const { tenant } = context;
  const object = writableObject(context, 'conditionalAccessPolicy', parameter(context));
  const body = bodyObject(context);
  checkValues('conditionalAccessPolicy', policyType, body, 'update');
  const after = complete(mergeDeep(object.current.properties, body));
  checkPolicy(tenant, after);
  // Only what the patch names: an id that dangles elsewhere in the policy does not stop it.
  checkReferences(context, part(body['conditions']));
  tenant.update(object, after);
  return noContent;
}

export function deletePolicy(context: RouteContext): SimulatorReply {
  allowOnly(context.request, []);
  const object = writableObject(context, 'conditionalAccessPolicy', parameter(context));
  context.tenant.softDelete(object);
  return noContent;
}

/** Objects are merged, lists and values replaced. */
function mergeDeep(before: JsonObject, patch: JsonObject): JsonObject {
  const merged: Record<string, JsonValue> = { ...before };
  for (const [name, value] of Object.entries(patch)) {
    const old = merged[name];
    merged[name] = isObject(value) && isObject(old) ? mergeDeep(old, value) : value;
  }
  return merged;
}

function part(value: JsonValue | undefined): JsonObject {
  return isObject(value) ? value : {};
}

/** The nulls and empty lists the service shows when a policy is read back. */
function complete(values: JsonObject): JsonObject {
  const conditions = part(values['conditions']);
  const grant = values['grantControls'];
  return {
    sessionControls: null,
    ...values,
    conditions: {
      userRiskLevels: [],
      signInRiskLevels: [],
      clientAppTypes: ['all'],
      servicePrincipalRiskLevels: [],
      platforms: null,
      locations: null,
      devices: null,
      clientApplications: null,
      ...conditions,
      applications: {
        includeApplications: [],
        excludeApplications: [],
        includeUserActions: [],
        includeAuthenticationContextClassReferences: [],
        applicationFilter: null,
        ...part(conditions['applications']),
      },
      users: {
        includeUsers: [],
        excludeUsers: [],
        includeGroups: [],
        excludeGroups: [],
        includeRoles: [],
        excludeRoles: [],
        includeGuestsOrExternalUsers: null,
        excludeGuestsOrExternalUsers: null,
        ...part(conditions['users']),
      },
    },
    grantControls: isObject(grant)
      ? { customAuthenticationFactors: [], termsOfUse: [], ...grant }
      : null,
  };
}

function hasItems(value: JsonValue | undefined): boolean {
  return Array.isArray(value) && value.length > 0;
}

function checkPolicy(tenant: TenantState, properties: JsonObject): void {
  const conditions = part(properties['conditions']);
  const applications = part(conditions['applications']);
  if (
    hasItems(applications['includeApplications']) &&
    hasItems(applications['includeUserActions'])
  ) {
    // https://github.com/nicolonsky/ModernWorkplaceConcierge/issues/50
    throw policyFailure(
      "1012: 'applications' condition cannot include both 'includeApplications' and 'includeUserActions'/'includeProtectionLevels'. Please remove one of the conditions.",
    );
  }
  if (
    ![
      'includeApplications',
      'includeUserActions',
      'includeAuthenticationContextClassReferences',
    ].some((name) => hasItems(applications[name]))
  ) {
    throw policyFailure("1011: 'applications' condition must include at least one target.");
  }
  const users = part(conditions['users']);
  const included = ['includeUsers', 'includeGroups', 'includeRoles'] as const;
  const hasUsers =
    included.some((name) => hasItems(users[name])) ||
    isObject(users['includeGuestsOrExternalUsers']) ||
    isObject(conditions['clientApplications']);
  if (!hasUsers) {
    throw policyFailure("1010: 'users' condition must include at least one target.");
  }
  if (properties['grantControls'] === null && properties['sessionControls'] === null) {
    throw policyFailure('1003: A policy needs grantControls or sessionControls.');
  }
  refuseWithSecurityDefaults(tenant, properties);
}

/** https://github.com/j0eyv/ConditionalAccessBaseline/issues/17 */
function refuseWithSecurityDefaults(tenant: TenantState, properties: JsonObject): void {
  if (tenant.settings.securityDefaultsEnabled && properties['state'] === 'enabled') {
    throw policyFailure(
      'Security Defaults is enabled in the tenant. You must disable Security defaults before enabling a Conditional Access policy.',
    );
  }
}
