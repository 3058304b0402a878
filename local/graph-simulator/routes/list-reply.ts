// One page of a list: options, page border, faults, links. The border is the sort key of the last
// row, so what moves over it between two requests is skipped or doubled.
import { GraphFailure } from '../errors.ts';
import { parseFilter } from '../filter.ts';
import { type ListName, pageSizes } from '../page-sizes.ts';
import { openToken, queryFingerprint, sealToken } from '../page-token.ts';
import { allowOnly, isEventual, parseTop, wantsCount } from '../query.ts';
import { firstAfter } from '../tenant/ordered-versions.ts';
import type { ObjectVersion } from '../tenant/stored-object.ts';
import type { JsonObject, JsonValue, PageFault, SimulatorReply } from '../types.ts';
import { contextUrl, json, type RouteContext } from './route-context.ts';

export type ListPlan = {
  readonly name: ListName;
  /** CSDL type `$filter` is checked against. */
  readonly typeName: string;
  /** All rows in list order. */
  readonly rows: readonly ObjectVersion[];
  readonly render: (version: ObjectVersion) => JsonObject;
  /** After `$metadata#`: `users(id,displayName)`. */
  readonly fragment: string;
  readonly expanded?: boolean;
  readonly options?: readonly string[];
};

export const listOptions: readonly string[] = [
  '$select',
  '$top',
  '$filter',
  '$expand',
  '$count',
  '$orderby',
  '$skiptoken',
];

type Border = {
  readonly after: string;
  readonly page: number;
  readonly fingerprint: string;
  readonly tenantId: string;
  readonly issued: number;
  readonly eventual: boolean;
};

const tips =
  'Use $select to choose only the properties your app needs, as this can lead to performance improvements.';

export function listReply(context: RouteContext, plan: ListPlan): SimulatorReply {
  const { request } = context;
  allowOnly(request, plan.options ?? listOptions);
  refuseOrder(request.query.get('$orderby'));
  const top = parseTop(request.query.get('$top'), pageSizes[plan.name], plan.expanded === true);
  const border = readBorder(context);
  const filterText = request.query.get('$filter');
  const matches = filterText === undefined ? () => true : parseFilter(filterText, plan.typeName);
  const page = cutPage(plan.rows, border?.after, top, matches);
  const shaped = shapePage(plan.rows, page, border?.after, context.pageFaults);
  const body: Record<string, JsonValue> = { '@odata.context': contextUrl(context, plan.fragment) };
  if (wantsCount(request) && border === undefined) {
    body['@odata.count'] = plan.rows.filter(matches).length;
  }
  if (shaped.after !== undefined) {
    body['@odata.nextLink'] = nextLink(context, shaped.after, border?.page ?? 1);
  }
  if (request.query.get('$select') === undefined && border === undefined) {
    body['@microsoft.graph.tips'] = tips;
  }
  body['value'] = shaped.rows.map(plan.render);
  return json(200, replaceParts(body, context.pageFaults));
}

/** The number of the page this request asks for, from its token; 1 without one. */
export function requestedPage(request: RouteContext['request']): number {
  const token = request.query.get('$skiptoken') ?? request.query.get('$deltatoken');
  const content = token === undefined ? undefined : openToken(token);
  const page: unknown = content === undefined ? 1 : Reflect.get(content, 'page');
  return typeof page === 'number' ? page : 1;
}

function refuseOrder(order: string | undefined): void {
  if (order !== undefined && !/^(displayName|userPrincipalName)( asc)?$/.test(order)) {
    throw new GraphFailure(
      400,
      'Request_UnsupportedQuery',
      `Sorting not supported for current query: '${order}'.`,
    );
  }
}

