// `/users/delta`, `/groups/delta`, `/directory/administrativeUnits/delta`: one page of a round.
// https://learn.microsoft.com/graph/delta-query-overview
import { unknownSegment, unsupportedQuery } from '../errors.ts';
import { allowOnly } from '../query.ts';
import { replaceParts } from '../routes/list-reply.ts';
import { type Collection, groups, selectedNames, units, users } from '../routes/reads.ts';
import {
  contextUrl,
  holdsRole,
  json,
  linkBase,
  type RouteContext,
} from '../routes/route-context.ts';
import { defaultProperties, untrackedProperties } from '../schema/property-rules.ts';
import type { TenantState } from '../tenant/tenant-state.ts';
import type { JsonValue, Relationship, SimulatorReply } from '../types.ts';
import { cutPages, type DeltaPage } from './delta-pages.ts';
import { type DeltaRendering, faultyCopies, renderRow } from './delta-render.ts';
import { type DeltaRow, roundRows } from './delta-rows.ts';
import {
  type DeltaCollection,
  type DeltaToken,
  readDeltaToken,
  sealDeltaToken,
} from './delta-token.ts';

type Tracked = {
  readonly collection: Collection;
  readonly path: string;
  readonly relationships: readonly Relationship[];
  /** Relations tracked when there is no `$select`. */
  readonly standard: readonly Relationship[];
};

const trackedCollections: Readonly<Record<DeltaCollection, Tracked>> = {
  users: { collection: users, path: '/users/delta', relationships: ['manager'], standard: [] },
  groups: {
    collection: groups,
    path: '/groups/delta',
    relationships: ['members', 'owners'],
    standard: ['members'],
  },
  administrativeUnits: {
    collection: units,
    path: '/directory/administrativeUnits/delta',
    relationships: ['members'],
    standard: ['members'],
  },
};

const idsPerFilter = 50;

export function deltaReply(context: RouteContext, name: DeltaCollection): SimulatorReply {
  const { request, tenant } = context;
  refuseUntracked(tenant, name);
  allowOnly(request, ['$select', '$filter', '$deltatoken', '$skiptoken']);
  const token = readDeltaToken(context, name) ?? firstToken(context, name);
  const newest = tenant.log.sequenceAt(tenant.clock.now() - tenant.settings.deltaLagMilliseconds);
  if (request.query.get('$deltatoken') === 'latest') {
    const start = { ...token, since: newest, until: null, page: 1 };
    return json(200, {
      ...head(context, name, token),
      ...deltaLink(context, name, start),
      value: [],
    });
  }
  const until = token.until ?? Math.max(newest, token.since ?? 0);
  return roundPage(context, name, { ...token, until });
}

function refuseUntracked(tenant: TenantState, name: DeltaCollection): void {
  if (tenant.settings.kind === 'externalId') {
    throw unsupportedQuery('Delta query is not supported for this tenant type.');
  }
  if (name === 'administrativeUnits' && tenant.settings.unitDeltaMissing) {
    throw unknownSegment('delta');
  }
}

function firstToken(context: RouteContext, name: DeltaCollection): DeltaToken {
  const { query } = context.request;
  const tracked = trackedCollections[name];
  const select = query
    .get('$select')
    ?.split(',')
    .map((part) => part.trim());
  const properties = select?.filter((part) => !tracked.relationships.includes(part as never));
  if (properties !== undefined && properties.length > 0) {
    const only = new Map(query).set('$select', properties.join(','));
    selectedNames(
      { ...context, request: { ...context.request, query: only } },
      tracked.collection,
      false,
    );
  }
  return {
    kind: 'delta',
    tenantId: context.tenant.tenantId,
    collection: name,
    select: select ?? null,
    ids: readIdFilter(query.get('$filter')),
    since: null,
    until: null,
    page: 1,
    issued: context.request.receivedAt,
  };
}

function readIdFilter(filter: string | undefined): readonly string[] | null {
  if (filter === undefined) {
    return null;
  }
  const ids = filter.split(/\s+or\s+/i).map((part) => /^\s*id eq '([^']*)'\s*$/.exec(part)?.[1]);
  if (ids.includes(undefined) || ids.length > idsPerFilter) {
    throw unsupportedQuery('Only up to 50 comparisons of id with eq, joined by or, are supported.');
  }
  return ids.map((id) => String(id).toLowerCase());
}

type Round = { readonly pages: readonly DeltaPage[]; readonly rows: readonly DeltaRow[] };

const rounds = new WeakMap<TenantState, Map<string, Round>>();
const keptRounds = 12;

/** Rows of a round are cut once; a page that is asked for again is the same page. */
function openRound(tenant: TenantState, token: DeltaToken, until: number): Round {
  const known = rounds.get(tenant) ?? new Map<string, Round>();
  rounds.set(tenant, known);
  const key = JSON.stringify([token.collection, token.select, token.ids, token.since, until]);
  const existing = known.get(key);
  if (existing !== undefined) {
    return existing;
  }
  const rows = roundRows({
    tenant,
    type: trackedCollections[token.collection].collection.type,
    tracked: new Set(propertyNames(token).filter((name) => !untrackedProperties.has(name))),
    relationships: relationshipsOf(token),
    ids: token.ids === null ? undefined : new Set(token.ids),
    since: token.since,
    until,
  });
  const round = { rows, pages: cutPages(rows) };
  const oldest = known.size >= keptRounds ? known.keys().next().value : undefined;
  if (oldest !== undefined) {
    known.delete(oldest);
  }
  known.set(key, round);
  return round;
}

