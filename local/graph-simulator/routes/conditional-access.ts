// Conditional access policies and named locations.
// https://learn.microsoft.com/graph/api/resources/conditionalaccesspolicy, .../namedlocation
import { allowOnly, parseSelect } from '../query.ts';
import { renderObject } from '../render.ts';
import { qualifiedName } from '../schema/csdl.ts';
import type { ObjectType, SimulatorReply } from '../types.ts';
import { listReply } from './list-reply.ts';
import { createLocation, deleteLocation, updateLocation } from './named-location-writes.ts';
import { createPolicy, deletePolicy, updatePolicy } from './policy-writes.ts';
import {
  contextUrl,
  json,
  liveObject,
  parameter,
  type Route,
  type RouteContext,
} from './route-context.ts';

type PolicyType = Extract<ObjectType, 'conditionalAccessPolicy' | 'namedLocation'>;

const fragments: Readonly<Record<PolicyType, string>> = {
  conditionalAccessPolicy: 'identity/conditionalAccess/policies',
  namedLocation: 'identity/conditionalAccess/namedLocations',
};

const options = ['$select', '$top', '$filter', '$count', '$orderby', '$skiptoken'];

function list(context: RouteContext, type: PolicyType): SimulatorReply {
  const select = parseSelect(context.request.query.get('$select'), qualifiedName(type));
  return listReply(context, {
    name: type === 'namedLocation' ? 'namedLocations' : 'policies',
    typeName: qualifiedName(type),
    rows: context.view.ordered(type),
    render: (version) => renderObject(version, { select }),
    fragment: fragments[type],
    options,
  });
}

function get(context: RouteContext, type: PolicyType): SimulatorReply {
  allowOnly(context.request, ['$select']);
  const version = liveObject(context, type, parameter(context));
  const select = parseSelect(context.request.query.get('$select'), qualifiedName(type));
  return json(200, {
    '@odata.context': contextUrl(context, `${fragments[type]}/$entity`),
    ...renderObject(version, { select }),
  });
}

export const conditionalAccessRoutes: readonly Route[] = [
  {
    template: '/identity/conditionalaccess/policies',
    handlers: {
      GET: (context) => list(context, 'conditionalAccessPolicy'),
      POST: createPolicy,
    },
  },
  {
    template: '/identity/conditionalaccess/policies/{id}',
    handlers: {
      GET: (context) => get(context, 'conditionalAccessPolicy'),
      PATCH: updatePolicy,
      DELETE: deletePolicy,
    },
  },
  {
    template: '/identity/conditionalaccess/namedlocations',
    handlers: { GET: (context) => list(context, 'namedLocation'), POST: createLocation },
  },
  {
    template: '/identity/conditionalaccess/namedlocations/{id}',
    handlers: {
      GET: (context) => get(context, 'namedLocation'),
      PATCH: updateLocation,
      DELETE: deleteLocation,
    },
  },
];