function readBorder(context: RouteContext): Border | undefined {
  const { request, tenant, pageFaults } = context;
  const token = request.query.get('$skiptoken');
  if (token === undefined) {
    return undefined;
  }
  const fault = pageFaults.find((candidate) => candidate.kind === 'expiredPageToken');
  if (fault !== undefined) {
    throw pageTokenFailure(fault.form);
  }
  const border = openToken(token) as Border | undefined;
  if (
    border?.fingerprint !== queryFingerprint(request.path, request.query) ||
    border.tenantId !== tenant.tenantId
  ) {
    throw pageTokenFailure('DirectoryPageTokenNotFoundException');
  }
  if (request.receivedAt - border.issued > tenant.settings.pageTokenLifetimeMilliseconds) {
    throw pageTokenFailure('Directory_ExpiredPageToken');
  }
  if (border.eventual && !isEventual(request)) {
    throw new GraphFailure(
      400,
      'Request_UnsupportedQuery',
      'The page token belongs to an advanced query: the ConsistencyLevel header must be sent with every page.',
    );
  }
  return border;
}

function pageTokenFailure(code: string): GraphFailure {
  return code === 'Directory_ExpiredPageToken'
    ? new GraphFailure(
        400,
        code,
        'The specified page token value has expired and can no longer be included in your request.',
      )
    : new GraphFailure(400, code, 'The specified page token value is not valid for this request.');
}

type Page = { readonly rows: readonly ObjectVersion[]; readonly after: string | undefined };

function cutPage(
  rows: readonly ObjectVersion[],
  after: string | undefined,
  top: number,
  matches: (version: ObjectVersion) => boolean,
): Page {
  const page: ObjectVersion[] = [];
  for (let at = after === undefined ? 0 : firstAfter(rows, after); at < rows.length; at += 1) {
    const row = rows[at];
    if (row === undefined || !matches(row)) {
      continue;
    }
    if (page.length === top) {
      return { rows: page, after: page.at(-1)?.sortKey };
    }
    page.push(row);
  }
  return { rows: page, after: undefined };
}

/** Before every key, so that an empty page can lead to the first row. */
const beforeAll = '';

function shapePage(
  rows: readonly ObjectVersion[],
  page: Page,
  after: string | undefined,
  faults: readonly PageFault[],
): Page {
  let shaped = page;
  for (const fault of faults) {
    if (fault.kind === 'emptyPage') {
      shaped = { rows: [], after: after ?? beforeAll };
    } else if (fault.kind === 'skipRows' && shaped.after !== undefined) {
      const skipped = rows[firstAfter(rows, shaped.after) + fault.count - 1];
      shaped = { rows: shaped.rows, after: skipped?.sortKey ?? shaped.after };
    } else if (fault.kind === 'doubleRows' && shaped.after !== undefined) {
      const earlier = shaped.rows.at(-1 - fault.count);
      shaped = { rows: shaped.rows, after: earlier?.sortKey ?? after ?? beforeAll };
    }
  }
  return shaped;
}

function nextLink(context: RouteContext, after: string, page: number): string {
  const { request, tenant } = context;
  const border: Border = {
    after,
    page: page + 1,
    fingerprint: queryFingerprint(request.path, request.query),
    tenantId: tenant.tenantId,
    issued: request.receivedAt,
    eventual: request.query.get('$count') === 'true' && isEventual(request),
  };
  const options = [...request.query].filter(([name]) => name !== '$skiptoken');
  const query = [...options, ['$skiptoken', sealToken(border)] as const]
    .map(([name, value]) => `${name}=${encodeURIComponent(value).replaceAll('%2C', ',')}`)
    .join('&');
  return `${request.origin}/${request.version}${encodeURI(request.path)}?${query}`;
}

/** Faults on the finished page: `value` replaced or missing, the next link lost or changed. */
export function replaceParts(
  body: Readonly<Record<string, JsonValue>>,
  faults: readonly PageFault[],
): JsonObject {
  const changed: Record<string, JsonValue> = { ...body };
  for (const fault of faults) {
    if (fault.kind === 'loseNextLink') {
      delete changed['@odata.nextLink'];
    } else if (fault.kind === 'replaceNextLink' && '@odata.nextLink' in changed) {
      changed['@odata.nextLink'] = fault.link;
    } else if (fault.kind === 'replaceValue') {
      if (fault.value === undefined) {
        delete changed['value'];
      } else {
        changed['value'] = fault.value;
      }
    }
  }
  return changed;
}
