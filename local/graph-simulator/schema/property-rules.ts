// Which properties come without $select, which cannot be written, which are kept elsewhere.
// Names are literals with their documentation page; a test checks them against the CSDL.
import type { ObjectType } from '../types.ts';

function names(parts: TemplateStringsArray): readonly string[] {
  return parts.join(' ').trim().split(/\s+/);
}

// https://learn.microsoft.com/graph/api/user-list: the default set.
const userDefault = names`businessPhones displayName givenName id jobTitle mail mobilePhone
  officeLocation preferredLanguage surname userPrincipalName`;

// https://learn.microsoft.com/graph/api/group-list and .../resources/group: returned by default.
const groupDefault = names`id deletedDateTime classification createdDateTime description
  displayName expirationDateTime groupTypes isAssignableToRole mail mailEnabled mailNickname
  membershipRule membershipRuleProcessingState onPremisesDomainName onPremisesLastSyncDateTime
  onPremisesNetBiosName onPremisesSamAccountName onPremisesSecurityIdentifier
  onPremisesSyncEnabled preferredDataLocation preferredLanguage proxyAddresses renewedDateTime
  resourceBehaviorOptions resourceProvisioningOptions securityEnabled securityIdentifier theme
  uniqueName visibility onPremisesProvisioningErrors serviceProvisioningErrors`;

// https://learn.microsoft.com/graph/api/resources/administrativeunit
const unitDefault = names`id deletedDateTime displayName description
  isMemberManagementRestricted membershipRule membershipRuleProcessingState membershipType
  visibility`;

export const defaultProperties: Readonly<Record<ObjectType, readonly string[]>> = {
  user: userDefault,
  group: groupDefault,
  administrativeUnit: unitDefault,
  servicePrincipal: names`id deletedDateTime accountEnabled appDisplayName appId displayName
    servicePrincipalType`,
  device: names`id deletedDateTime accountEnabled deviceId displayName operatingSystem
    operatingSystemVersion`,
  directoryRole: names`id deletedDateTime description displayName roleTemplateId`,
  conditionalAccessPolicy: names`id templateId displayName createdDateTime modifiedDateTime state
    conditions grantControls sessionControls`,
  namedLocation: names`id displayName modifiedDateTime createdDateTime isTrusted ipRanges
    countriesAndRegions includeUnknownCountriesAndRegions countryLookupMethod`,
  scopedRoleMembership: names`id roleId administrativeUnitId roleMemberInfo`,
};

/** Kept outside the directory: reads and delta that name them fail (docs21 known-issues). */
export const elsewhereProperties: ReadonlySet<string> = new Set(names`aboutMe birthday hireDate
  interests mySite pastProjects preferredName responsibilities schools skills mailboxSettings
  deviceEnrollmentLimit print`);

/** Group properties of Exchange: only on GET of one group (learn.microsoft.com/graph/api/group-get). */
export const singleReadGroupProperties: ReadonlySet<string> = new Set(names`accessType
  allowExternalSenders autoSubscribeNewMembers hideFromAddressLists hideFromOutlookClients
  isArchived isFavorite isSubscribedByMail unseenConversationsCount unseenCount
  unseenMessagesCount`);

/** Not tracked by delta: selected, they stay silent. */
export const untrackedProperties: ReadonlySet<string> = new Set(names`customSecurityAttributes
  signInActivity`);

// https://learn.microsoft.com/graph/api/resources/user: properties marked read-only.
const userReadOnly = names`id deletedDateTime createdDateTime creationType assignedLicenses
  assignedPlans provisionedPlans licenseAssignmentStates proxyAddresses securityIdentifier
  imAddresses lastPasswordChangeDateTime signInSessionsValidFromDateTime isManagementRestricted
  identityParentId legalAgeGroupClassification externalUserStateChangeDateTime isResourceAccount
  serviceProvisioningErrors onPremisesProvisioningErrors onPremisesDistinguishedName
  onPremisesDomainName onPremisesLastSyncDateTime onPremisesSamAccountName
  onPremisesSecurityIdentifier onPremisesSyncEnabled onPremisesUserPrincipalName signInActivity`;

// https://learn.microsoft.com/graph/api/resources/group
const groupReadOnly = names`id deletedDateTime createdDateTime renewedDateTime expirationDateTime
  mail proxyAddresses securityIdentifier hasMembersWithLicenseErrors assignedLicenses
  licenseProcessingState isManagementRestricted onPremisesDomainName onPremisesLastSyncDateTime
  onPremisesNetBiosName onPremisesProvisioningErrors onPremisesSamAccountName
  onPremisesSecurityIdentifier onPremisesSyncEnabled serviceProvisioningErrors isArchived
  isSubscribedByMail unseenCount unseenConversationsCount unseenMessagesCount infoCatalogs
  organizationId`;

export const readOnlyProperties: Readonly<Partial<Record<ObjectType, ReadonlySet<string>>>> = {
  user: new Set(userReadOnly),
  group: new Set(groupReadOnly),
  administrativeUnit: new Set(names`id deletedDateTime`),
  conditionalAccessPolicy: new Set(names`id createdDateTime modifiedDateTime deletedDateTime`),
  namedLocation: new Set(names`id createdDateTime modifiedDateTime deletedDateTime`),
};

/** Set at create and never again. */
export const createOnlyProperties: Readonly<Partial<Record<ObjectType, ReadonlySet<string>>>> = {
  group: new Set(names`isAssignableToRole resourceBehaviorOptions`),
  administrativeUnit: new Set(names`isMemberManagementRestricted`),
  conditionalAccessPolicy: new Set(names`templateId`),
};

/** Attributes of a synced user or group whose source of authority is on-premises. */
export const syncedProperties: ReadonlySet<string> = new Set(names`displayName givenName surname
  userPrincipalName mail mailNickname jobTitle department companyName employeeId city state
  country postalCode streetAddress officeLocation mobilePhone businessPhones faxNumber
  accountEnabled onPremisesExtensionAttributes description otherMails`);
