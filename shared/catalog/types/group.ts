import { defineObjectType, link, names, permissions } from '../define-object-type.ts';

/** Left out: Exchange's properties, which GET of one group serves only (graph/api/group-get). */
export const group = defineObjectType({
  name: 'group',
  collection: '/groups',
  service: 'identity',
  changeTracking: 'delta',
  select: names`id assignedLabels assignedLicenses classification createdDateTime description
    displayName expirationDateTime groupTypes isAssignableToRole mail mailEnabled mailNickname
    membershipRule membershipRuleProcessingState onPremisesDomainName onPremisesNetBiosName
    onPremisesSamAccountName onPremisesSecurityIdentifier onPremisesSyncEnabled
    preferredDataLocation preferredLanguage proxyAddresses renewedDateTime resourceBehaviorOptions
    resourceProvisioningOptions securityEnabled securityIdentifier theme uniqueName visibility`,
  links: [
    link('group', 'members', {
      targets: names`user group servicePrincipal device orgContact`,
      reverse: { path: 'memberOf', sourceCast: 'microsoft.graph.group' },
      bindLimit: 20,
      permissions: permissions('Group.Read.All Member.Read.Hidden', 'Group.ReadWrite.All'),
    }),
    link('group', 'owners', {
      targets: names`user servicePrincipal`,
      reverse: { path: 'ownedObjects', sourceCast: 'microsoft.graph.group' },
      permissions: permissions('Group.Read.All', 'Group.ReadWrite.All'),
    }),
  ],
  volatile: names`onPremisesLastSyncDateTime`,
  unordered: names`assignedLabels assignedLicenses assignedLicenses.disabledPlans groupTypes
    proxyAddresses resourceBehaviorOptions resourceProvisioningOptions`,
  permissions: {
    ...permissions('Group.Read.All', 'Group.ReadWrite.All'),
    properties: { isAssignableToRole: { restore: names`RoleManagement.ReadWrite.Directory` } },
  },
  recycleBin: 'microsoft.graph.group',
  searchable: names`displayName mail mailNickname`,
  kinds: [
    { kind: 'roleAssignable', property: 'isAssignableToRole', has: 'true' },
    { kind: 'dynamic', property: 'groupTypes', has: 'DynamicMembership' },
    { kind: 'microsoft365', property: 'groupTypes', has: 'Unified' },
  ],
  restore: {
    after: names`user`,
    deleted: 'undelete-or-create',
    required: names`displayName mailEnabled mailNickname securityEnabled`,
    createOnly: names`isAssignableToRole resourceBehaviorOptions uniqueName`,
    readOnly: names`id assignedLabels assignedLicenses createdDateTime expirationDateTime mail
      onPremisesDomainName onPremisesNetBiosName onPremisesSamAccountName securityIdentifier
      onPremisesSecurityIdentifier onPremisesSyncEnabled proxyAddresses renewedDateTime
      resourceProvisioningOptions`,
    strategies: names`dynamic-rule-paused mail-enabled-refused role-assignable synced-read-only`,
    naturalKey: names`uniqueName mailNickname displayName`,
    enforcedKey: 'uniqueName',
    lost: ['Object id, creation time, labels, licences, app roles; mailbox, files and team.'],
  },
  risk: 'privileged',
  level: 'restorable',
});
