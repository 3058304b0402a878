// One page of a log: options, window, skip token, faults, bytes. Texts of records go out as they
// are, never parsed and written again.
import { GraphFailure } from '../errors.ts';
import { openToken, queryFingerprint, sealToken } from '../page-token.ts';
import { contextUrl, type RouteContext } from '../routes/route-context.ts';
import type { SimulatorReply } from '../types.ts';
import { shapeLogPage } from './log-page-faults.ts';
import { readLogQuery } from './log-query.ts';
import type { LogQuery, LogRow } from './log-row.ts';
import type { LogCollection } from './log-source.ts';
import { pageReply } from './page-bytes.ts';
import { formatTicks } from './ticks.ts';

type Position = {
  /** Rows before this page; with border paging the row it begins behind. */
  readonly offset: number;
  readonly behind?: string;
  /** Rows sent so far, for the limit of deep paging. */
  readonly sent: number;
  readonly page: number;
  readonly run: number;
  readonly fingerprint: string;
  readonly tenantId: string;
  readonly issued: number;
};

/** https://learn.microsoft.com/graph/api/directoryaudit-list, .../signin-list */
export function logPage(context: RouteContext, collection: LogCollection): SimulatorReply {
  const { request, tenant } = context;
  const { logs } = tenant;
  refuseUnlicensed(context, collection);
  const { query, top, variant } = readLogQuery(context, collection);
  const position = readPosition(context) ?? firstPosition(context);
  const rows = logs.rows(query, request.receivedAt, position.run);
  if (rows.length > logs.settings.slowRows) {
    throw new GraphFailure(504, 'UnknownError', 'The request timed out.');
  }
  const offset = startOf(rows, position);
  const wanted = wantedRows(context, top, rows.length - offset);
  const shaped = shapeLogPage(rows, { offset, end: offset + wanted }, context.pageFaults);
  const hasLink =
    shaped.next < rows.length &&
    (collection !== 'provisioning' ||
      request.query.has('$top') ||
      !logs.settings.provisioningNeedsTop);
  const nextLink = hasLink
    ? linkTo(context, position, shaped.next, rows, shaped.rows.length)
    : undefined;
  return pageReply(
    { rows: shaped.rows, variant, nextLink, faults: context.pageFaults },
    {
      contextUrl: contextUrl(context, `auditLogs/${collection}`),
      tips: position.page === 1 && collection === 'directoryAudits',
      chunks: tenant.logPages,
      note: noteOf(collection, query, shaped.rows.length, position.page),
    },
  );
}

function noteOf(
  collection: LogCollection,
  query: LogQuery,
  rows: number,
  page: number,
): NonNullable<SimulatorReply['log']> {
  return {
    collection,
    sources: query.sources,
    rows,
    page,
    ...(Number.isFinite(query.from) ? { from: formatTicks(query.from) } : {}),
    ...(Number.isFinite(query.to) ? { to: formatTicks(query.to) } : {}),
  };
}

/** Seen in the field: https://github.com/microsoftgraph/microsoft-graph-docs-contrib/issues/7276 */
export function refuseUnlicensed({ tenant }: RouteContext, collection: LogCollection): void {
  if (tenant.logs.settings.missing.includes(collection)) {
    throw new GraphFailure(
      400,
      'BadRequest',
      `Resource not found for the segment '${collection}'.`,
    );
  }
  if (collection === 'signIns' && tenant.logs.settings.licence === 'free') {
    throw new GraphFailure(
      403,
      'Authentication_RequestFromNonPremiumTenantOrB2CTenant',
      "Neither tenant is B2C or tenant doesn't have premium license",
    );
  }
}

function firstPosition({ request, tenant }: RouteContext): Position {
  return {
    offset: 0,
    sent: 0,
    page: 1,
    run: tenant.logs.nextRun(),
    fingerprint: queryFingerprint(`${request.version}${request.path}`, request.query),
    tenantId: tenant.tenantId,
    issued: request.receivedAt,
  };
}

function readPosition(context: RouteContext): Position | undefined {
  const { request, tenant, pageFaults } = context;
  const token = request.query.get('$skiptoken');
  if (token === undefined) {
    return undefined;
  }
  const { tokenLifetimeMilliseconds, deepPagingRows } = tenant.logs.settings;
  const position = openToken(token) as Position | undefined;
  const isLost = pageFaults.some(({ kind }) => kind === 'expiredPageToken');
  if (isLost || token === '' || position?.sent === undefined) {
    throw lostToken();
  }
  const isOurs =
    position.fingerprint === firstPosition(context).fingerprint &&
    position.tenantId === tenant.tenantId;
  if (!isOurs || request.receivedAt - position.issued > tokenLifetimeMilliseconds) {
    throw new GraphFailure(400, 'BadRequest', 'Invalid Skip Token');
  }
  if (position.sent >= deepPagingRows) {
    throw new GraphFailure(
      429,
      'UnknownError',
      'This request is throttled. Please try again after some time.',
      { headers: { 'retry-after': '10' } },
    );
  }
  return position;
}

/** https://github.com/microsoftgraph/msgraph-sdk-powershell/issues/1388 */
function lostToken(): GraphFailure {
  return new GraphFailure(400, 'UnknownError', 'Invalid Skip Token, skip token is null');
}

/** The key of a row for border paging: the row may have moved, the key finds where it stands. */
function keyOf({ block, index, version }: LogRow): string {
  return `${block.order} ${block.times[index]} ${index} ${version}`;
}

function startOf(rows: readonly LogRow[], position: Position): number {
  const { behind, offset } = position;
  const place = behind === undefined ? -1 : rows.findLastIndex((row) => keyOf(row) === behind);
  return place < 0 ? Math.min(offset, rows.length) : place + 1;
}

/** Full pages, and now and then one that is shorter although more rows follow. */
function wantedRows({ tenant }: RouteContext, top: number, left: number): number {
  const { logs } = tenant;
  const { shortPages } = logs.settings;
  if (left <= top || shortPages === 0 || logs.random.next() >= shortPages) {
    return Math.min(top, left);
  }
  return logs.random.next() < 0.2 ? 0 : logs.random.between(Math.ceil(top / 10), top);
}

function linkTo(
  context: RouteContext,
  position: Position,
  next: number,
  rows: readonly LogRow[],
  sent: number,
): string {
  const { request, tenant } = context;
  const before = rows[next - 1];
  const usesBorder = tenant.logs.settings.paging === 'border' && before !== undefined;
  const token: Position = {
    ...position,
    offset: next,
    ...(usesBorder ? { behind: keyOf(before) } : {}),
    sent: position.sent + sent,
    page: position.page + 1,
    issued: request.receivedAt,
  };
  const options = [...request.query].filter(([name]) => name !== '$skiptoken');
  const query = [...options, ['$skiptoken', sealToken(token)] as const]
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&');
  return `${request.origin}/${request.version}${encodeURI(request.path)}?${query}`;
}
