/**
 * `POST /{tenant}/oauth2/v2.0/token`, client credentials flow.
 * https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
 */

import type { AccessTokenOptions } from './access-token.ts';
import { issueAccessToken } from './access-token.ts';
import type { AssertionReplays } from './client-assertion.ts';
import { verifyAssertion } from './client-assertion.ts';
import {
  disabledApplication,
  expiredSecret,
  missingCredential,
  missingParameter,
  SignInError,
  unknownApplication,
  wrongSecret,
} from './errors.ts';
import type { AppRegistration } from './registrations.ts';
import type { SignInRequest } from './sign-in.ts';

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const DEFAULT_SCOPE = '/.default';
/** Key Vault is known in every tenant; its tokens are worth nothing at Graph. */
const VAULT_RESOURCE = 'https://vault.azure.net';

export interface TokenRequestContext {
  readonly request: SignInRequest;
  readonly tenantId: string;
  readonly origin: string;
  readonly now: number;
  readonly tokens: AccessTokenOptions;
  readonly replays: AssertionReplays;
  readonly lifetimeSeconds?: number;
}

/** Returns the success body; throws SignInError for every refusal. */
export async function answerTokenRequest(context: TokenRequestContext): Promise<object> {
  const form = readForm(context.request);
  if (required(form, 'grant_type') !== 'client_credentials') {
    throw new SignInError(
      70003,
      'unsupported_grant_type',
      400,
      `The app requested an unsupported grant type '${form.get('grant_type')}'.`,
    );
  }
  const clientId = required(form, 'client_id');
  const app = context.tokens.registrations.find(context.tenantId, clientId);
  if (!app) throw unknownApplication(clientId, context.tenantId);
  if (!app.enabled) throw disabledApplication(app.appId, app.displayName);
  const credential = await checkCredential(form, app, context);
  const audience = readAudience(required(form, 'scope'), context);
  const { token, expiresIn } = issueAccessToken(
    context.tokens,
    app,
    { audience, credential, now: context.now },
    context.lifetimeSeconds,
  );
  return {
    token_type: 'Bearer',
    expires_in: expiresIn,
    ext_expires_in: expiresIn,
    access_token: token,
  };
}

function readForm(request: SignInRequest): URLSearchParams {
  if (request.method !== 'POST') {
    throw new SignInError(
      900561,
      'invalid_request',
      400,
      `The endpoint only accepts POST requests. Received a ${request.method} request.`,
    );
  }
  const type = request.headers.get('content-type') ?? '';
  const isForm = type.toLowerCase().startsWith('application/x-www-form-urlencoded');
  return new URLSearchParams(isForm ? request.bodyText : '');
}

function required(form: URLSearchParams, name: string): string {
  const value = form.get(name);
  if (!value) throw missingParameter(name);
  return value;
}

async function checkCredential(
  form: URLSearchParams,
  app: AppRegistration,
  context: TokenRequestContext,
): Promise<'secret' | 'certificate'> {
  const assertion = form.get('client_assertion');
  if (assertion) {
    if (form.get('client_assertion_type') !== ASSERTION_TYPE) {
      throw missingParameter('client_assertion_type');
    }
    const base = `${context.origin}/${context.tenantId}`.toLowerCase();
    const audiences = [`${base}/oauth2/v2.0/token`, `${base}/v2.0`, `${base}/oauth2/token`];
    await verifyAssertion(assertion, app, { audiences, now: context.now }, context.replays);
    return 'certificate';
  }
  const secret = form.get('client_secret');
  if (!secret) throw missingCredential();
  const match = app.secrets.find((known) => known.value === secret);
  if (!match) throw wrongSecret(app.appId);
  if (match.expires.getTime() <= context.now) throw expiredSecret(app.appId);
  return 'secret';
}

function readAudience(scope: string, context: TokenRequestContext): string {
  const [first = '', ...others] = scope
    .split(' ')
    .filter((part) => !['openid', 'profile', 'offline_access', ''].includes(part));
  if (others.length > 0 || !first.endsWith(DEFAULT_SCOPE)) {
    throw new SignInError(
      1002012,
      'invalid_scope',
      400,
      `The provided value for scope ${scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).`,
    );
  }
  const resource = first.slice(0, -DEFAULT_SCOPE.length);
  if (resource !== VAULT_RESOURCE && !context.tokens.isGraphAudience(resource)) {
    throw new SignInError(
      500011,
      'invalid_resource',
      400,
      `The resource principal named ${resource} was not found in the tenant named ${context.tenantId}. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You might have sent your authentication request to the wrong tenant.`,
    );
  }
  return resource;
}
