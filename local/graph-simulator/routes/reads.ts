// Reading users, groups and units: lists and single objects, with $select and one $expand.
import { badRequest, denied, GraphFailure, unsupportedQuery } from '../errors.ts';
import { expandedItemsMaximum, type ListName } from '../page-sizes.ts';
import { allowOnly, type Expansion, parseExpand, parseSelect } from '../query.ts';
import { renderObject } from '../render.ts';
import { qualifiedName } from '../schema/csdl.ts';
import { elsewhereProperties, singleReadGroupProperties } from '../schema/property-rules.ts';
import type { ObjectVersion } from '../tenant/stored-object.ts';
import type { JsonObject, JsonValue, ObjectType, Relationship, SimulatorReply } from '../types.ts';
import { listReply } from './list-reply.ts';
import {
  contextUrl,
  holdsRole,
  isGuid,
  json,
  liveObject,
  parameter,
  type RouteContext,
  readsSecurityAttributes,
} from './route-context.ts';

export type Collection = {
  readonly type: ObjectType;
  readonly list: ListName;
  /** Relations `$expand` may name. */
  readonly expandable: readonly Relationship[];
};

export const users: Collection = { type: 'user', list: 'users', expandable: ['manager'] };
export const groups: Collection = {
  type: 'group',
  list: 'groups',
  expandable: ['members', 'owners'],
};
export const units: Collection = {
  type: 'administrativeUnit',
  list: 'administrativeUnits',
  expandable: ['members'],
};

type Reading = {
  readonly select: readonly string[] | undefined;
  readonly expansion: Expansion | undefined;
};

function readOptions(context: RouteContext, collection: Collection, single: boolean): Reading {
  const { query } = context.request;
  const typeName = qualifiedName(collection.type);
  const targets = Object.fromEntries(
    collection.expandable.map((name) => [name, 'microsoft.graph.directoryObject']),
  );
  const select = selectedNames(context, collection, single);
  return { select, expansion: parseExpand(query.get('$expand'), targets, typeName) };
}

/** Checked names of `$select`, with the refusals for what the directory does not hold. */
export function selectedNames(
  context: RouteContext,
  collection: Collection,
  single: boolean,
): readonly string[] | undefined {
  const typeName = qualifiedName(collection.type);
  const select = parseSelect(context.request.query.get('$select'), typeName);
  for (const name of select ?? []) {
    if (collection.type === 'user' && elsewhereProperties.has(name) && !single) {
      throw new GraphFailure(
        501,
        'NotImplemented',
        `The property '${name}' is not available here.`,
      );
    }
    if (collection.type === 'group' && singleReadGroupProperties.has(name) && !single) {
      throw unsupportedQuery(`The property '${name}' can only be read on a single group.`);
    }
    if (name === 'signInActivity' && !holdsRole(context, 'AuditLog.Read.All')) {
      throw denied('The caller does not have the permission AuditLog.Read.All.');
    }
  }
  return select;
}

export function listCollection(context: RouteContext, collection: Collection): SimulatorReply {
  const reading = readOptions(context, collection, false);
  return listReply(context, {
    name: collection.list,
    typeName: qualifiedName(collection.type),
    rows: context.view.ordered(collection.type),
    render: (version) => renderWithExpansion(context, version, reading),
    fragment: fragment(listFragment(collection), reading),
    expanded: reading.expansion !== undefined,
  });
}

export function getOne(
  context: RouteContext,
  collection: Collection,
  version: ObjectVersion,
): SimulatorReply {
  allowOnly(context.request, ['$select', '$expand']);
  const reading = readOptions(context, collection, true);
  const entity = `${fragment(listFragment(collection), reading)}/$entity`;
  return json(200, {
    '@odata.context': contextUrl(context, entity),
    ...renderWithExpansion(context, version, reading),
  });
}

export function countCollection(context: RouteContext, type: ObjectType): SimulatorReply {
  return countReply(context, context.view.ordered(type).length);
}

/** `/$count` is an advanced query: without the header it is refused. */
export function countReply(context: RouteContext, count: number): SimulatorReply {
  if (context.request.headers.get('consistencylevel')?.toLowerCase() !== 'eventual') {
    throw badRequest('$count is not currently supported.');
  }
  return {
    status: 200,
    headers: {},
    text: { contentType: 'text/plain', content: String(count) },
  };
}

function listFragment(collection: Collection): string {
  return collection.type === 'administrativeUnit'
    ? 'directory/administrativeUnits'
    : collection.list;
}

function fragment(name: string, reading: Reading): string {
  const parts = [...(reading.select ?? [])];
  if (reading.expansion !== undefined) {
    parts.push(`${reading.expansion.name}(${reading.expansion.select?.join(',') ?? ''})`);
  }
  return parts.length === 0 ? name : `${name}(${parts.join(',')})`;
}

function renderWithExpansion(
  context: RouteContext,
  version: ObjectVersion,
  reading: Reading,
): JsonObject {
  const output = renderObject(version, {
    select: reading.select,
    readsSecurityAttributes: readsSecurityAttributes(context),
  });
  if (reading.expansion === undefined) {
    return output;
  }
  const value = expandedValue(context, version, reading.expansion);
  return value === undefined ? output : { ...output, [reading.expansion.name]: value };
}

/** At most 20 targets and no sign that there are more; an empty manager is left out. */
function expandedValue(
  context: RouteContext,
  version: ObjectVersion,
  expansion: Expansion,
): JsonValue | undefined {
  const relationship = expansion.name as Relationship;
  const rows = hidesMembers(context, version)
    ? []
    : context.view.targets(relationship, version.object);
  const rendered = rows
    .slice(0, expandedItemsMaximum)
    .map((target) => renderObject(target, { select: expansion.select, typed: true }));
  if (relationship !== 'manager') {
    return rendered;
  }
  const empty = context.tenant.settings.emptyExpandedManager === 'null' ? null : undefined;
  return rendered[0] ?? empty;
}

/** Members of a group with hidden membership need a permission of their own. */
export function hidesMembers(context: RouteContext, version: ObjectVersion): boolean {
  return (
    version.properties['visibility'] === 'HiddenMembership' &&
    !holdsRole(context, 'Member.Read.Hidden')
  );
}

/** A user by id or principal name, a group by id or unique name. */
export function findByKey(context: RouteContext, type: ObjectType, index = 0): ObjectVersion {
  const key = parameter(context, index);
  if (isGuid(key)) {
    return liveObject(context, type, key);
  }
  const holder =
    type === 'user'
      ? context.tenant.uniqueValues.holder(`upn:${key.toLowerCase()}`)
      : context.tenant.uniqueValues.holder(
          `uniqueName:${/^uniqueName='(.*)'$/i.exec(key)?.[1]?.toLowerCase() ?? ''}`,
        );
  if (type !== 'user' && !/^uniqueName=/i.test(key)) {
    throw badRequest(`Invalid object identifier '${key}'.`);
  }
  return liveObject(context, type, holder?.id ?? key);
}
