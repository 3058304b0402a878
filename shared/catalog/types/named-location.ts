import { defineObjectType, names, permissions } from '../define-object-type.ts';

/** IP ranges and countries that conditional access policies refer to. */
export const namedLocation = defineObjectType({
  name: 'namedLocation',
  collection: '/identity/conditionalAccess/namedLocations',
  space: 'namedLocation',
  service: 'conditionalAccess',
  changeTracking: 'full-scan',
  select: names`id countriesAndRegions countryLookupMethod createdDateTime displayName
    includeUnknownCountriesAndRegions ipRanges isTrusted modifiedDateTime`,
  derivedTypes: names`microsoft.graph.ipNamedLocation microsoft.graph.countryNamedLocation`,
  unordered: names`countriesAndRegions ipRanges`,
  permissions: permissions('Policy.Read.All', 'Policy.ReadWrite.ConditionalAccess'),
  searchable: names`displayName`,
  kinds: [
    { kind: 'ip', property: '@odata.type', has: '#microsoft.graph.ipNamedLocation' },
    { kind: 'country', property: '@odata.type', has: '#microsoft.graph.countryNamedLocation' },
  ],
  restore: {
    deleted: 'none',
    required: names`displayName`,
    readOnly: names`id createdDateTime modifiedDateTime`,
    naturalKey: names`displayName`,
    lost: ['Not restored yet: captured, compared and searched.'],
  },
  licence: 'Microsoft Entra ID P1',
  risk: 'privileged',
  level: 'evidence',
});
