// Every path the simulator serves. What is not here is an unknown path, and a known path with
// another method is 405.
import { deltaReply } from '../delta/delta-reply.ts';
import { unknownSegment } from '../errors.ts';
import { logRoutes } from '../logs/log-routes.ts';
import type { ListName } from '../page-sizes.ts';
import type { ObjectType, Relationship } from '../types.ts';
import { conditionalAccessRoutes } from './conditional-access.ts';
import { conditionalAccessBinRoutes } from './conditional-access-bin.ts';
import {
  deletedTypes,
  getDeleted,
  listDeleted,
  purgeDeleted,
  restoreDeleted,
} from './deleted-items.ts';
import { getByIds, getDirectoryObject } from './directory-objects.ts';
import {
  getDirectoryRole,
  getDomain,
  getOrganization,
  listDirectoryRoles,
  listDomains,
  listOrganization,
} from './directory-settings.ts';
import { createGroup, deleteGroup, updateGroup } from './group-writes.ts';
import { type InverseRows, inverseLinks, listInverse, listTransitive } from './inverse-reads.ts';
import {
  castOf,
  countLinks,
  getManager,
  type LinkRead,
  listLinks,
  listMemberOf,
  listReferences,
} from './link-reads.ts';
import { addReference, removeReference } from './link-writes.ts';
import { deleteManager, putManager } from './manager-writes.ts';
import {
  countCollection,
  findByKey,
  getOne,
  groups,
  listCollection,
  units,
  users,
} from './reads.ts';
import { parameter, type Route, type RouteContext } from './route-context.ts';
import {
  addScopedRole,
  createUnit,
  deleteUnit,
  getScopedRole,
  listScopedRoles,
  listScopedRolesOfUser,
  removeScopedRole,
  updateUnit,
} from './unit-writes.ts';
import { createUser, deleteUser, updateUser } from './user-writes.ts';

const userRoutes: readonly Route[] = [
  {
    template: '/users',
    handlers: { GET: (context) => listCollection(context, users), POST: createUser },
  },
  { template: '/users/$count', handlers: { GET: (context) => countCollection(context, 'user') } },
  { template: '/users/delta', handlers: { GET: (context) => deltaReply(context, 'users') } },
  {
    template: '/users/{id}',
    handlers: {
      GET: (context) => getOne(context, users, findByKey(context, 'user')),
      PATCH: updateUser,
      DELETE: deleteUser,
    },
  },
  { template: '/users/{id}/manager', handlers: { GET: (context) => getManager(context, false) } },
  {
    template: '/users/{id}/manager/$ref',
    handlers: {
      GET: (context) => getManager(context, true),
      PUT: putManager,
      DELETE: deleteManager,
    },
  },
  ...memberOfRoutes('/users', 'user'),
  ...inverseRoutes('directreports', (context) => inverseLinks(context, ['manager'])),
  ...inverseRoutes('ownedobjects', (context) => inverseLinks(context, ['owners'])),
  {
    template: '/users/{id}/scopedrolememberof',
    handlers: { GET: listScopedRolesOfUser },
  },
];

const groupRoutes: readonly Route[] = [
  {
    template: '/groups',
    handlers: { GET: (context) => listCollection(context, groups), POST: createGroup },
  },
  { template: '/groups/$count', handlers: { GET: (context) => countCollection(context, 'group') } },
  { template: '/groups/delta', handlers: { GET: (context) => deltaReply(context, 'groups') } },
  {
    template: '/groups/{id}',
    handlers: {
      GET: (context) => getOne(context, groups, findByKey(context, 'group')),
      PATCH: updateGroup,
      DELETE: deleteGroup,
    },
  },
  ...linkRoutes('/groups', 'group', 'members', 'members'),
  ...linkRoutes('/groups', 'group', 'owners', 'owners'),
  {
    template: '/groups/{id}/transitivemembers',
    handlers: { GET: (context) => listTransitive(context, 'group', 'targets') },
  },
  ...memberOfRoutes('/groups', 'group'),
];

