// What happens to a request between the host and a handler, in this order: token, version, tenant and
// role, parameters and body, transaction with act and audit event.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { addAuditEvent } from '../../shared/repository/audit-events.ts';
import type { Database, Transaction } from '../../shared/repository/database.ts';
import { sharedKey } from '../../shared/repository/shared-keys.ts';
import { findTenant } from '../../shared/repository/tenants.ts';
import { startOverdueJobs } from '../durable/overdue-check.ts';
import {
  accessOf,
  neededRoles,
  noSuchTenant,
  requireRole,
  requireRoleSomewhere,
} from './authorise.ts';
import { type Access, isVisible, rightsIn } from './caller.ts';
import { openPosition, sealPosition } from './next-link.ts';
import { recordingRefusals } from './refusals.ts';
import { once, type Repeatability, repeatabilityOf } from './repeatability.ts';
import { bodyOf, checkApiVersion, invalid, parsed, queryOf, tenantIdOf } from './request-input.ts';
import { apiBase } from './response.ts';
import type {
  Exchange,
  Prepare,
  Reply,
  RequestContext,
  RouteDefinition,
} from './route-definition.ts';

type Context = RequestContext<unknown, unknown, unknown>;
type Run = (context: unknown, prepared: unknown) => Promise<Reply>;
const nothing = z.strictObject({});
const DEFAULT_TOP = 100;

export async function answerTenantRequest(
  exchange: Exchange,
  definition: RouteDefinition,
  run: Run,
  prepare: Prepare<unknown> | undefined,
): Promise<Reply> {
  const { services, request, url } = exchange;
  const caller = await services.tokens.verify(request.headers.get('authorization'));
  checkApiVersion(url);
  const tenantId = tenantIdOf(request.params);
  await services.verifyRepository();
  const { access, tenant, linkKey } = await services.database.withRegistry(async (tx) => ({
    access: await accessOf(tx, caller, services.settings.api.initialAdministrators),
    tenant: await findTenant(tx, tenantId),
    linkKey: await linkKeyOf(services.database, tx),
  }));
  const reply = await recordingRefusals(exchange, definition, access, tenant, async () => {
    if (!tenant || !isVisible(access, tenant.tenantNo)) throw noSuchTenant(tenant);
    const rights = rightsIn(access, tenant.tenantNo);
    requireRole(rights.roles, neededRoles(definition));
    const { tenantId: _tenant, ...params } = request.params;
    const input = await inputOf(exchange, definition, access, params);
    const reader = readerOf(exchange, definition, { linkKey, ...input });
    const prepared = await prepare?.({ services, tenant, ...parametersOf(input), ...reader });
    return await services.database.withTenant(tenant.tenantNo, (tx) =>
      once(tx, input.repeatability, async () => {
        const context = contextOf(exchange, definition, { tx, access, linkKey, ...input });
        const answer = await run({ ...context, tenant, rights }, prepared);
        await writeAudit(context, exchange, definition, answer, tenant);
        return answer;
      }),
    );
  });
  await runAfterCommit(exchange, definition, reply);
  return reply;
}

export async function answerRegistryRequest(
  exchange: Exchange,
  definition: RouteDefinition,
  run: Run,
): Promise<Reply> {
  const { services, request, url } = exchange;
  const caller = await services.tokens.verify(request.headers.get('authorization'));
  checkApiVersion(url);
  await services.verifyRepository();
  const { access, linkKey } = await services.database.withRegistry(async (tx) => ({
    access: await accessOf(tx, caller, services.settings.api.initialAdministrators),
    linkKey: await linkKeyOf(services.database, tx),
  }));
  const reply = await recordingRefusals(exchange, definition, access, undefined, async () => {
    requireRoleSomewhere(definition, access);
    const input = await inputOf(exchange, definition, access, request.params);
    return await services.database.withRegistry((tx) =>
      once(tx, input.repeatability, async () => {
        const context = contextOf(exchange, definition, { tx, access, linkKey, ...input });
        const answer = await run(context, undefined);
        await writeAudit(context, exchange, definition, answer, answer.about ?? { tenantNo: 0 });
        return answer;
      }),
    );
  });
  await runAfterCommit(exchange, definition, reply);
  return reply;
}

const linkKeys = new WeakMap<Database, Buffer>();

async function linkKeyOf(database: Database, tx: Transaction): Promise<Buffer> {
  const known = linkKeys.get(database) ?? (await sharedKey(tx, 'nextLink'));
  linkKeys.set(database, known);
  return known;
}

function parametersOf({ params, query, body }: Input): Pick<Input, 'params' | 'query' | 'body'> {
  return { params, query, body };
}

interface Input {
  readonly params: unknown;
  readonly query: Readonly<Record<string, unknown>>;
  readonly body: unknown;
  readonly repeatability: Repeatability | undefined;
  /** Names the list with its filters and its reader: what a position belongs to. */
  readonly list: string;
}

