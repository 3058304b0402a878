// References in request bodies: `{"@odata.id": "https://.../directoryObjects/{id}"}` and
// `members@odata.bind`. A reference must lead to an object the answering replica knows.
import { badRequest, type GraphFailure, notFound } from '../errors.ts';
import { linksPerWrite } from '../page-sizes.ts';
import { directoryTypes, type StoredObject } from '../tenant/stored-object.ts';
import type { JsonObject, ObjectType, Relationship } from '../types.ts';
import { bodyObject, isGuid, type RouteContext } from './route-context.ts';

const typeBySegment: Readonly<Record<string, ObjectType | undefined>> = {
  users: 'user',
  groups: 'group',
  devices: 'device',
  servicePrincipals: 'servicePrincipal',
};

type Address = { readonly id: string; readonly expected: ObjectType | undefined };

function parseAddress(context: RouteContext, address: unknown): Address {
  const match =
    typeof address === 'string'
      ? /^(https:\/\/[^/]+)\/(?:v1\.0|beta)\/(\w+)\/([^/?#]+)$/.exec(address)
      : undefined;
  const [, origin, segment = '', id] = match ?? [];
  const isOurs = origin === context.request.origin || origin === 'https://graph.microsoft.com';
  const expected = typeBySegment[segment];
  if (id === undefined || !isOurs || (segment !== 'directoryObjects' && expected === undefined)) {
    throw badRequest('Invalid URL format specified in @odata.id payload.');
  }
  if (!isGuid(id)) {
    throw badRequest(`Invalid object identifier '${id}'.`);
  }
  return { id, expected };
}

/** The object behind a reference address; 404 when the replica has no live one. */
export function resolveReference(context: RouteContext, address: unknown): StoredObject {
  const { id, expected } = parseAddress(context, address);
  const object = context.view.live(id)?.object;
  if (object === undefined || !directoryTypes.has(object.type)) {
    throw notFound(id);
  }
  if (object.current.state !== 'live' || (expected ?? object.type) !== object.type) {
    throw notFound(id);
  }
  return object;
}

/** Body of a `$ref` write: exactly one `@odata.id`. */
export function referenceBody(context: RouteContext): StoredObject {
  const body = bodyObject(context);
  const names = Object.keys(body);
  if (names.length !== 1 || names[0] !== '@odata.id') {
    throw badRequest("The request body must contain exactly the property '@odata.id'.");
  }
  return resolveReference(context, body['@odata.id']);
}

export type BoundLinks = ReadonlyMap<Relationship, readonly StoredObject[]>;

/** Takes `members@odata.bind` and `owners@odata.bind` out of a body and resolves them all. */
export function takeBindings(
  context: RouteContext,
  body: JsonObject,
  allowed: readonly Relationship[],
): { readonly values: JsonObject; readonly links: BoundLinks } {
  const values = { ...body };
  const links = new Map<Relationship, readonly StoredObject[]>();
  let total = 0;
  for (const relationship of allowed) {
    const name = `${relationship}@odata.bind`;
    const addresses = values[name];
    delete values[name];
    if (addresses === undefined) {
      continue;
    }
    if (!Array.isArray(addresses)) {
      throw badRequest(`Invalid value specified for property '${name}'.`);
    }
    total += addresses.length;
    if (total > linksPerWrite) {
      throw badRequest(
        `The number of references in the request exceeds the limit of ${linksPerWrite}.`,
      );
    }
    const targets = addresses.map((address: unknown) => resolveReference(context, address));
    if (new Set(targets).size < targets.length) {
      throw alreadyLinked(relationship);
    }
    links.set(relationship, targets);
  }
  return { values, links };
}

/** https://github.com/hashicorp/terraform-provider-azuread/pull/283 */
export function alreadyLinked(relationship: Relationship): GraphFailure {
  return badRequest(
    `One or more added object references already exist for the following modified properties: '${relationship}'.`,
  );
}
