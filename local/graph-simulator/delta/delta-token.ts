// What a delta or next link of a delta round holds, and when it is refused.
// https://learn.microsoft.com/graph/delta-query-overview
import { badRequest, GraphFailure } from '../errors.ts';
import { openToken, sealToken } from '../page-token.ts';
import type { RouteContext } from '../routes/route-context.ts';
import type { TenantSettings } from '../tenant/tenant-settings.ts';

export type DeltaCollection = 'users' | 'groups' | 'administrativeUnits';

export type DeltaToken = {
  readonly kind: 'delta';
  readonly tenantId: string;
  readonly collection: DeltaCollection;
  readonly select: readonly string[] | null;
  readonly ids: readonly string[] | null;
  /** Changes after this number are in the round; null for a first round of everything. */
  readonly since: number | null;
  /** Set within a round: it ends with this change. */
  readonly until: number | null;
  /** Page of the round this link leads to, from 1. */
  readonly page: number;
  readonly issued: number;
};

export function sealDeltaToken(token: DeltaToken): string {
  return sealToken(token);
}

export type ExpiredForm = TenantSettings['expiredDeltaTokenForm'];

/** The three ways the service says "synchronise again". */
export function expiredToken(context: RouteContext, form: ExpiredForm): GraphFailure {
  const { origin, version, path } = context.request;
  if (form === 'syncStateNotFound') {
    return new GraphFailure(
      400,
      'syncStateNotFound',
      'The sync state generation is not found. The delta token is expired and data must be synchronized again.',
    );
  }
  return form === 'gone'
    ? new GraphFailure(410, 'syncStateInvalid', 'The sync state is no longer valid.', {
        headers: { location: `${origin}/${version}${path}?$deltatoken=` },
      })
    : new GraphFailure(
        410,
        'resyncRequired',
        'Resync required. The delta token is no longer valid, and the app must reset the sync state.',
      );
}

/** The token of this request, checked; undefined when a first round is asked for. */
export function readDeltaToken(
  context: RouteContext,
  collection: DeltaCollection,
): DeltaToken | undefined {
  const { request, tenant, pageFaults } = context;
  const text = request.query.get('$skiptoken') ?? request.query.get('$deltatoken');
  if (text === undefined || text === '' || text === 'latest') {
    return undefined;
  }
  if (request.query.size > 1) {
    throw badRequest('Query options cannot be added to a delta or next link.');
  }
  const fault = pageFaults.find((candidate) => candidate.kind === 'expiredDeltaToken');
  if (fault !== undefined) {
    throw expiredToken(context, fault.form);
  }
  const token = openToken(text) as DeltaToken | undefined;
  if (token === undefined) {
    throw expiredToken(context, tenant.settings.expiredDeltaTokenForm);
  }
  if (
    token.kind !== 'delta' ||
    token.tenantId !== tenant.tenantId ||
    token.collection !== collection
  ) {
    throw badRequest('Badly formed token.');
  }
  if (request.receivedAt - token.issued > tenant.settings.deltaTokenLifetimeMilliseconds) {
    throw expiredToken(context, tenant.settings.expiredDeltaTokenForm);
  }
  return token;
}
