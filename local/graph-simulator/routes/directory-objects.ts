// `/directoryObjects/{id}` and `/directoryObjects/getByIds`.
import { badRequest, notFound } from '../errors.ts';
import { idsPerGetByIds } from '../page-sizes.ts';
import { allowOnly, parseSelect, propertiesForCast } from '../query.ts';
import { renderObject } from '../render.ts';
import { directoryTypes } from '../tenant/stored-object.ts';
import type { JsonObject, JsonValue, SimulatorReply } from '../types.ts';
import {
  bodyObject,
  contextUrl,
  isGuid,
  json,
  parameter,
  type RouteContext,
} from './route-context.ts';

const directoryObject = 'microsoft.graph.directoryObject';

export function getDirectoryObject(context: RouteContext): SimulatorReply {
  allowOnly(context.request, ['$select']);
  const id = parameter(context);
  const version = context.view.live(id);
  if (version === undefined || !directoryTypes.has(version.object.type)) {
    throw notFound(id);
  }
  const select = parseSelect(
    context.request.query.get('$select'),
    directoryObject,
    propertiesForCast,
  );
  return json(200, {
    '@odata.context': contextUrl(context, 'directoryObjects/$entity'),
    ...renderObject(version, { select, typed: true }),
  });
}

function readIds(body: JsonObject): readonly string[] {
  const ids = body['ids'];
  if (!Array.isArray(ids) || ids.length === 0) {
    throw badRequest("The 'ids' parameter must contain at least one identifier.");
  }
  if (ids.length > idsPerGetByIds) {
    throw badRequest(`The number of identifiers exceeds the limit of ${idsPerGetByIds}.`);
  }
  for (const id of ids as readonly JsonValue[]) {
    if (typeof id !== 'string' || !isGuid(id)) {
      throw badRequest(`Invalid GUID:${String(id)}`);
    }
  }
  return (ids as readonly string[]).map((id) => id.toLowerCase());
}

function readTypes(body: JsonObject): ReadonlySet<string> | undefined {
  const types = body['types'];
  if (types === undefined || types === null) {
    return undefined;
  }
  if (!Array.isArray(types)) {
    throw badRequest("The 'types' parameter must be a collection of strings.");
  }
  const names = new Set((types as readonly JsonValue[]).map(String));
  for (const name of names) {
    if (name !== 'directoryObject' && !directoryTypes.has(name as never)) {
      throw badRequest(`Invalid resource type '${name}'.`);
    }
  }
  return names.has('directoryObject') ? undefined : names;
}

/** Live objects among the ids, in no promised order; unknown and deleted ones are left out. */
export function getByIds(context: RouteContext): SimulatorReply {
  allowOnly(context.request, ['$select']);
  const body = bodyObject(context);
  for (const name of Object.keys(body)) {
    if (name !== 'ids' && name !== 'types') {
      throw badRequest(`Invalid parameter name '${name}'.`);
    }
  }
  const types = readTypes(body);
  const select = parseSelect(
    context.request.query.get('$select'),
    directoryObject,
    propertiesForCast,
  );
  const value: JsonValue[] = [];
  for (const id of new Set(readIds(body))) {
    const version = context.view.live(id);
    const type = version?.object.type;
    if (version === undefined || type === undefined || !directoryTypes.has(type)) {
      continue;
    }
    if (types === undefined || types.has(type)) {
      value.push(renderObject(version, { select, typed: true }));
    }
  }
  return json(200, {
    '@odata.context': contextUrl(context, 'directoryObjects'),
    value: context.tenant.random.shuffle(value),
  });
}
