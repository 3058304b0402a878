import type { RestoreStrategy } from './restore-strategy.ts';

/**
 * Whether a group may hold roles is fixed when it is created, and whoever writes to such a group
 * needs the permission to manage roles. https://learn.microsoft.com/graph/api/group-post-groups
 */
export const roleAssignable: RestoreStrategy = {
  name: 'role-assignable',
  permissions: (wanted) =>
    wanted['isAssignableToRole'] === true ? ['RoleManagement.ReadWrite.Directory'] : [],
};
