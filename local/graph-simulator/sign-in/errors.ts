/**
 * Error answers of the token endpoint, as Entra words them.
 * https://learn.microsoft.com/entra/identity-platform/reference-error-codes
 */
import { randomUUID } from 'node:crypto';

/** A refusal by the token endpoint: `code` is the AADSTS number, `error` the OAuth 2.0 code. */
export class SignInError extends Error {
  readonly code: number;
  readonly error: string;
  readonly status: number;

  constructor(code: number, error: string, status: number, message: string) {
    super(message);
    this.code = code;
    this.error = error;
    this.status = status;
  }
}

export const missingParameter = (name: string): SignInError =>
  new SignInError(
    900144,
    'invalid_request',
    400,
    `The request body must contain the following parameter: '${name}'.`,
  );

export const unknownTenant = (tenant: string): SignInError =>
  isGuid(tenant)
    ? new SignInError(
        90002,
        'invalid_request',
        400,
        `Tenant '${tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.`,
      )
    : new SignInError(
        900023,
        'invalid_request',
        400,
        `Specified tenant identifier '${tenant}' is neither a valid DNS name, nor a valid external domain.`,
      );

export const unknownApplication = (clientId: string, tenant: string): SignInError =>
  new SignInError(
    700016,
    'unauthorized_client',
    400,
    `Application with identifier '${clientId}' was not found in the directory '${tenant}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.`,
  );

export const disabledApplication = (clientId: string, name: string): SignInError =>
  new SignInError(
    7000112,
    'unauthorized_client',
    400,
    `Application '${clientId}'(${name}) is disabled.`,
  );

export const wrongSecret = (clientId: string): SignInError =>
  new SignInError(
    7000215,
    'invalid_client',
    401,
    `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${clientId}'.`,
  );

export const expiredSecret = (clientId: string): SignInError =>
  new SignInError(
    7000222,
    'invalid_client',
    401,
    `The provided client secret keys for app '${clientId}' are expired. Visit the Azure portal to create new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: https://aka.ms/certCreds.`,
  );

export const missingCredential = (): SignInError =>
  new SignInError(
    7000216,
    'invalid_client',
    401,
    "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.",
  );

export const badAssertion = (reason: string): SignInError =>
  new SignInError(
    700027,
    'invalid_client',
    401,
    `Client assertion contains an invalid signature. [Reason - ${reason}]`,
  );

export const malformedAssertion = (detail: string): SignInError =>
  new SignInError(50027, 'invalid_request', 400, `JWT token is invalid or malformed. ${detail}`);

/** Turns a refusal into the JSON body of the token endpoint. */
export function errorBody(error: SignInError, correlationId: string, now: Date, host: string) {
  const traceId = randomUUID();
  const timestamp = `${now.toISOString().slice(0, 19).replace('T', ' ')}Z`;
  return {
    error: error.error,
    error_description:
      `AADSTS${error.code}: ${error.message} Trace ID: ${traceId} ` +
      `Correlation ID: ${correlationId} Timestamp: ${timestamp}`,
    error_codes: [error.code],
    timestamp,
    trace_id: traceId,
    correlation_id: correlationId,
    error_uri: `${host}/error?code=${error.code}`,
  };
}

/** True for a GUID in its 8-4-4-4-12 form. */
export function isGuid(value: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value);
}
