// Properties of seeded groups: security, Microsoft 365, dynamic, role-assignable, mail-enabled and
// synced ones in fixed proportions.
import type { JsonObject } from '../types.ts';
import { longDescription, nastyNames } from './nasty-values.ts';
import type { UserContext } from './user-properties.ts';
import { dateOf, securityIdentifier } from './user-properties.ts';

export const groupKinds = [
  'security',
  'microsoft365',
  'dynamic',
  'dynamicMicrosoft365',
  'roleAssignable',
  'hiddenMembership',
  'distribution',
  'synced',
] as const;
export type GroupKind = (typeof groupKinds)[number];

/** Of 50 groups: number of the group modulo 50 -> kind; all others are plain security groups. */
const special: Readonly<Record<number, GroupKind>> = {
  3: 'dynamic',
  8: 'dynamicMicrosoft365',
  13: 'roleAssignable',
  23: 'hiddenMembership',
  28: 'distribution',
  33: 'synced',
  43: 'dynamic',
};

/** Role-assignable groups are limited to 500 in a tenant. */
const ROLE_ASSIGNABLE_MAXIMUM = 500;

export function kindOfGroup(n: number): GroupKind {
  const kind = special[n % 50];
  if (kind === 'roleAssignable' && n / 50 >= ROLE_ASSIGNABLE_MAXIMUM) return 'security';
  return kind ?? (n % 4 === 2 ? 'microsoft365' : 'security');
}

export function isDynamicGroup(n: number): boolean {
  return kindOfGroup(n).startsWith('dynamic');
}

/** The n-th group, counted from 1. `nasty` replaces its name by the value of that index. */
export function groupProperties(context: UserContext, n: number, nasty?: number): JsonObject {
  const kind = kindOfGroup(n);
  const number = String(n).padStart(context.digits, '0');
  const name = nastyNames[(nasty ?? 0) % nastyNames.length] ?? '';
  return {
    displayName: nasty === undefined ? `Group ${number}` : name,
    ...(n % 6 === 0 ? {} : { description: n % 6 === 1 ? null : `Members of group ${number}` }),
    mailNickname: `group${number}`,
    createdDateTime: dateOf(context.seed, n, 2019),
    renewedDateTime: dateOf(context.seed, n, 2019),
    securityIdentifier: securityIdentifier(context.seed + 2, n),
    proxyAddresses: [],
    ...kindProperties(kind, context, n, number),
    ...(nasty === 0 ? { description: longDescription } : {}),
    ...(nasty !== undefined && nasty > 0 ? { description: name } : {}),
  };
}

function kindProperties(
  kind: GroupKind,
  context: UserContext,
  n: number,
  number: string,
): JsonObject {
  const security = { mailEnabled: false, securityEnabled: true, groupTypes: [], mail: null };
  switch (kind) {
    case 'security':
      return { ...security, ...(n % 9 === 0 ? { uniqueName: `unique-group-${number}` } : {}) };
    case 'roleAssignable':
      return { ...security, isAssignableToRole: true, visibility: 'Private' };
    case 'dynamic':
      return { ...security, ...dynamicRule(n), groupTypes: ['DynamicMembership'] };
    case 'synced':
      return { ...security, ...syncedGroup(context, n, number) };
    case 'distribution':
      return { ...mailProperties(context, number), securityEnabled: false, groupTypes: [] };
    case 'microsoft365':
      return microsoft365(context, n, number, n % 8 === 2 ? 'Public' : 'Private');
    case 'hiddenMembership':
      return microsoft365(context, n, number, 'HiddenMembership');
    case 'dynamicMicrosoft365':
      return {
        ...microsoft365(context, n, number, 'Private'),
        ...dynamicRule(n),
        groupTypes: ['Unified', 'DynamicMembership'],
      };
    default:
      throw new Error(`unknown group kind ${String(kind satisfies never)}`);
  }
}

function microsoft365(context: UserContext, n: number, number: string, visibility: string) {
  return {
    ...mailProperties(context, number),
    groupTypes: ['Unified'],
    securityEnabled: n % 3 === 0,
    visibility,
    classification: n % 12 === 2 ? 'Confidential' : null,
    preferredLanguage: n % 12 === 6 ? 'de-DE' : null,
    theme: n % 20 === 2 ? 'Teal' : null,
    resourceBehaviorOptions: n % 8 === 2 ? ['WelcomeEmailDisabled'] : [],
    resourceProvisioningOptions: n % 8 === 6 ? ['Team'] : [],
    ...(n % 16 === 2 ? { expirationDateTime: dateOf(context.seed, n, 2027) } : {}),
  };
}

function mailProperties(context: UserContext, number: string) {
  const mail = `group${number}@${context.domain}`;
  return { mailEnabled: true, mail, proxyAddresses: [`SMTP:${mail}`] };
}

function dynamicRule(n: number) {
  return {
    membershipRule: `(user.department -eq "Sales") and (user.employeeId -startsWith "E${n % 10}")`,
    membershipRuleProcessingState: n % 4 === 3 ? 'Paused' : 'On',
  };
}

function syncedGroup(context: UserContext, n: number, number: string) {
  return {
    onPremisesSyncEnabled: true,
    onPremisesDomainName: 'corp.contoso.example',
    onPremisesNetBiosName: 'CORP',
    onPremisesSamAccountName: `group${number}`,
    onPremisesLastSyncDateTime: dateOf(context.seed, n, 2025),
    onPremisesSecurityIdentifier: securityIdentifier(context.seed + 3, n),
    onPremisesProvisioningErrors: [],
  };
}
