// Properties of seeded users. Eight profiles decide which properties are set, null, empty or were
// never set; names are numbers, so nobody real is meant.
import type { JsonObject, JsonValue } from '../types.ts';
import { idOf, pick, roll } from './dice.ts';
import { nastyAttributes, nastyNames } from './nasty-values.ts';

export type UserContext = {
  readonly seed: number;
  readonly domain: string;
  readonly initialDomain: string;
  /** Digits of the numbers in names. */
  readonly digits: number;
};

export type UserKind = 'member' | 'guest' | 'synced';

const cities = [
  ['Berlin', 'BE', 'DE', '10115'],
  ['Lyon', 'ARA', 'FR', '69001'],
  ['Oslo', '03', 'NO', '0150'],
  ['Porto', '13', 'PT', '4000-001'],
  ['Z\u00FCrich', 'ZH', 'CH', '8001'],
  ['\u014Csaka', '27', 'JP', '530-0001'],
] as const;
const departments = ['Finance', 'Research', 'Sales', 'Support', 'Legal', 'Operations'] as const;
const titles = ['Analyst', 'Engineer', 'Manager', 'Assistant', 'Lead', 'Director'] as const;
const languages = ['en-US', 'de-DE', 'fr-FR', 'nb-NO', 'ja-JP'] as const;

/** Every 20th user is a guest, every 7th is synced from on-premises. */
export function kindOfUser(n: number): UserKind {
  if (n % 20 === 13) return 'guest';
  return n % 7 === 3 ? 'synced' : 'member';
}

/** Every 25th account is disabled. */
export function isDisabled(n: number): boolean {
  return n % 25 === 11;
}

export function displayNameOf(context: UserContext, n: number): string {
  return `User ${String(n).padStart(context.digits, '0')}`;
}

/** The n-th user, counted from 1. `nasty` replaces its names by the value of that index. */
export function userProperties(context: UserContext, n: number, nasty?: number): JsonObject {
  const kind = kindOfUser(n);
  const number = String(n).padStart(context.digits, '0');
  const created = dateOf(context.seed, n, 2019);
  return {
    ...nameProperties(context, n, number, kind),
    ...accountProperties(context, n, created),
    ...addressProperties(context, n, number),
    ...workProperties(context, n, number),
    ...(kind === 'guest' ? guestProperties(created, number) : {}),
    ...(kind === 'synced' ? syncedProperties(context, n, number) : {}),
    ...(n % 10 === 4 ? { customSecurityAttributes: securityAttributes(n, nasty) } : {}),
    ...(nasty === undefined ? {} : nastyProperties(nasty)),
  };
}

function nameProperties(context: UserContext, n: number, number: string, kind: UserKind) {
  const { domain, initialDomain } = context;
  const guestMail = `guest${number}@fabrikam.example`;
  const principalName =
    kind === 'guest'
      ? `${guestMail.replace('@', '_')}#EXT#@${initialDomain}`
      : `user${number}@${domain}`;
  const mail = kind === 'guest' ? guestMail : principalName;
  const second = n % 3 === 0 ? [`smtp:alias${number}@${initialDomain}`] : [];
  return {
    displayName: displayNameOf(context, n),
    givenName: n % 8 === 7 ? null : 'User',
    surname: number,
    userPrincipalName: principalName,
    mailNickname: kind === 'guest' ? `guest${number}_fabrikam` : `user${number}`,
    mail: n % 8 === 6 ? null : mail,
    proxyAddresses: n % 8 === 6 ? [] : [`SMTP:${mail}`, ...second],
    otherMails: n % 4 === 0 ? [`private${number}@example.org`] : [],
    imAddresses: n % 4 === 1 ? [`sip:${mail}`] : [],
    identities: [
      {
        signInType: kind === 'guest' ? 'federated' : 'userPrincipalName',
        issuer: kind === 'guest' ? 'ExternalAzureAD' : initialDomain,
        issuerAssignedId: kind === 'guest' ? null : principalName,
      },
    ],
  };
}

function accountProperties(context: UserContext, n: number, created: string): JsonObject {
  const { seed } = context;
  const skuId = idOf(seed, 'sku', n % 3);
  const licensed = n % 5 !== 0;
  return {
    accountEnabled: !isDisabled(n),
    userType: kindOfUser(n) === 'guest' ? 'Guest' : 'Member',
    createdDateTime: created,
    usageLocation: n % 8 === 5 ? null : pick(cities, roll(seed, 100, n))[2],
    securityIdentifier: securityIdentifier(seed, n),
    lastPasswordChangeDateTime: dateOf(seed, n, 2023),
    signInSessionsValidFromDateTime: dateOf(seed, n, 2023),
    assignedLicenses: licensed ? [{ disabledPlans: [], skuId }] : [],
    licenseAssignmentStates: licensed
      ? [
          {
            skuId,
            disabledPlans: [],
            assignedByGroup: n % 10 === 1 ? idOf(seed, 'group', n % 5) : null,
            state: 'Active',
            error: 'None',
            lastUpdatedDateTime: created,
          },
        ]
      : [],
    ...(n % 8 === 2 ? {} : { passwordPolicies: n % 6 === 0 ? 'DisablePasswordExpiration' : null }),
    ...(n % 40 === 9 ? { ageGroup: 'Adult', legalAgeGroupClassification: 'Adult' } : {}),
    ...(n % 40 === 17 ? { isResourceAccount: true, showInAddressList: false } : {}),
  };
}

