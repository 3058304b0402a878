import {
  conditionLists,
  defineObjectType,
  embedded,
  names,
  permissions,
} from '../define-object-type.ts';

const type = 'conditionalAccessPolicy';
const lists = conditionLists(type);
const users = names`All None GuestsOrExternalUsers`;
const strengths = names`authenticationStrengthPolicy`;
const own = names`ServicePrincipalsInMyTenant`;
const apps = names`All None Office365 MicrosoftAdminPortals`;
const places = names`All AllTrusted 00000000-0000-0000-0000-000000000000`;

/** Whom and what it refers to is stored as links. The zero id among the places stands for the trusted
 * addresses of multifactor authentication. graph/api/resources/conditionalaccessconditionset */
export const conditionalAccessPolicy = defineObjectType({
  name: type,
  collection: '/identity/conditionalAccess/policies',
  space: type,
  service: 'conditionalAccess',
  changeTracking: 'full-scan',
  select: names`id conditions createdDateTime description displayName grantControls modifiedDateTime
    sessionControls state templateId`,
  references: [
    ...lists('users.*Users', 'objectId', 'user', users),
    ...lists('users.*Groups', 'objectId', 'group'),
    ...lists('users.*Roles', 'templateId', 'roleTemplate'),
    ...lists('users.*GuestsOrExternalUsers.externalTenants.members', 'tenantId', 'tenant'),
    ...lists('applications.*Applications', 'appId', 'application', apps),
    ...lists('clientApplications.*ServicePrincipals', 'objectId', 'servicePrincipal', own),
    ...lists('locations.*Locations', 'objectId', 'namedLocation', places),
    embedded(type, 'grantControls.authenticationStrength.id', 'objectId', strengths),
    embedded(type, 'grantControls.termsOfUse[]', 'objectId', ['agreement']),
  ],
  unordered: names`conditions.applications.includeUserActions conditions.clientAppTypes
    conditions.signInRiskLevels conditions.userRiskLevels conditions.servicePrincipalRiskLevels
    conditions.platforms.includePlatforms conditions.platforms.excludePlatforms
    grantControls.builtInControls grantControls.authenticationStrength.allowedCombinations`,
  permissions: permissions(
    'Policy.Read.All',
    'Policy.ReadWrite.ConditionalAccess Application.Read.All',
  ),
  searchable: names`displayName`,
  restore: {
    after: names`user group namedLocation`,
    deleted: 'none',
    required: names`displayName state conditions`,
    createOnly: names`templateId`,
    readOnly: names`id createdDateTime modifiedDateTime`,
    naturalKey: names`displayName`,
    lost: ['Not restored yet: captured, compared and searched.'],
  },
  licence: 'Microsoft Entra ID P1',
  risk: 'privileged',
  level: 'evidence',
});
