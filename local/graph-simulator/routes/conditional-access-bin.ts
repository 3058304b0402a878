// The recycle bin of conditional access, apart from that of the directory.
// https://learn.microsoft.com/graph/api/resources/policydeletableitem
import { notFound } from '../errors.ts';
import { allowOnly, parseSelect } from '../query.ts';
import { renderDeleted, renderObject } from '../render.ts';
import { qualifiedName } from '../schema/csdl.ts';
import type { ObjectVersion, StoredObject } from '../tenant/stored-object.ts';
import type { ObjectType, SimulatorReply } from '../types.ts';
import { listReply } from './list-reply.ts';
import {
  contextUrl,
  json,
  noContent,
  parameter,
  type Route,
  type RouteContext,
} from './route-context.ts';

type Bin = { readonly type: ObjectType; readonly name: 'policies' | 'namedLocations' };

function deletedVersion(context: RouteContext, bin: Bin): ObjectVersion {
  const id = parameter(context);
  const version = context.view.deleted(id);
  if (version === undefined || version.object.type !== bin.type) {
    throw notFound(id);
  }
  return version;
}

/** For writes: still in the bin in the newest state. */
function deletedObject(context: RouteContext, bin: Bin): StoredObject {
  allowOnly(context.request, []);
  const { object } = deletedVersion(context, bin);
  if (object.current.state !== 'deleted') {
    throw notFound(object.id);
  }
  return object;
}

function listBin(context: RouteContext, bin: Bin): SimulatorReply {
  const select = parseSelect(context.request.query.get('$select'), qualifiedName(bin.type));
  return listReply(context, {
    name: bin.name,
    typeName: qualifiedName(bin.type),
    rows: context.view.orderedDeleted(bin.type),
    render: (version) => renderDeleted(version, { select }),
    fragment: `identity/conditionalAccess/deletedItems/${bin.name}`,
    options: ['$select', '$top', '$filter', '$count', '$skiptoken'],
  });
}

function getBin(context: RouteContext, bin: Bin): SimulatorReply {
  allowOnly(context.request, ['$select']);
  const select = parseSelect(context.request.query.get('$select'), qualifiedName(bin.type));
  const fragment = `identity/conditionalAccess/deletedItems/${bin.name}/$entity`;
  return json(200, {
    '@odata.context': contextUrl(context, fragment),
    ...renderDeleted(deletedVersion(context, bin), { select }),
  });
}

function restoreBin(context: RouteContext, bin: Bin): SimulatorReply {
  const object = deletedObject(context, bin);
  context.tenant.restore(object);
  const fragment = `identity/conditionalAccess/${bin.name}/$entity`;
  return json(200, {
    '@odata.context': contextUrl(context, fragment),
    ...renderObject(object.current, { select: undefined }),
  });
}

function purgeBin(context: RouteContext, bin: Bin): SimulatorReply {
  context.tenant.purge(deletedObject(context, bin));
  return noContent;
}

const bins: readonly Bin[] = [
  { type: 'conditionalAccessPolicy', name: 'policies' },
  { type: 'namedLocation', name: 'namedLocations' },
];

export const conditionalAccessBinRoutes: readonly Route[] = bins.flatMap((bin) => {
  const base = `/identity/conditionalaccess/deleteditems/${bin.name.toLowerCase()}`;
  return [
    { template: base, handlers: { GET: (context: RouteContext) => listBin(context, bin) } },
    {
      template: `${base}/{id}`,
      handlers: {
        GET: (context: RouteContext) => getBin(context, bin),
        DELETE: (context: RouteContext) => purgeBin(context, bin),
      },
    },
    {
      template: `${base}/{id}/restore`,
      handlers: { POST: (context: RouteContext) => restoreBin(context, bin) },
    },
  ];
});
