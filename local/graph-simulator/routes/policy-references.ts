// Ids in the conditions of a policy: users, groups, roles, locations must exist when it is written.
// https://github.com/microsoft/Microsoft365DSC/issues/2146
import { GraphFailure } from '../errors.ts';
import type { JsonObject, JsonValue } from '../types.ts';
import { isGuid, type RouteContext } from './route-context.ts';
import { isObject } from './write-values.ts';

type IdRule = {
  readonly constants: readonly string[];
  exists(context: RouteContext, id: string): boolean;
};

/** Stands for the trusted addresses of multi-factor authentication. */
const trustedAddresses = '00000000-0000-0000-0000-000000000000';

const user: IdRule = {
  constants: ['All', 'None', 'GuestsOrExternalUsers'],
  exists: (context, id) => context.view.live(id)?.object.type === 'user',
};
const group: IdRule = {
  constants: [],
  exists: (context, id) => context.view.live(id)?.object.type === 'group',
};
const role: IdRule = {
  constants: [],
  exists: (context, id) =>
    context.view
      .ordered('directoryRole')
      .some((one) => one.properties['roleTemplateId'] === id || one.object.id === id),
};
const location: IdRule = {
  constants: ['All', 'AllTrusted', trustedAddresses],
  exists: (context, id) => context.view.live(id)?.object.type === 'namedLocation',
};
/** Application ids: first-party ones are not objects of the tenant, so only the form is checked. */
const application: IdRule = {
  constants: ['All', 'None', 'Office365', 'MicrosoftAdminPortals'],
  exists: (_context, id) => isGuid(id),
};

const rules: Readonly<Record<string, Readonly<Record<string, IdRule>>>> = {
  users: {
    includeUsers: user,
    excludeUsers: user,
    includeGroups: group,
    excludeGroups: group,
    includeRoles: role,
    excludeRoles: role,
  },
  locations: { includeLocations: location, excludeLocations: location },
  applications: { includeApplications: application, excludeApplications: application },
};

export function checkReferences(context: RouteContext, conditions: JsonObject): void {
  for (const [condition, lists] of Object.entries(rules)) {
    const values = conditions[condition];
    if (!isObject(values)) {
      continue;
    }
    for (const [name, rule] of Object.entries(lists)) {
      checkList(context, values[name], `conditions.${condition}.${name}`, rule);
    }
  }
}

function checkList(
  context: RouteContext,
  ids: JsonValue | undefined,
  path: string,
  rule: IdRule,
): void {
  for (const id of Array.isArray(ids) ? (ids as readonly JsonValue[]) : []) {
    const text = String(id);
    if (!rule.constants.includes(text) && !rule.exists(context, text)) {
      throw new GraphFailure(
        400,
        'BadRequest',
        `1020: The value '${text}' in '${path}' is not a valid reference.`,
      );
    }
  }
}
