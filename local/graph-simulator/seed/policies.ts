// Seeded conditional access policies and named locations, with references to users, groups, roles
// and locations, constants in place of ids, and ids that lead nowhere.
import type { JsonObject, SeedTarget } from '../types.ts';
import { idOf } from './dice.ts';
import { nastyNames } from './nasty-values.ts';
import { roleTemplates } from './roles.ts';
import { dateOf } from './user-properties.ts';

export type PolicyPlan = {
  readonly seed: number;
  readonly users: number;
  readonly groups: number;
  readonly policies: number;
  readonly namedLocations: number;
  readonly nasty: boolean;
};

/** The application id of a first-party service: Office 365 Exchange Online in every tenant. */
const EXCHANGE_ONLINE = '00000002-0000-0ff1-ce00-000000000000';
const COUNTRIES = ['DE', 'FR', 'CH', 'NO', 'PT', 'JP'] as const;

export function seedPolicies(target: SeedTarget, plan: PolicyPlan): void {
  for (let n = 1; n <= plan.namedLocations; n += 1) {
    target.addObject('namedLocation', idOf(plan.seed, 'location', n), namedLocation(plan, n));
  }
  for (let n = 1; n <= plan.policies; n += 1) {
    target.addObject('conditionalAccessPolicy', idOf(plan.seed, 'policy', n), policy(plan, n));
  }
}

function namedLocation(plan: PolicyPlan, n: number): JsonObject {
  const common = {
    displayName: `Location ${String(n).padStart(2, '0')}`,
    createdDateTime: `${dateOf(plan.seed, n, 2021).slice(0, 19)}.${String(n).padStart(7, '0')}Z`,
    modifiedDateTime: dateOf(plan.seed, n, 2023),
  };
  if (n % 3 === 0) {
    return {
      '@odata.type': '#microsoft.graph.countryNamedLocation',
      ...common,
      countriesAndRegions: COUNTRIES.slice(0, (n % 5) + 1),
      includeUnknownCountriesAndRegions: n % 2 === 0,
      countryLookupMethod: 'clientIpAddress',
    };
  }
  return {
    '@odata.type': '#microsoft.graph.ipNamedLocation',
    ...common,
    isTrusted: n % 2 === 0,
    ipRanges: [
      { '@odata.type': '#microsoft.graph.iPv4CidrRange', cidrAddress: `203.0.113.${n % 200}/32` },
      { '@odata.type': '#microsoft.graph.iPv6CidrRange', cidrAddress: `2001:db8:${n}::/48` },
    ],
  };
}

function policy(plan: PolicyPlan, n: number): JsonObject {
  const states = ['enabled', 'disabled', 'enabledForReportingButNotEnforced'] as const;
  const name = plan.nasty && n === plan.policies ? nastyNames[1] : undefined;
  return {
    displayName: name ?? `CA${String(n).padStart(3, '0')} ${titles[n % titles.length]}`,
    createdDateTime: dateOf(plan.seed, n, 2020),
    modifiedDateTime: n % 5 === 0 ? null : dateOf(plan.seed, n, 2024),
    state: states[n % states.length] ?? 'disabled',
    conditions: conditions(plan, n),
    grantControls: n % 7 === 6 ? null : grantControls(n),
    sessionControls: n % 7 === 6 || n % 7 === 3 ? sessionControls : null,
  };
}

function conditions(plan: PolicyPlan, n: number): JsonObject {
  return {
    userRiskLevels: n % 6 === 4 ? ['high'] : [],
    signInRiskLevels: n % 6 === 5 ? ['medium', 'high'] : [],
    clientAppTypes: n % 4 === 2 ? ['exchangeActiveSync', 'other'] : ['all'],
    servicePrincipalRiskLevels: [],
    platforms: n % 5 === 1 ? { includePlatforms: ['all'], excludePlatforms: ['iOS'] } : null,
    locations: locations(plan, n),
    devices: n % 9 === 8 ? deviceFilter : null,
    clientApplications: null,
    applications: applications(plan, n),
    users: users(plan, n),
  };
}