const unitPath = '/directory/administrativeunits';
const unitRoutes: readonly Route[] = [
  {
    template: unitPath,
    handlers: { GET: (context) => listCollection(context, units), POST: createUnit },
  },
  {
    template: `${unitPath}/$count`,
    handlers: { GET: (context) => countCollection(context, 'administrativeUnit') },
  },
  {
    template: `${unitPath}/delta`,
    handlers: { GET: (context) => deltaReply(context, 'administrativeUnits') },
  },
  {
    template: `${unitPath}/{id}`,
    handlers: {
      GET: (context) => getOne(context, units, findByKey(context, 'administrativeUnit')),
      PATCH: updateUnit,
      DELETE: deleteUnit,
    },
  },
  ...linkRoutes(unitPath, 'administrativeUnit', 'members', 'members'),
  {
    template: `${unitPath}/{id}/scopedrolemembers`,
    handlers: { GET: listScopedRoles, POST: addScopedRole },
  },
  {
    template: `${unitPath}/{id}/scopedrolemembers/{id}`,
    handlers: { GET: getScopedRole, DELETE: removeScopedRole },
  },
];

const directoryRoutes: readonly Route[] = [
  { template: '/directoryobjects/getbyids', handlers: { POST: getByIds } },
  { template: '/directoryobjects/{id}', handlers: { GET: getDirectoryObject } },
  ...deletedTypes.flatMap(deletedRoutes),
  {
    template: '/directory/deleteditems/{id}',
    handlers: { GET: (context) => getDeleted(context), DELETE: purgeDeleted },
  },
  { template: '/directory/deleteditems/{id}/restore', handlers: { POST: restoreDeleted } },
  { template: '/organization', handlers: { GET: listOrganization } },
  { template: '/organization/{id}', handlers: { GET: getOrganization } },
  { template: '/domains', handlers: { GET: listDomains } },
  { template: '/domains/{id}', handlers: { GET: getDomain } },
  { template: '/directoryroles', handlers: { GET: listDirectoryRoles } },
  { template: '/directoryroles/{id}', handlers: { GET: getDirectoryRole } },
];

export const routes: readonly Route[] = [
  ...userRoutes,
  ...groupRoutes,
  ...unitRoutes,
  ...directoryRoutes,
  ...conditionalAccessRoutes,
  ...conditionalAccessBinRoutes,
  ...logRoutes,
];

function linkRoutes(
  path: string,
  parent: ObjectType,
  relationship: Relationship,
  list: ListName,
): readonly Route[] {
  const read: LinkRead = { parent, relationship, list };
  const base = `${path}/{id}/${relationship}`;
  return [
    { template: base, handlers: { GET: (context) => listLinks(context, read) } },
    { template: `${base}/$count`, handlers: { GET: (context) => countLinks(context, read) } },
    {
      template: `${base}/$ref`,
      handlers: {
        GET: (context) => listReferences(context, read),
        POST: (context) => addReference(context, { parent, relationship }),
      },
    },
    {
      template: `${base}/$ref`,
      countsAs: `${base}/{id}/$ref`,
      handlers: { DELETE: (context) => removeReference(context, { parent, relationship }) },
    },
    {
      template: `${base}/{cast}`,
      countsAs: base,
      handlers: { GET: (context) => listLinks(context, read, cast(context)) },
    },
    {
      template: `${base}/{id}/$ref`,
      handlers: { DELETE: (context) => removeReference(context, { parent, relationship }) },
    },
  ];
}

function memberOfRoutes(path: string, parent: ObjectType): readonly Route[] {
  return [
    {
      template: `${path}/{id}/memberof`,
      handlers: { GET: (context) => listMemberOf(context, parent) },
    },
    {
      template: `${path}/{id}/transitivememberof`,
      handlers: { GET: (context) => listTransitive(context, parent, 'sources') },
    },
    {
      template: `${path}/{id}/memberof/{cast}`,
      countsAs: `${path}/{id}/memberof`,
      handlers: { GET: (context) => listMemberOf(context, parent, cast(context)) },
    },
  ];
}

function inverseRoutes(
  name: string,
  rows: (context: RouteContext) => InverseRows,
): readonly Route[] {
  const base = `/users/{id}/${name}`;
  return [
    { template: base, handlers: { GET: (context) => listInverse(context, rows(context)) } },
    {
      template: `${base}/{cast}`,
      countsAs: base,
      handlers: { GET: (context) => listInverse(context, rows(context), cast(context)) },
    },
  ];
}

function deletedRoutes(type: ObjectType): readonly Route[] {
  const segment = `microsoft.graph.${type.toLowerCase()}`;
  return [
    {
      template: `/directory/deleteditems/${segment}`,
      handlers: { GET: (context) => listDeleted(context, type) },
    },
    {
      template: `/directory/deleteditems/{id}/${segment}`,
      handlers: { GET: (context) => getDeleted(context, type) },
    },
  ];
}

function cast(context: RouteContext): ObjectType {
  const segment = parameter(context, 1);
  const type = castOf(segment);
  if (type === undefined) {
    throw unknownSegment(segment);
  }
  return type;
}
