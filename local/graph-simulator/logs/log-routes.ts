// Paths of `/auditLogs`.
import { notFound } from '../errors.ts';
import { contextUrl, parameter, type Route, type RouteContext } from '../routes/route-context.ts';
import type { SimulatorReply } from '../types.ts';
import { logPage, refuseUnlicensed } from './log-page.ts';
import { variantOf } from './log-query.ts';
import { rowText } from './log-row.ts';
import { collectionOf, type LogCollection, logSources } from './log-source.ts';

export const logRoutes: readonly Route[] = [
  ...listAndOne('directoryAudits'),
  ...listAndOne('signIns'),
  {
    template: '/auditlogs/provisioning',
    handlers: { GET: (context) => logPage(context, 'provisioning') },
  },
];

function listAndOne(collection: LogCollection): readonly Route[] {
  const template = `/auditlogs/${collection.toLowerCase()}`;
  return [
    { template, handlers: { GET: (context) => logPage(context, collection) } },
    {
      template: `${template}/{id}`,
      handlers: { GET: (context) => oneRecord(context, collection) },
    },
  ];
}

function oneRecord(context: RouteContext, collection: LogCollection): SimulatorReply {
  refuseUnlicensed(context, collection);
  const { tenant, request } = context;
  const id = parameter(context);
  const sources = logSources.filter((source) => collectionOf(source) === collection);
  const row = tenant.logs.find(sources, id, request.receivedAt);
  if (row === undefined) {
    throw notFound(id);
  }
  const url = JSON.stringify(contextUrl(context, `auditLogs/${collection}/$entity`));
  const text = `{"@odata.context":${url},${rowText(row, variantOf(context)).slice(1)}`;
  return { status: 200, headers: {}, body: Buffer.from(text) };
}
