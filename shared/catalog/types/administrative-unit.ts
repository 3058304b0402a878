import { defineObjectType, embedded, link, names, permissions } from '../define-object-type.ts';

const scoped = 'scopedRoleMembership';

/** Administrative units, dynamic and restricted ones too, with the role holders scoped to them. */
export const administrativeUnit = defineObjectType({
  name: 'administrativeUnit',
  collection: '/directory/administrativeUnits',
  service: 'identity',
  changeTracking: 'delta',
  select: names`id description displayName isMemberManagementRestricted membershipRule
    membershipRuleProcessingState membershipType visibility`,
  links: [
    link('administrativeUnit', 'members', {
      targets: names`user group device`,
      reverse: { path: 'memberOf', sourceCast: 'microsoft.graph.administrativeUnit' },
      permissions: permissions('AdministrativeUnit.Read.All', 'AdministrativeUnit.ReadWrite.All'),
    }),
  ],
  children: [
    {
      name: scoped,
      path: 'scopedRoleMembers',
      select: names`id administrativeUnitId roleId roleMemberInfo`,
      references: [
        embedded(scoped, 'roleId', 'objectId', ['directoryRole']),
        embedded(scoped, 'roleMemberInfo.id', 'objectId', names`user group servicePrincipal`),
      ],
      // Copies of the member's names change with the member.
      volatile: names`roleMemberInfo.displayName roleMemberInfo.userPrincipalName`,
      create: names`roleId roleMemberInfo`,
      permissions: permissions(
        'RoleManagement.Read.Directory',
        'RoleManagement.ReadWrite.Directory',
      ),
    },
  ],
  permissions: permissions('AdministrativeUnit.Read.All', 'AdministrativeUnit.ReadWrite.All'),
  recycleBin: 'microsoft.graph.administrativeUnit',
  searchable: names`displayName`,
  kinds: [{ kind: 'dynamic', property: 'membershipType', has: 'Dynamic' }],
  restore: {
    after: names`user group`,
    deleted: 'undelete-or-create',
    required: names`displayName`,
    createOnly: names`isMemberManagementRestricted`,
    readOnly: names`id`,
    strategies: names`dynamic-rule-paused`,
    naturalKey: names`displayName`,
    lost: ['The object id; scoped role assignments are made again under new ids.'],
  },
  risk: 'privileged',
  level: 'restorable',
});
