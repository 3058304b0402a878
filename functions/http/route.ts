// The one wrapper of all routes. It verifies the caller, authorises by the role table, validates every
// parameter, opens the transaction, writes the audit event beside the act, maps errors and registers the
// route for the host and for OpenAPI. Handlers hold no other way in.
import {
  app,
  type HttpRequest,
  type HttpResponseInit,
  type InvocationContext,
} from '@azure/functions';
import * as df from 'durable-functions';
import type { z } from 'zod';
import type { OrchestrationClient } from '../durable/orchestration-client.ts';
import { services as processServices, type Services } from '../services.ts';
import { errorReply } from './error-reply.ts';
import { apiBase, finishedResponse, logFailure } from './response.ts';
import type {
  Exchange,
  ObjectSchema,
  Prepare,
  PublicContext,
  Reply,
  RequestContext,
  RouteDefinition,
  TenantContext,
} from './route-definition.ts';
import { answerRegistryRequest, answerTenantRequest } from './route-request.ts';

/** A route as it was registered: for the OpenAPI document and for tests. */
export interface Route {
  readonly definition: RouteDefinition;
  readonly scope: 'tenant' | 'registry' | 'public';
  /** Answers a request; never throws. */
  handle(
    request: HttpRequest,
    services: Services,
    client: OrchestrationClient,
    requestId: string,
  ): Promise<HttpResponseInit>;
}

const registered = new Map<string, Route>();

/** All routes, in order of registration. */
export function routes(): readonly Route[] {
  return [...registered.values()];
}

/** A route under `/tenants/{tenantId}`; the handler runs in a transaction of that tenant. */
export function defineRoute<
  Params extends ObjectSchema,
  Query extends ObjectSchema,
  Body extends z.ZodType,
  Prepared = undefined,
>(
  definition: RouteDefinition<Params, Query, Body>,
  handler: (
    context: TenantContext<z.output<Params>, z.output<Query>, z.output<Body>>,
    prepared: Prepared,
  ) => Promise<Reply>,
  prepare?: Prepare<Prepared>,
): Route {
  const run = handler as (context: unknown, prepared: unknown) => Promise<Reply>;
  return register(definition, 'tenant', (exchange) =>
    answerTenantRequest(exchange, definition, run, prepare),
  );
}

/** A route that belongs to no tenant or to several; the handler runs in a registry transaction. */
export function defineRegistryRoute<
  Params extends ObjectSchema,
  Query extends ObjectSchema,
  Body extends z.ZodType,
>(
  definition: RouteDefinition<Params, Query, Body>,
  handler: (
    context: RequestContext<z.output<Params>, z.output<Query>, z.output<Body>>,
  ) => Promise<Reply>,
): Route {
  const run = handler as (context: unknown) => Promise<Reply>;
  return register(definition, 'registry', (exchange) =>
    answerRegistryRequest(exchange, definition, run),
  );
}

/** A route without token and version. */
export function definePublicRoute(
  definition: RouteDefinition,
  handler: (context: PublicContext) => Promise<Reply>,
): Route {
  return register(definition, 'public', async ({ services, client, url }) =>
    handler({ services, client, now: services.clock.now(), baseUrl: apiBase(url) }),
  );
}

function register(
  definition: RouteDefinition,
  scope: Route['scope'],
  answer: (exchange: Exchange) => Promise<Reply>,
): Route {
  const { name, method, path } = definition;
  if (registered.has(name)) throw new TypeError(`route ${name} is defined twice`);
  const route: Route = {
    definition,
    scope,
    handle: async (request, services, client, requestId) => {
      const started = performance.now();
      const exchange = { request, services, client, requestId, url: new URL(request.url) };
      const reply = await answer(exchange).catch((error: unknown) => {
        logFailure(services.logger, name, requestId, error);
        return errorReply(error);
      });
      return finishedResponse(reply, { services, name, requestId, request, started });
    },
  };
  registered.set(name, route);
  app.http(name, {
    methods: [method],
    route: path.slice(1),
    authLevel: 'anonymous',
    extraInputs: [df.input.durableClient()],
    handler: (request: HttpRequest, context: InvocationContext) =>
      route.handle(request, processServices(), df.getClient(context), crypto.randomUUID()),
  });
  return route;
}