function relationshipsOf(token: DeltaToken): readonly Relationship[] {
  const tracked = trackedCollections[token.collection];
  return token.select === null
    ? tracked.standard
    : tracked.relationships.filter((name) => token.select?.includes(name));
}

function propertyNames(token: DeltaToken): readonly string[] {
  const tracked = trackedCollections[token.collection];
  const names = token.select ?? defaultProperties[tracked.collection.type];
  return names.filter((name) => name !== 'id' && !tracked.relationships.includes(name as never));
}

function roundPage(
  context: RouteContext,
  name: DeltaCollection,
  token: DeltaToken & { readonly until: number },
): SimulatorReply {
  const { tenant, pageFaults } = context;
  const round = openRound(tenant, token, token.until);
  const page = round.pages[token.page - 1] ?? [];
  const isEmpty = pageFaults.some((fault) => fault.kind === 'emptyPage');
  const isEndless = pageFaults.some((fault) => fault.kind === 'endlessRound');
  const isLast = token.page >= round.pages.length;
  const copies = faultyCopies(page, rowsOfRoundBefore(tenant, token), pageFaults);
  if (isLast && !isEmpty && !isEndless) {
    rememberRound(tenant, token, round);
  }
  const link = linkAfter(context, name, token, { isEmpty, isEndless, isLast });
  const rendering = renderingOf(context, token);
  const value = isEmpty ? [] : [...page, ...copies].map((row) => renderRow(row, rendering));
  return json(200, replaceParts({ ...head(context, name, token), ...link, value }, pageFaults));
}

function linkAfter(
  context: RouteContext,
  name: DeltaCollection,
  token: DeltaToken,
  page: { readonly isEmpty: boolean; readonly isEndless: boolean; readonly isLast: boolean },
): Readonly<Record<string, JsonValue>> {
  if (page.isEndless || page.isEmpty || !page.isLast) {
    const next = page.isEndless ? 1 : page.isEmpty ? token.page : token.page + 1;
    return nextLink(context, name, { ...token, page: next });
  }
  return deltaLink(context, name, { ...token, since: token.until, until: null, page: 1 });
}

function renderingOf(context: RouteContext, token: DeltaToken): DeltaRendering {
  const prefer = context.request.headers.get('prefer') ?? '';
  const fault = context.pageFaults.find((one) => one.kind === 'removedBeforeAdded');
  const readsHidden = holdsRole(context, 'Member.Read.Hidden');
  return {
    names: propertyNames(token),
    minimal: /\breturn=minimal\b/i.test(prefer),
    hidesLinks: (row) =>
      !readsHidden && row.version.properties['visibility'] === 'HiddenMembership',
    removedBeforeAdded: fault?.count ?? 0,
  };
}

const finishedRounds = new WeakMap<TenantState, Map<string, Map<number, readonly DeltaRow[]>>>();

function roundKey(token: DeltaToken): string {
  return JSON.stringify([token.collection, token.select, token.ids]);
}

/** Keeps the rows of the last few finished rounds, for rounds that replay them. */
function rememberRound(
  tenant: TenantState,
  token: DeltaToken & { readonly until: number },
  round: Round,
): void {
  const all = finishedRounds.get(tenant) ?? new Map<string, Map<number, readonly DeltaRow[]>>();
  finishedRounds.set(tenant, all);
  const perKey = all.get(roundKey(token)) ?? new Map<number, readonly DeltaRow[]>();
  all.set(roundKey(token), perKey);
  if (token.since !== token.until) {
    perKey.set(token.until, round.rows.slice(0, 1_000));
  }
}

function rowsOfRoundBefore(tenant: TenantState, token: DeltaToken): readonly DeltaRow[] {
  const perKey = finishedRounds.get(tenant)?.get(roundKey(token));
  return perKey?.get(token.since ?? -1) ?? [];
}

function head(
  context: RouteContext,
  name: DeltaCollection,
  token: DeltaToken,
): Readonly<Record<string, JsonValue>> {
  const names = token.select === null ? '' : `(${token.select.join(',')})`;
  const fragment = name === 'administrativeUnits' ? 'directory/administrativeUnits' : name;
  return { '@odata.context': contextUrl(context, `${fragment}${names}`) };
}

function link(
  context: RouteContext,
  name: DeltaCollection,
  parameter: string,
  token: DeltaToken,
): string {
  const sealed = sealDeltaToken({ ...token, issued: context.request.receivedAt });
  return `${linkBase(context)}${trackedCollections[name].path}?${parameter}=${sealed}`;
}

function nextLink(
  context: RouteContext,
  name: DeltaCollection,
  token: DeltaToken,
): Readonly<Record<string, JsonValue>> {
  return { '@odata.nextLink': link(context, name, '$skiptoken', token) };
}

function deltaLink(
  context: RouteContext,
  name: DeltaCollection,
  token: DeltaToken,
): Readonly<Record<string, JsonValue>> {
  return { '@odata.deltaLink': link(context, name, '$deltatoken', token) };
}
