// Which permission row a route is checked against, and the rows the permissions data lacks.
import { denied } from './errors.ts';
import type { CheckPermission, SimulatorReply } from './types.ts';

/** Rows of the permissions table for paths that it lacks, with their documentation pages. */
const permissionTemplates: Readonly<Record<string, string>> = {
  // https://learn.microsoft.com/graph/api/administrativeunit-delta
  '/directory/administrativeunits/delta': '/directory/administrativeunits',
};

/**
 * The template under which the permissions table has a route; the conditional access recycle bin needs
 * what its live objects need.
 */
export function rowTemplate(method: string, template: string): string {
  const bin = /^(\/identity\/conditionalaccess)\/deleteditems(\/[^/]+)(\/.*)?$/.exec(template);
  if (bin === null) {
    return permissionTemplates[template] ?? template;
  }
  return `${bin[1]}${bin[2]}${method === 'POST' ? '' : (bin[3] ?? '')}`;
}

/** https://learn.microsoft.com/graph/api/domain-list, .../directoryrole-list */
const ownPermissions: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^\/domains/, ['Domain.Read.All', 'Domain.ReadWrite.All', 'Directory.Read.All']],
  [
    /^\/directoryroles/,
    [
      'RoleManagement.Read.Directory',
      'RoleManagement.ReadWrite.Directory',
      'Directory.Read.All',
      'Directory.ReadWrite.All',
    ],
  ],
];

/** The 403 when the caller's roles do not allow the request. */
export function refusePermission(
  method: string,
  template: string,
  roles: readonly string[],
  checkPermission: CheckPermission,
): SimulatorReply | undefined {
  const own = ownPermissions.find(([pattern]) => pattern.test(template))?.[1];
  if (own !== undefined) {
    if (own.some((role) => roles.includes(role))) {
      return undefined;
    }
    throw denied();
  }
  return checkPermission(method, rowTemplate(method, template), roles);
}
