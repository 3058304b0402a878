// Calls the routes as the host does, over a real database and with real signed tokens, without a host:
// for the cases that are many. What only a host can show is in test/end-to-end.
import { HttpRequest, type HttpResponseInit } from '@azure/functions';
import { createLocalJWKSet, exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { OrchestrationClient } from '../../functions/durable/orchestration-client.ts';
import { type Route, routes } from '../../functions/http/route.ts';
import { createTokenVerifier } from '../../functions/http/token-verifier.ts';
import { createServices, type Services } from '../../functions/services.ts';
import type { Clock } from '../../shared/model/clock.ts';
import type { Database } from '../../shared/repository/database.ts';
import { readSettings } from '../../shared/settings/settings.ts';
import type { LogLine } from '../../shared/telemetry/logger.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import '../../functions/http/health.ts';
import '../../functions/http/operations.ts';
import '../../functions/http/access.ts';
import '../../functions/http/audit-events.ts';
import '../../functions/http/tenants.ts';
import '../../functions/http/connection-test.ts';
import '../../functions/http/copies.ts';
import '../../functions/http/coverage.ts';
import '../../functions/http/backups.ts';
import '../../functions/http/log-backups.ts';
import '../../functions/http/logs.ts';
import '../../functions/http/log-search.ts';
import '../../functions/http/log-restores.ts';
import '../../functions/http/log-exports.ts';
import '../../functions/http/sessions.ts';
import '../../functions/http/restore-points.ts';
import '../../functions/http/objects.ts';
import '../../functions/http/links.ts';
import '../../functions/http/history.ts';
import '../../functions/http/comparisons.ts';
import '../../functions/http/verifications.ts';
import '../../functions/http/log-repairs.ts';
import '../../functions/http/restore-plans.ts';
import '../../functions/http/plan-decisions.ts';
import '../../functions/http/restores.ts';
import '../../functions/http/restore-control.ts';
import '../../functions/http/identity-map.ts';

export const apiTenantId = '0a0a0a0a-1111-4222-8333-444444444444';
export const audience = '5b5b5b5b-1111-4222-8333-444444444444';
export const loginUrl = 'https://login.contoso.example';
export const administrator = 'ad000000-0000-4000-8000-000000000001';

const keys = await generateKeyPair('RS256', { extractable: true });
export const signingKey = keys.privateKey;
const jwk = { ...(await exportJWK(keys.publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' };

export interface Who {
  readonly oid?: string;
  readonly roles?: readonly string[];
  readonly groups?: readonly string[];
}

export class TestClock implements Clock {
  time = new Date('2026-11-24T09:00:00.000Z');
  now(): Date {
    return this.time;
  }
  async sleep(): Promise<void> {}
  advance(milliseconds: number): void {
    this.time = new Date(this.time.getTime() + milliseconds);
  }
}

/** Claims of a good token; `changes` spoil it. */
export function claimsOf(clock: Clock, who: Who, changes: Record<string, unknown> = {}) {
  const now = Math.floor(clock.now().getTime() / 1000);
  return {
    iss: `${loginUrl}/${apiTenantId}/v2.0`,
    aud: audience,
    tid: apiTenantId,
    oid: who.oid ?? administrator,
    ver: '2.0',
    iat: now,
    nbf: now,
    exp: now + 3600,
    roles: who.roles ?? ['Backup.Admin'],
    ...(who.groups ? { groups: who.groups } : {}),
    ...changes,
  };
}

export async function sign(claims: Record<string, unknown>): Promise<string> {
  return await new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'k1' }).sign(signingKey);
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly text: string;
}

export interface CallOptions {
  readonly who?: Who;
  /** Instead of a good token: the whole Authorization header, or null for none. */
  readonly authorization?: string | null;
  readonly body?: unknown;
  readonly rawBody?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  readonly apiVersion?: string | null;
}

/** An orchestration client that notes what it is asked and keeps instances by id. */
export class RecordingClient {
  readonly instances = new Map<string, { runtimeStatus: string; input: unknown }>();
  readonly started: { name: string; instanceId: string; input: unknown }[] = [];
  fails = false;

  asClient(): OrchestrationClient {
    return this as unknown as OrchestrationClient;
  }

  async startNew(name: string, options: { instanceId: string; input: unknown }): Promise<string> {
    if (this.fails) throw new Error('the host does not answer');
    if (this.instances.get(options.instanceId)?.runtimeStatus === 'Running') {
      throw new Error('An Orchestration instance with the status Running already exists.');
    }
    this.started.push({ name, ...options });
    this.instances.set(options.instanceId, { runtimeStatus: 'Running', input: options.input });
    return options.instanceId;
  }

  readonly terminated: string[] = [];

  async getStatusBy(): Promise<unknown[]> {
    return [...this.instances]
      .map(([instanceId, instance]) => ({ instanceId, ...instance }))
      .filter(({ runtimeStatus }) => runtimeStatus === 'Running');
  }

  async terminate(instanceId: string): Promise<void> {
    this.terminated.push(instanceId);
    const instance = this.instances.get(instanceId);
    if (instance !== undefined) instance.runtimeStatus = 'Terminated';
  }

  async getStatus(instanceId: string): Promise<unknown> {
    if (this.fails) throw new Error('the host does not answer');
    const instance = this.instances.get(instanceId);
    if (instance === undefined) {
      throw new Error('DurableClient error: Durable Functions extension replied with HTTP 404');
    }
    return instance;
  }
}

export interface TestApi {
  readonly services: Services;
  readonly clock: TestClock;
  readonly client: RecordingClient;
  readonly lines: LogLine[];
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
}

/** `more`: settings besides those that are required. */
export function createTestApi(
  database: Database,
  more: Readonly<Record<string, string>> = {},
): TestApi {
  const clock = new TestClock();
  const client = new RecordingClient();
  const lines: LogLine[] = [];
  const settings = readSettings({
    POSTGRES_URL: 'postgres://unused@localhost:1/unused',
    REPOSITORY_KEY: 'https://vault.contoso.example/keys/repository',
    API_TENANT_IDS: apiTenantId,
    API_AUDIENCE: audience,
    INITIAL_ADMINISTRATORS: administrator,
    LOGIN_URL: loginUrl,
    GRAPH_URL: 'https://graph.contoso.example',
    ...more,
  });
  const services = createServices(settings, {
    database,
    clock,
    logger: createLogger((line) => lines.push(line), clock),
    tokens: createTokenVerifier({
      tenantIds: settings.api.tenantIds,
      audience,
      loginUrl,
      clock,
      keysOf: () => createLocalJWKSet({ keys: [jwk] }),
    }),
  });
  return {
    services,
    clock,
    client,
    lines,
    call: async (method, path, options = {}) => {
      const url = urlOf(path, options);
      const { route, params } = findRoute(method, url.pathname.replace(/^\/api/, ''));
      const token = await authorizationOf(clock, options);
      const request = requestOf(method, url, params, token, options);
      const id = crypto.randomUUID();
      return answerOf(await route.handle(request, services, client.asClient(), id));
    },
  };
}

function urlOf(path: string, { apiVersion }: CallOptions): URL {
  const base = path.startsWith('http') ? '' : 'https://backup.contoso.example/api';
  const url = new URL(`${base}${path}`);
  if (apiVersion === null || url.searchParams.has('api-version')) return url;
  url.searchParams.set('api-version', apiVersion ?? '2026-11-01');
  return url;
}

async function authorizationOf(clock: Clock, options: CallOptions): Promise<string | null> {
  if (options.authorization !== undefined) return options.authorization;
  return `Bearer ${await sign(claimsOf(clock, options.who ?? {}))}`;
}

function requestOf(
  method: string,
  url: URL,
  params: Record<string, string>,
  authorization: string | null,
  options: CallOptions,
): HttpRequest {
  const json = options.body === undefined ? '' : JSON.stringify(options.body);
  const bytes = Buffer.from(options.rawBody ?? json);
  return new HttpRequest({
    method,
    url: url.href,
    params,
    headers: {
      ...(authorization === null ? {} : { authorization }),
      ...(bytes.length === 0 ? {} : { 'content-type': 'application/json' }),
      ...options.headers,
    },
    ...(bytes.length === 0 ? {} : { body: { bytes } }),
  });
}

/** Finds the route of a path, preferring literal segments as the host does. */
export function findRoute(
  method: string,
  path: string,
): { route: Route; params: Record<string, string> } {
  const candidates = routes().filter((route) => route.definition.method === method);
  const matches = candidates.flatMap((route) => {
    const names = [...route.definition.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '');
    const pattern = route.definition.path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '([^/]+)');
    const found = new RegExp(`^${pattern}$`).exec(path);
    if (found === null) return [];
    const params = Object.fromEntries(
      names.map((name, index) => [name, decodeURIComponent(found[index + 1] ?? '')]),
    );
    return [{ route, params }];
  });
  const best = matches.sort(
    (a, b) => Object.keys(a.params).length - Object.keys(b.params).length,
  )[0];
  if (best === undefined) throw new Error(`no route for ${method} ${path}`);
  return best;
}

function answerOf(response: HttpResponseInit): Answer {
  const text = typeof response.body === 'string' ? response.body : '';
  return {
    status: response.status ?? 200,
    headers: response.headers as Record<string, string>,
    text,
    body: text === '' ? undefined : (JSON.parse(text) as unknown),
  };
}

/** Code of an error answer. */
export function codeOf(answer: Answer): string {
  const body = answer.body as { error?: { code?: string } } | undefined;
  return body?.error?.code ?? '';
}