async function inputOf(
  { request, url, services }: Exchange,
  definition: RouteDefinition,
  access: Access,
  rawParams: Readonly<Record<string, string>>,
): Promise<Input> {
  const params = parsed(definition.params ?? nothing, rawParams, 'path');
  const rawQuery = queryOf(url);
  const query = parsed(definition.query ?? nothing, rawQuery, 'query');
  const rawBody = await bodyOf(request, definition.maxBodyBytes);
  const body = bodyOfRoute(definition, rawBody);
  const { skipToken: _token, top: _top, ...filters } = rawQuery;
  const what = JSON.stringify([definition.method, url.pathname, filters, rawBody]);
  const principalId = access.caller.objectId;
  const isRepeatable = definition.method === 'POST' && definition.act !== undefined;
  return {
    params,
    query,
    body,
    repeatability: isRepeatable
      ? repeatabilityOf(request.headers, services.clock.now(), { principalId, request: what })
      : undefined,
    list: createHash('sha256').update(`${principalId} ${what}`).digest('hex'),
  };
}

function bodyOfRoute(definition: RouteDefinition, body: unknown): unknown {
  if (definition.body === undefined) {
    if (body === undefined) return undefined;
    throw invalid('is not taken by this request', 'body');
  }
  if (body !== undefined) return parsed(definition.body, body, 'body');
  if (definition.bodyOptional) return parsed(definition.body, {}, 'body');
  throw invalid('is missing', 'body');
}

interface Parts extends Input {
  readonly tx: Transaction;
  readonly access: Access;
  readonly linkKey: Buffer;
}

/** What a request says besides its parameters and its body. */
function readerOf(
  { services, request }: Exchange,
  definition: RouteDefinition,
  parts: Omit<Parts, 'tx' | 'access'>,
): Pick<Context, 'header' | 'top' | 'position'> {
  return {
    header: (name) => request.headers.get(name) ?? undefined,
    top: topOf(parts),
    position: (schema) => {
      const token = parts.query['skipToken'];
      if (typeof token !== 'string') return undefined;
      const list = `${definition.name} ${parts.list}`;
      const now = services.clock.now();
      return parsed(schema, openPosition(parts.linkKey, list, token, now), 'skipToken');
    },
  };
}

function contextOf(exchange: Exchange, definition: RouteDefinition, parts: Parts): Context {
  const { services, url, requestId, client } = exchange;
  const now = services.clock.now();
  return {
    services,
    tx: parts.tx,
    access: parts.access,
    params: parts.params,
    query: parts.query,
    body: parts.body,
    client,
    requestId,
    now,
    baseUrl: apiBase(url),
    ...readerOf(exchange, definition, parts),
    page: (value, next) => {
      if (next === undefined) return { status: 200, body: { value } };
      const list = `${definition.name} ${parts.list}`;
      const link = new URL(url);
      link.searchParams.set('skipToken', sealPosition(parts.linkKey, list, next, now));
      return { status: 200, body: { value, nextLink: link.href } };
    },
  };
}

function topOf({ query, body }: Input): number {
  if (typeof query['top'] === 'number') return query['top'];
  const inBody = typeof body === 'object' && body !== null && 'top' in body ? body.top : undefined;
  return typeof inBody === 'number' ? inBody : DEFAULT_TOP;
}

/** One event per act, and one per answer that shows values: who has seen what stays known. */
async function writeAudit(
  context: Context,
  exchange: Exchange,
  definition: RouteDefinition,
  reply: Reply,
  tenant: { readonly tenantNo: number; readonly tenantId?: string },
): Promise<void> {
  if (definition.act === undefined && reply.valuesShown === undefined) return;
  const { body, access, tx } = context;
  const reason = typeof body === 'object' && body !== null && 'reason' in body ? body.reason : '';
  await addAuditEvent(tx, {
    tenantNo: tenant.tenantNo,
    ...(tenant.tenantId === undefined ? {} : { tenantId: tenant.tenantId }),
    principalId: access.caller.objectId,
    roles: access.caller.roles,
    action: definition.act ?? 'values.read',
    target: exchange.url.pathname,
    ...(typeof reason === 'string' && reason !== '' ? { reason } : {}),
    detail: reply.audit ?? { route: definition.name, ...reply.valuesShown },
    requestId: exchange.requestId,
  });
}

/** The act is committed: what follows only hurries it, and the minute timer does it otherwise. */
async function runAfterCommit(
  { services, requestId, client }: Exchange,
  definition: RouteDefinition,
  reply: Reply,
): Promise<void> {
  try {
    await reply.afterCommit?.();
    await startOverdueJobs(services, client);
  } catch (error) {
    services.logger.warn('left to the timer', {
      route: definition.name,
      requestId,
      reason: error instanceof Error ? error.name : typeof error,
    });
  }
}
