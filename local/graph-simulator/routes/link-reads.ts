// Reading relations: members, owners, manager, memberOf, their casts, counts and references.
// Targets in the recycle bin are not shown although the links still exist.
import { denied, GraphFailure } from '../errors.ts';
import type { ListName } from '../page-sizes.ts';
import { allowOnly, parseSelect, propertiesForCast } from '../query.ts';
import { renderObject } from '../render.ts';
import { qualifiedName } from '../schema/csdl.ts';
import { elsewhereProperties } from '../schema/property-rules.ts';
import type { ObjectVersion } from '../tenant/stored-object.ts';
import type { ObjectType, Relationship, SimulatorReply } from '../types.ts';
import { listReply } from './list-reply.ts';
import { countReply, findByKey, hidesMembers } from './reads.ts';
import {
  contextUrl,
  json,
  linkBase,
  type RouteContext,
  readsSecurityAttributes,
} from './route-context.ts';

const linkOptions = ['$select', '$top', '$count', '$filter', '$skiptoken'];
const castTypes: readonly ObjectType[] = [
  'user',
  'group',
  'servicePrincipal',
  'device',
  'administrativeUnit',
  'directoryRole',
];

/** `microsoft.graph.user` or `graph.user` as the last segment; undefined for another word. */
export function castOf(segment: string): ObjectType | undefined {
  const name = /^(?:microsoft\.)?graph\.(\w+)$/i.exec(segment)?.[1]?.toLowerCase();
  return castTypes.find((type) => type.toLowerCase() === name);
}

/** A list of directory objects of mixed or one type, with `$select` over all their properties. */
export function mixedList(
  context: RouteContext,
  name: ListName,
  rows: readonly ObjectVersion[],
  cast: ObjectType | undefined,
): SimulatorReply {
  const typeName = cast === undefined ? 'microsoft.graph.directoryObject' : qualifiedName(cast);
  const select = parseSelect(
    context.request.query.get('$select'),
    typeName,
    cast === undefined ? propertiesForCast : [],
  );
  refuseElsewhere(select);
  const shown = cast === undefined ? rows : rows.filter((row) => row.object.type === cast);
  const fragment = cast === undefined ? 'directoryObjects' : listNameOf(cast);
  return listReply(context, {
    name,
    typeName,
    rows: shown,
    render: (version) =>
      renderObject(version, {
        select,
        typed: cast === undefined,
        readsSecurityAttributes: readsSecurityAttributes(context),
      }),
    fragment: select === undefined ? fragment : `${fragment}(${select.join(',')})`,
    options: linkOptions,
  });
}

export function refuseElsewhere(select: readonly string[] | undefined): void {
  const name = select?.find((candidate) => elsewhereProperties.has(candidate));
  if (name !== undefined) {
    throw new GraphFailure(501, 'NotImplemented', `The property '${name}' is not available here.`);
  }
}

function listNameOf(type: ObjectType): string {
  return `${type}s`;
}

export type LinkRead = {
  readonly parent: ObjectType;
  readonly relationship: Relationship;
  readonly list: ListName;
};

function targetRows(context: RouteContext, read: LinkRead): readonly ObjectVersion[] {
  const parent = findByKey(context, read.parent);
  if (read.relationship === 'members' && hidesMembers(context, parent)) {
    throw denied();
  }
  return context.view.targets(read.relationship, parent.object);
}

export function listLinks(
  context: RouteContext,
  read: LinkRead,
  cast?: ObjectType,
): SimulatorReply {
  return mixedList(context, read.list, targetRows(context, read), cast);
}

export function countLinks(context: RouteContext, read: LinkRead): SimulatorReply {
  return countReply(context, targetRows(context, read).length);
}

/** `/members/$ref`: only the addresses of the targets. */
export function listReferences(context: RouteContext, read: LinkRead): SimulatorReply {
  return listReply(context, {
    name: read.list,
    typeName: 'microsoft.graph.directoryObject',
    rows: targetRows(context, read),
    render: (version) => ({
      '@odata.id': `${linkBase(context)}/directoryObjects/${version.object.id}`,
    }),
    fragment: 'Collection($ref)',
    options: ['$top', '$count', '$skiptoken'],
  });
}

export function listMemberOf(
  context: RouteContext,
  parent: ObjectType,
  cast?: ObjectType,
): SimulatorReply {
  const { object } = findByKey(context, parent);
  return mixedList(context, 'memberOf', context.view.sources('members', object), cast);
}

/** The manager, or the 404 the service sends when there is none. */
export function getManager(context: RouteContext, onlyReference: boolean): SimulatorReply {
  const parent = findByKey(context, 'user');
  const manager = context.view.targets('manager', parent.object)[0];
  if (manager === undefined) {
    throw new GraphFailure(
      404,
      'Request_ResourceNotFound',
      "Resource 'manager' does not exist or one of its queried reference-property objects are not present.",
    );
  }
  if (onlyReference) {
    allowOnly(context.request, []);
    return json(200, {
      '@odata.context': contextUrl(context, '$ref'),
      '@odata.id': `${linkBase(context)}/directoryObjects/${manager.object.id}`,
    });
  }
  allowOnly(context.request, ['$select']);
  const select = parseSelect(
    context.request.query.get('$select'),
    'microsoft.graph.directoryObject',
    propertiesForCast,
  );
  return json(200, {
    '@odata.context': contextUrl(context, 'directoryObjects/$entity'),
    ...renderObject(manager, { select, typed: true }),
  });
}
