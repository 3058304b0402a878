// Query options of a log as the service takes them, and the window they ask for.
import { GraphFailure } from '../errors.ts';
import { pageSizes } from '../page-sizes.ts';
import type { RouteContext } from '../routes/route-context.ts';
import type { SimulatorRequest } from '../types.ts';
import { type LogFilter, parseLogFilter, type TimeBound } from './log-filter.ts';
import { invalidFilter } from './log-filter-tokens.ts';
import { type LogQuery, rowText } from './log-row.ts';
import {
  eventTypes,
  type LogCollection,
  type LogSource,
  type LogVariant,
  logSources,
  timeProperty,
} from './log-source.ts';
import { ticksOfMilliseconds } from './ticks.ts';

export type ReadQuery = {
  readonly query: LogQuery;
  readonly top: number;
  readonly variant: LogVariant;
};

/** https://learn.microsoft.com/graph/api/signin-list: the default as well. */
const maximumPage = pageSizes.logs.maximum;
const known = new Set(['$filter', '$top', '$orderby', '$skiptoken']);
const day = 24 * 60 * 60 * 1000;
/** https://github.com/microsoftgraph/microsoft-graph-docs/issues/5676 */
const oldestFilterDays = 90;

export function readLogQuery(context: RouteContext, collection: LogCollection): ReadQuery {
  const { request, tenant } = context;
  refuseOptions(request);
  const variant = variantOf(context);
  const text = request.query.get('$filter');
  const filter = text === undefined ? undefined : parseFilter(context, collection, text);
  refuseOldTimes(filter, collection, request.receivedAt);
  const sources = sourcesOf(filter, collection);
  const { from, to } = windowOf(filter?.times ?? []);
  const oldestFirst = readOrder(request, collection);
  const tests = filter?.tests ?? [];
  const query: LogQuery = {
    sources,
    from,
    to,
    oldestFirst,
    key: JSON.stringify([collection, variant, tenant.logs.settings.licence, text, oldestFirst]),
    ...(tests.length === 0
      ? {}
      : {
          matches: (row) => {
            const record: unknown = JSON.parse(rowText(row, { ...variant, policies: true }));
            return tests.every((test) => test(record));
          },
        }),
  };
  return { query, top: readTop(request), variant };
}

/** https://github.com/microsoftgraph/msgraph-beta-sdk-dotnet/issues/956 */
function refuseOptions(request: SimulatorRequest): void {
  for (const name of request.query.keys()) {
    if (name.startsWith('$') && !known.has(name)) {
      const option = name.slice(1, 2).toUpperCase() + name.slice(2);
      throw new GraphFailure(
        400,
        'BadRequest',
        `Query option '${option}' is not allowed. To allow it, set the 'AllowedQueryOptions' property on EnableQueryAttribute or QueryValidationSettings.`,
      );
    }
    if (!name.startsWith('$')) {
      throw new GraphFailure(400, 'BadRequest', `The query option '${name}' is not supported.`);
    }
  }
}

function parseFilter(context: RouteContext, collection: LogCollection, text: string): LogFilter {
  const { request, tenant } = context;
  return parseLogFilter(text, {
    collection,
    beta: request.version === 'beta',
    ranges:
      collection === 'provisioning' && tenant.logs.settings.provisioningOperators === 'ranges',
  });
}

function refuseOldTimes(
  filter: LogFilter | undefined,
  collection: LogCollection,
  now: number,
): void {
  const oldest = ticksOfMilliseconds(now - oldestFilterDays * day);
  if (collection === 'signIns' && filter?.times.some(({ ticks }) => ticks < oldest)) {
    throw invalidFilter();
  }
}

/** Sign-ins are interactive ones unless the filter names other kinds. */
function sourcesOf(filter: LogFilter | undefined, collection: LogCollection): readonly LogSource[] {
  if (collection !== 'signIns') {
    return [collection];
  }
  const kinds = logSources.filter((source) => eventTypes[source] !== undefined);
  if (filter?.anyEventType === true) {
    return kinds;
  }
  const wanted = filter?.eventTypes ?? ['interactiveUser'];
  const names = wanted.map((name) => name.toLowerCase());
  return kinds.filter((source) => names.includes(String(eventTypes[source]).toLowerCase()));
}

/** Both ends included: `gt` and `lt` move them by one tick. */
function windowOf(times: readonly TimeBound[]): { from: number; to: number } {
  const bounds = (operators: string, shift: number): readonly number[] =>
    times
      .filter(({ operator }) => operators.includes(operator))
      .map(({ operator, ticks }) =>
        operator === 'gt' || operator === 'lt' ? ticks + shift : ticks,
      );
  return {
    from: Math.max(Number.NEGATIVE_INFINITY, ...bounds('eq ge gt', 1)),
    to: Math.min(Number.POSITIVE_INFINITY, ...bounds('eq le lt', -1)),
  };
}

/** True for oldest first. Only the time may be sorted by. */
function readOrder(request: SimulatorRequest, collection: LogCollection): boolean {
  const order = request.query.get('$orderby');
  if (order === undefined) {
    return false;
  }
  const match = /^(\w+)(?:\s+(asc|desc))?$/i.exec(order.trim());
  if (match?.[1]?.toLowerCase() !== timeProperty(collection).toLowerCase()) {
    throw new GraphFailure(400, 'BadRequest', `Sorting by '${order}' is not supported.`);
  }
  return match[2]?.toLowerCase() !== 'desc';
}

/** 1,000 unless given, and 1,000 at most: more is taken as 1,000. */
function readTop(request: SimulatorRequest): number {
  const text = request.query.get('$top');
  if (text === undefined) {
    return maximumPage;
  }
  if (!/^\d{1,9}$/.test(text) || Number(text) < 1) {
    throw new GraphFailure(
      400,
      'BadRequest',
      `Invalid value '${text}' for $top query option found.`,
    );
  }
  return Math.min(Number(text), maximumPage);
}

export function variantOf(context: RouteContext): LogVariant {
  const { request, caller, tenant } = context;
  return {
    beta: request.version === 'beta',
    policies: caller.roles.some((role) => policyReaders.includes(role)),
    risk: tenant.logs.settings.licence === 'p2',
  };
}

/**
 * Permissions that show the policies applied to a sign-in:
 * https://learn.microsoft.com/graph/api/signin-list#permissions
 */
const policyReaders: readonly string[] = [
  'Policy.Read.All',
  'Policy.Read.ConditionalAccess',
  'Policy.ReadWrite.ConditionalAccess',
];
