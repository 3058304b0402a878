/**
 * The sign-in half of the simulator: an OpenID Connect authority for GUID tenants that works with
 * the unmodified credentials of @azure/identity. It knows app registrations and nothing of
 * directory objects; it issues and checks tokens and answers no Graph request.
 */

import type { CheckCaller, Clock } from '../types.ts';
import type { AccessTokenOptions } from './access-token.ts';
import { accessTokenCheck, GRAPH_APP_ID } from './access-token.ts';
import { AssertionReplays } from './client-assertion.ts';
import { errorBody, isGuid, SignInError, unknownTenant } from './errors.ts';
import { Registrations } from './registrations.ts';
import { ensureSigningKey } from './signing-key.ts';
import { answerTokenRequest } from './token-endpoint.ts';
import type { UserTokenRequest } from './user-token.ts';
import { issueUserToken } from './user-token.ts';

export interface SignInOptions {
  readonly stateDir: string;
  readonly clock: Clock;
  /** Scheme, host and port of this process: `https://localhost:8443`. Asked on each use. */
  readonly origin: () => string;
  /** Life of access tokens in seconds instead of the usual random 60 to 90 minutes. */
  readonly tokenLifetimeSeconds?: number;
}

export interface SignInRequest {
  readonly method: string;
  /** Path without the query: `/{tenant}/oauth2/v2.0/token`. */
  readonly path: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly bodyText: string;
}

/** `body` is sent as JSON. */
export interface SignInReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: object;
}

export interface SignIn {
  readonly registrations: Registrations;
  /** The check of Graph requests. */
  readonly checkCaller: CheckCaller;
  /** Answers a request to the authority; `undefined` when the path is not one of its own. */
  handle(request: SignInRequest): Promise<SignInReply | undefined>;
  /** A token of a person for the product's API. */
  issueUserToken(request: UserTokenRequest): string;
  /** Changes the life of tokens issued from now on; `undefined` = random 60 to 90 minutes. */
  setTokenLifetime(seconds: number | undefined): void;
}

/** Creates the authority; its signing key lives in `stateDir`. */
export async function createSignIn(options: SignInOptions): Promise<SignIn> {
  const now = () => options.clock.now();
  const registrations = new Registrations(now);
  const key = await ensureSigningKey(options.stateDir);
  const issuer = (tenantId: string) => `${options.origin()}/${tenantId.toLowerCase()}/v2.0`;
  const tokens: AccessTokenOptions = {
    key,
    registrations,
    issuer,
    isGraphAudience: (audience) => graphAudiences(options.origin()).has(audience),
  };
  const replays = new AssertionReplays();
  let lifetimeSeconds = options.tokenLifetimeSeconds;

  return {
    registrations,
    checkCaller: accessTokenCheck(tokens),
    issueUserToken: (request) => issueUserToken({ key, issuer }, request, now()),
    setTokenLifetime: (seconds) => {
      lifetimeSeconds = seconds;
    },
    handle: async (request) => {
      const endpoint = matchEndpoint(request.path);
      if (!endpoint) return undefined;
      return answer(request, options.origin(), now(), async () => {
        if (!registrations.hasTenant(endpoint.tenant)) throw unknownTenant(endpoint.tenant);
        const tenantId = endpoint.tenant.toLowerCase();
        if (endpoint.kind === 'configuration') return configuration(options.origin(), tenantId);
        if (endpoint.kind === 'keys') return { keys: [key.jwk] };
        return answerTokenRequest({
          request,
          tenantId,
          origin: options.origin(),
          now: now(),
          tokens,
          replays,
          ...(lifetimeSeconds === undefined ? {} : { lifetimeSeconds }),
        });
      });
    },
  };
}

type Endpoint = { kind: 'configuration' | 'keys' | 'token'; tenant: string };

function matchEndpoint(path: string): Endpoint | undefined {
  const match =
    /^\/([^/]+)\/(v2\.0\/\.well-known\/openid-configuration|discovery\/v2\.0\/keys|oauth2\/v2\.0\/token)$/.exec(
      path,
    );
  const [, tenant, rest] = match ?? [];
  if (!tenant || !rest) return undefined;
  if (rest.endsWith('token')) return { kind: 'token', tenant };
  return { kind: rest.endsWith('keys') ? 'keys' : 'configuration', tenant };
}

async function answer(
  request: SignInRequest,
  origin: string,
  now: number,
  work: () => Promise<object>,
): Promise<SignInReply> {
  const sent = request.headers.get('client-request-id');
  const correlationId = sent && isGuid(sent) ? sent : crypto.randomUUID();
  const headers = {
    'cache-control': 'no-store, no-cache',
    'x-ms-request-id': crypto.randomUUID(),
    'client-request-id': correlationId,
  };
  try {
    return { status: 200, headers, body: await work() };
  } catch (error) {
    if (!(error instanceof SignInError)) throw error;
    const body = errorBody(error, correlationId, new Date(now), origin);
    return { status: error.status, headers, body };
  }
}

/** https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc */
function configuration(origin: string, tenantId: string): object {
  const base = `${origin}/${tenantId}`;
  return {
    token_endpoint: `${base}/oauth2/v2.0/token`,
    token_endpoint_auth_methods_supported: [
      'client_secret_post',
      'private_key_jwt',
      'client_secret_basic',
    ],
    jwks_uri: `${base}/discovery/v2.0/keys`,
    response_modes_supported: ['query', 'fragment', 'form_post'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    response_types_supported: ['code', 'id_token', 'code id_token', 'id_token token'],
    scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
    issuer: `${base}/v2.0`,
    authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
    device_authorization_endpoint: `${base}/oauth2/v2.0/devicecode`,
    tenant_region_scope: 'EU',
    cloud_instance_name: new URL(origin).host,
    cloud_graph_host_name: new URL(origin).host,
    msgraph_host: new URL(origin).host,
  };
}

/** Names under which this Graph may be asked for; the hosts of the clouds stand for it too. */
function graphAudiences(origin: string): ReadonlySet<string> {
  return new Set([
    origin,
    `${origin}/`,
    GRAPH_APP_ID,
    'https://graph.microsoft.com',
    'https://graph.microsoft.com/',
    'https://graph.microsoft.us',
    'https://dod-graph.microsoft.us',
    'https://microsoftgraph.chinacloudapi.cn',
  ]);
}
