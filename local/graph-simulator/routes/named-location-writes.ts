// Writing named locations. https://learn.microsoft.com/graph/api/conditionalaccessroot-post-namedlocations
import { isIP } from 'node:net';
import { allowOnly } from '../query.ts';
import { renderObject } from '../render.ts';
import type { JsonObject, JsonValue, SimulatorReply } from '../types.ts';
import { policyFailure } from './policy-writes.ts';
import {
  bodyObject,
  contextUrl,
  json,
  noContent,
  parameter,
  type RouteContext,
  writableObject,
} from './route-context.ts';
import { checkValues, isObject } from './write-values.ts';

const kinds = ['#microsoft.graph.ipNamedLocation', '#microsoft.graph.countryNamedLocation'];

function statedKind(body: JsonObject): string {
  const stated = String(body['@odata.type'] ?? '');
  const kind = stated.startsWith('#') ? stated : `#${stated}`;
  if (!kinds.includes(kind)) {
    throw policyFailure("1091: The property '@odata.type' must name a kind of named location.");
  }
  return kind;
}

const defaults: Readonly<Record<string, JsonObject>> = {
  '#microsoft.graph.ipNamedLocation': { isTrusted: false },
  '#microsoft.graph.countryNamedLocation': {
    includeUnknownCountriesAndRegions: false,
    countryLookupMethod: 'clientIpAddress',
  },
};

export function createLocation(context: RouteContext): SimulatorReply {
  allowOnly(context.request, []);
  const { tenant } = context;
  const body = bodyObject(context);
  const kind = statedKind(body);
  checkValues('namedLocation', kind.slice(1), body, 'create');
  const now = new Date(tenant.clock.now()).toISOString();
  const properties = {
    ...defaults[kind],
    ...body,
    '@odata.type': kind,
    createdDateTime: now,
    modifiedDateTime: now,
  };
  checkLocation(properties);
  const object = tenant.create('namedLocation', properties);
  return json(201, {
    '@odata.context': contextUrl(context, 'identity/conditionalAccess/namedLocations/$entity'),
    ...renderObject(object.current, { select: undefined }),
  });
}

function checkLocation(values: JsonObject): void {
  if (typeof values['displayName'] !== 'string' || values['displayName'] === '') {
    throw policyFailure("1001: The property 'displayName' is required.");
  }
  const isIp = values['@odata.type'] === kinds[0];
  const items = values[isIp ? 'ipRanges' : 'countriesAndRegions'];
  if (!Array.isArray(items) || items.length === 0) {
    throw policyFailure('1092: A named location needs at least one range, country or region.');
  }
  for (const item of items as readonly JsonValue[]) {
    if (isIp ? !isRange(item) : !/^[A-Z]{2}$/.test(String(item))) {
      throw policyFailure('1093: A range, country or region of the named location is not valid.');
    }
  }
}

function isRange(item: JsonValue): boolean {
  if (!isObject(item)) {
    return false;
  }
  const [address, bits] = String(item['cidrAddress'] ?? '').split('/');
  const family = isIP(address ?? '');
  const stated = family === 4 ? '#microsoft.graph.iPv4CidrRange' : '#microsoft.graph.iPv6CidrRange';
  const size = Number(bits);
  return (
    family !== 0 && item['@odata.type'] === stated && size > 0 && size <= (family === 4 ? 32 : 128)
  );
}

export function updateLocation(context: RouteContext): SimulatorReply {
  allowOnly(context.request, []);
  const object = writableObject(context, 'namedLocation', parameter(context));
  const body = bodyObject(context);
  const kind = statedKind(body);
  if (kind !== object.current.properties['@odata.type']) {
    throw policyFailure('1094: The kind of a named location cannot change.');
  }
  checkValues('namedLocation', kind.slice(1), body, 'update');
  const values = { ...body, '@odata.type': kind };
  checkLocation({ ...object.current.properties, ...values });
  context.tenant.update(object, values);
  return noContent;
}

/** A trusted location must be made untrusted first. */
export function deleteLocation(context: RouteContext): SimulatorReply {
  allowOnly(context.request, []);
  const object = writableObject(context, 'namedLocation', parameter(context));
  if (object.current.properties['isTrusted'] === true) {
    throw policyFailure('1095: A trusted named location cannot be deleted.');
  }
  context.tenant.softDelete(object);
  return noContent;
}