const titles = ['require MFA', 'block legacy clients', 'guests', 'administrators'] as const;

const deviceFilter = {
  deviceFilter: { mode: 'exclude', rule: 'device.extensionAttribute1 -eq "kiosk"' },
};

/** Include and exclude of users: constants, ids of each kind, ids that lead nowhere. */
function users(plan: PolicyPlan, n: number): JsonObject {
  const { seed } = plan;
  const user = (offset: number) => idOf(seed, 'user', ((n * 31 + offset) % plan.users) + 1);
  const group = (offset: number) => idOf(seed, 'group', ((n * 7 + offset) % plan.groups) + 1);
  const gone = idOf(seed, 'never', n);
  const includes = [
    { includeUsers: ['All'] },
    { includeUsers: [], includeGroups: [group(0), group(1)] },
    { includeUsers: ['GuestsOrExternalUsers'] },
    { includeUsers: [], includeRoles: [roleTemplates[0].id, roleTemplates[1].id] },
    { includeUsers: ['None'], includeGuestsOrExternalUsers: guests },
    { includeUsers: [user(0), user(1)] },
  ];
  return {
    includeGroups: [],
    excludeGroups: n % 4 === 1 ? [group(2), gone] : [group(2)],
    includeRoles: [],
    excludeRoles: n % 6 === 0 ? [roleTemplates[2].id] : [],
    excludeUsers: n % 5 === 2 ? [user(2), gone, idOf(seed, 'deletedUser', 1)] : [user(2)],
    includeGuestsOrExternalUsers: null,
    excludeGuestsOrExternalUsers: null,
    ...includes[n % includes.length],
  };
}

const guests = {
  guestOrExternalUserTypes: 'internalGuest,b2bCollaborationGuest',
  externalTenants: {
    '@odata.type': '#microsoft.graph.conditionalAccessEnumeratedExternalTenants',
    membershipKind: 'enumerated',
    members: ['b5c1a3f0-7d2e-4f6a-8c9b-0d1e2f3a4b5c'],
  },
};

function locations(plan: PolicyPlan, n: number): JsonObject | null {
  if (n % 3 === 0 || plan.namedLocations === 0) return null;
  const id = idOf(plan.seed, 'location', (n % plan.namedLocations) + 1);
  const gone = idOf(plan.seed, 'never', 1_000 + n);
  return n % 3 === 1
    ? { includeLocations: ['All'], excludeLocations: ['AllTrusted'] }
    : { includeLocations: [id], excludeLocations: n % 6 === 2 ? [gone] : [] };
}

function applications(plan: PolicyPlan, n: number): JsonObject {
  const principal = idOf(plan.seed, 'application', (n % 5) + 1);
  const registersDevices = n % 8 === 7;
  return {
    includeApplications: registersDevices ? [] : n % 2 === 0 ? ['All'] : [EXCHANGE_ONLINE],
    excludeApplications: n % 2 === 0 ? [principal] : [],
    includeUserActions: registersDevices ? ['urn:user:registersecurityinfo'] : [],
    includeAuthenticationContextClassReferences: [],
    applicationFilter: null,
  };
}

function grantControls(n: number): JsonObject {
  return {
    operator: n % 2 === 0 ? 'OR' : 'AND',
    builtInControls: n % 4 === 2 ? ['block'] : ['mfa', 'compliantDevice'].slice(0, (n % 2) + 1),
    customAuthenticationFactors: [],
    termsOfUse: [],
  };
}

const sessionControls = {
  disableResilienceDefaults: null,
  applicationEnforcedRestrictions: null,
  cloudAppSecurity: null,
  secureSignInSession: null,
  persistentBrowser: { mode: 'never', isEnabled: true },
  signInFrequency: {
    value: 4,
    type: 'hours',
    authenticationType: 'primaryAndSecondaryAuthentication',
    frequencyInterval: 'timeBased',
    isEnabled: true,
  },
};