function addressProperties(context: UserContext, n: number, number: string): JsonObject {
  if (n % 8 === 3) return { businessPhones: [], mobilePhone: null };
  const [city, state, country, postalCode] = pick(cities, roll(context.seed, 100, n));
  return {
    businessPhones: n % 8 === 1 ? [] : [`+1 555 01${number.slice(-2)}`],
    mobilePhone: n % 2 === 0 ? `+1 555 02${number.slice(-2)}` : null,
    ...(n % 9 === 4 ? { faxNumber: null } : {}),
    ...(n % 9 === 0 ? { faxNumber: `+1 555 03${number.slice(-2)}` } : {}),
    city,
    state,
    country,
    postalCode,
    streetAddress: `${n} Example Street`,
    officeLocation: `Building ${n % 12}/${n % 400}`,
  };
}

function workProperties(context: UserContext, n: number, number: string): JsonObject {
  const department = pick(departments, roll(context.seed, 101, n));
  return {
    companyName: n % 8 === 7 ? null : 'Contoso',
    department,
    jobTitle: pick(titles, roll(context.seed, 102, n)),
    employeeId: `E${number}`,
    employeeType: n % 6 === 5 ? 'Contractor' : 'Employee',
    preferredLanguage: pick(languages, roll(context.seed, 103, n)),
    ...(n % 8 === 4
      ? {}
      : { employeeHireDate: `${dateOf(context.seed, n, 2019).slice(0, 10)}T00:00:00Z` }),
    ...(n % 4 === 2
      ? { employeeOrgData: { division: department, costCenter: String(1000 + (n % 90)) } }
      : {}),
    ...(n % 50 === 21 ? { preferredDataLocation: 'EUR' } : {}),
    ...(isDisabled(n) ? { employeeLeaveDateTime: dateOf(context.seed, n, 2025) } : {}),
  };
}

function guestProperties(created: string, number: string): JsonObject {
  return {
    creationType: 'Invitation',
    externalUserState: number.endsWith('3') ? 'PendingAcceptance' : 'Accepted',
    externalUserStateChangeDateTime: created,
    companyName: 'Fabrikam',
  };
}

function syncedProperties(context: UserContext, n: number, number: string): JsonObject {
  return {
    onPremisesSyncEnabled: true,
    onPremisesDistinguishedName: `CN=User ${number},OU=Staff,DC=corp,DC=contoso,DC=example`,
    onPremisesDomainName: 'corp.contoso.example',
    onPremisesImmutableId: Buffer.from(`immutable ${number}`).toString('base64'),
    onPremisesLastSyncDateTime: dateOf(context.seed, n, 2025),
    onPremisesSamAccountName: `user${number}`,
    onPremisesSecurityIdentifier: securityIdentifier(context.seed + 1, n),
    onPremisesUserPrincipalName: `user${number}@corp.contoso.example`,
    onPremisesExtensionAttributes: {
      extensionAttribute1: `value ${n % 10}`,
      extensionAttribute2: null,
      extensionAttribute3: n % 2 === 0 ? 'even' : 'odd',
    },
    onPremisesProvisioningErrors: [],
  };
}

function securityAttributes(n: number, nasty: number | undefined): JsonObject {
  return {
    Engineering: {
      '@odata.type': '#microsoft.graph.customSecurityAttributeValue',
      'Project@odata.type': '#Collection(String)',
      Project: [`Project ${n % 7}`, `Project ${(n % 7) + 1}`],
      'Level@odata.type': '#Int32',
      Level: n % 5,
      Certified: n % 3 === 0,
    },
    ...(nasty === undefined ? {} : { Marketing: nastyAttributes }),
  };
}

function nastyProperties(index: number): JsonObject {
  const value: JsonValue = nastyNames[index % nastyNames.length] ?? '';
  return {
    displayName: value,
    jobTitle: value.slice(0, 128),
    department: value.slice(0, 64),
    streetAddress: value,
    customSecurityAttributes: securityAttributes(index, index),
    employeeHireDate: index % 2 === 0 ? '0001-01-01T00:00:00Z' : '9999-12-31T23:59:59.9999999Z',
  };
}

/** A time with seconds between `year` and four years later, from the number alone. */
export function dateOf(seed: number, n: number, year: number): string {
  const start = Date.UTC(year, 0, 1);
  const offset = (roll(seed, 104 + (year % 10), n) % (4 * 365 * 86_400)) * 1000;
  return `${new Date(start + offset).toISOString().slice(0, 19)}Z`;
}

export function securityIdentifier(seed: number, n: number): string {
  const part = (kind: number) => roll(seed, kind, n);
  return `S-1-12-1-${part(110)}-${part(111)}-${part(112)}-${part(113)}`;
}
