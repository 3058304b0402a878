import { defineObjectType, link, names, permissions } from '../define-object-type.ts';

/** Members and guests. Left out of `select`: what Graph keeps elsewhere and refuses in lists (501:
 * mailboxSettings, aboutMe, skills ...), what has a quota of its own (signInActivity), what changes
 * with every sign-in. https://learn.microsoft.com/graph/known-issues */
export const user = defineObjectType({
  name: 'user',
  collection: '/users',
  service: 'identity',
  changeTracking: 'delta',
  select: names`id accountEnabled ageGroup assignedLicenses authorizationInfo businessPhones city
    companyName consentProvidedForMinor country createdDateTime creationType department displayName
    employeeHireDate employeeId employeeLeaveDateTime employeeOrgData employeeType externalUserState
    externalUserStateChangeDateTime faxNumber givenName identities imAddresses isResourceAccount
    jobTitle legalAgeGroupClassification mail mailNickname mobilePhone officeLocation
    onPremisesDistinguishedName onPremisesDomainName onPremisesExtensionAttributes
    onPremisesImmutableId onPremisesSamAccountName onPremisesSecurityIdentifier
    onPremisesSyncEnabled onPremisesUserPrincipalName otherMails passwordPolicies postalCode
    preferredDataLocation preferredLanguage proxyAddresses securityIdentifier showInAddressList
    state streetAddress surname usageLocation userPrincipalName userType`,
  facets: [
    {
      name: 'customSecurityAttributes',
      select: names`id customSecurityAttributes`,
      permissions: permissions(
        'CustomSecAttributeAssignment.Read.All',
        'CustomSecAttributeAssignment.ReadWrite.All',
      ),
    },
  ],
  links: [
    link('user', 'manager', {
      cardinality: 'one',
      targets: names`user orgContact`,
      reverse: { path: 'directReports', sourceCast: 'microsoft.graph.user' },
      restore: 'single-reference',
      permissions: permissions('User.Read.All', 'User.ReadWrite.All'),
    }),
  ],
  volatile: names`onPremisesLastSyncDateTime signInActivity`,
  unordered: names`assignedLicenses assignedLicenses.disabledPlans businessPhones identities
    authorizationInfo.certificateUserIds imAddresses otherMails proxyAddresses`,
  permissions: {
    ...permissions('User.Read.All', 'User.ReadWrite.All User.DeleteRestore.All'),
    properties: {
      employeeLeaveDateTime: permissions(
        'User-LifeCycleInfo.Read.All',
        'User-LifeCycleInfo.ReadWrite.All',
      ),
    },
  },
  recycleBin: 'microsoft.graph.user',
  searchable: names`displayName userPrincipalName mail mailNickname`,
  kinds: [{ kind: 'guest', property: 'userType', has: 'Guest' }],
  restore: {
    deleted: 'undelete-or-create',
    required: names`accountEnabled displayName mailNickname passwordProfile userPrincipalName`,
    readOnly: names`id assignedLicenses createdDateTime creationType externalUserState identities
      externalUserStateChangeDateTime imAddresses isResourceAccount legalAgeGroupClassification
      onPremisesDistinguishedName onPremisesDomainName onPremisesSamAccountName
      onPremisesSecurityIdentifier onPremisesSyncEnabled onPremisesUserPrincipalName
      proxyAddresses securityIdentifier`,
    strategies: names`random-password enabled-last synced-read-only`,
    naturalKey: names`onPremisesImmutableId userPrincipalName mailNickname`,
    enforcedKey: 'userPrincipalName',
    lost: [
      'The password, the registered authentication methods and identities of other providers.',
      'The object id, the creation time and the security identifier.',
      'Licences, app role assignments and directory roles: assign them again.',
    ],
  },
  risk: 'high',
  level: 'restorable',
});
