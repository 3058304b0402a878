// Which application permissions a request needs: Microsoft's table (data/permissions.json) plus the
// literal rows below where that table has none or says less than the documentation page.
import { readFileSync } from 'node:fs';
import type { CheckPermission, SimulatorReply } from './types.ts';

/** Any one of the alternatives suffices; all names within an alternative are needed. */
type Alternatives = readonly (readonly string[])[];

type PublishedRow = { readonly least: readonly string[]; readonly also: readonly string[] };

const published = (
  JSON.parse(readFileSync(new URL('./data/permissions.json', import.meta.url), 'utf8')) as {
    paths: Readonly<Record<string, Readonly<Record<string, PublishedRow>>>>;
  }
).paths;

const anyOf = (...names: string[]): Alternatives => names.map((name) => [name]);

const memberWrites = anyOf(
  'GroupMember.ReadWrite.All',
  'Group.ReadWrite.All',
  'Directory.ReadWrite.All',
);
const ownerWrites = anyOf('Group.ReadWrite.All', 'Directory.ReadWrite.All');
const conditionalAccessWrites: Alternatives = [
  ['Policy.ReadWrite.ConditionalAccess', 'Policy.Read.All'],
];
const deletedUsers = anyOf('User.Read.All', 'User.ReadWrite.All', 'Directory.Read.All');
const deletedGroups = anyOf('Group.Read.All', 'Group.ReadWrite.All', 'Directory.Read.All');
const readUnits = anyOf(
  'AdministrativeUnit.Read.All',
  'AdministrativeUnit.ReadWrite.All',
  'Directory.Read.All',
);
const restoreUsers = anyOf('User.DeleteRestore.All', 'User.ReadWrite.All');
const restoreGroups = anyOf('Group.ReadWrite.All');
const restoreUnits = anyOf('AdministrativeUnit.ReadWrite.All');
const nobody: Alternatives = [];

/** Rows the published table lacks, or where the page demands more than "any of these". */
const documented: Readonly<Record<string, Alternatives>> = {
  // https://learn.microsoft.com/graph/api/group-post-members
  'POST /groups/{id}/members/$ref': memberWrites,
  // https://learn.microsoft.com/graph/api/group-delete-members
  'DELETE /groups/{id}/members/{id}/$ref': memberWrites,
  // https://learn.microsoft.com/graph/api/group-post-owners
  'POST /groups/{id}/owners/$ref': ownerWrites,
  // https://learn.microsoft.com/graph/api/group-delete-owners
  'DELETE /groups/{id}/owners/{id}/$ref': ownerWrites,
  // https://learn.microsoft.com/graph/api/administrativeunit-delta
  'GET /directory/administrativeunits/delta': readUnits,
  // https://learn.microsoft.com/graph/api/administrativeunit-post-members (adding, not creating)
  'POST /directory/administrativeunits/{id}/members/$ref': anyOf(
    'AdministrativeUnit.ReadWrite.All',
  ),
  // https://learn.microsoft.com/graph/api/conditionalaccessroot-post-policies: both are needed.
  'POST /identity/conditionalaccess/policies': conditionalAccessWrites,
  'PATCH /identity/conditionalaccess/policies/{id}': conditionalAccessWrites,
  'DELETE /identity/conditionalaccess/policies/{id}': conditionalAccessWrites,
  // https://learn.microsoft.com/graph/api/conditionalaccessroot-post-namedlocations
  'POST /identity/conditionalaccess/namedlocations': conditionalAccessWrites,
  'PATCH /identity/conditionalaccess/namedlocations/{id}': conditionalAccessWrites,
  'DELETE /identity/conditionalaccess/namedlocations/{id}': conditionalAccessWrites,
  // https://learn.microsoft.com/graph/api/directory-deleteditems-list
  'GET /directory/deleteditems/microsoft.graph.user': deletedUsers,
  'GET /directory/deleteditems/microsoft.graph.group': deletedGroups,
  'GET /directory/deleteditems/microsoft.graph.administrativeunit': readUnits,
  // https://learn.microsoft.com/graph/api/directory-deleteditems-get: the type is not in the path,
  // so the permission of any of the three types opens it here.
  'GET /directory/deleteditems/{id}': [...deletedUsers, ...deletedGroups, ...readUnits],
  'GET /directory/deleteditems/{id}/microsoft.graph.user': deletedUsers,
  'GET /directory/deleteditems/{id}/microsoft.graph.group': deletedGroups,
  'GET /directory/deleteditems/{id}/microsoft.graph.administrativeunit': readUnits,
  // https://learn.microsoft.com/graph/api/directory-deleteditems-restore; the caller that knows the
  // type of the object asks with the cast, as the page has one row per type.
  'POST /directory/deleteditems/{id}/restore': [...restoreUsers, ...restoreGroups, ...restoreUnits],
  'POST /directory/deleteditems/{id}/microsoft.graph.user/restore': restoreUsers,
  'POST /directory/deleteditems/{id}/microsoft.graph.group/restore': restoreGroups,
  'POST /directory/deleteditems/{id}/microsoft.graph.administrativeunit/restore': restoreUnits,
  // https://learn.microsoft.com/graph/api/directory-deleteditems-delete: users and groups are
  // "Not supported" for applications, units cannot be purged by anyone.
  'DELETE /directory/deleteditems/{id}': nobody,
};

/** `undefined` when an application with these roles may send the request, else the 403 reply. */
export const checkPermission: CheckPermission = (method, template, roles) => {
  const held = new Set(roles);
  const allowed = alternativesFor(method, template).some((needed) =>
    needed.every((name) => held.has(name)),
  );
  return allowed ? undefined : deniedReply();
};

/** Application permissions that allow a request; least privileged first, `[]` = none does. */
export function alternativesFor(method: string, template: string): Alternatives {
  const literal = documented[`${method} ${template}`];
  if (literal) return literal;
  const path = template.replace(/\/\$(ref|count|value)$/, '');
  const row = published[path]?.[method];
  if (!row) throw new Error(`no permission row for ${method} ${template}`);
  return [...row.least, ...row.also].map((name) => name.split('+'));
}

/** As in the batching documentation: https://learn.microsoft.com/graph/json-batching */
function deniedReply(): SimulatorReply {
  return {
    status: 403,
    headers: {},
    body: {
      error: {
        code: 'Authorization_RequestDenied',
        message: 'Insufficient privileges to complete the operation.',
      },
    },
  };
}

/** What the reader app registration of the local stack holds: no write permission at all. */
export const readerPermissions: readonly string[] = [
  'User.Read.All',
  'Group.Read.All',
  'GroupMember.Read.All',
  'Member.Read.Hidden',
  'AdministrativeUnit.Read.All',
  'RoleManagement.Read.Directory',
  'Directory.Read.All',
  'Policy.Read.All',
  'CustomSecAttributeAssignment.Read.All',
  'User-LifeCycleInfo.Read.All',
  'Organization.Read.All',
  'AuditLog.Read.All',
  'ProvisioningLog.Read.All',
];

/** What the restorer app registration of the local stack holds. */
export const restorerPermissions: readonly string[] = [
  ...readerPermissions,
  'User.ReadWrite.All',
  'User.DeleteRestore.All',
  'Group.ReadWrite.All',
  'GroupMember.ReadWrite.All',
  'AdministrativeUnit.ReadWrite.All',
  'RoleManagement.ReadWrite.Directory',
  'Policy.ReadWrite.ConditionalAccess',
  'CustomSecAttributeAssignment.ReadWrite.All',
  'User-LifeCycleInfo.ReadWrite.All',
];
