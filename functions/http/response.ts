import type { HttpRequest, HttpResponseInit } from '@azure/functions';
import { BackupError } from '../../shared/errors/backup-error.ts';
import { errorCatalog } from '../../shared/errors/catalog.ts';
import type { LogFields, Logger } from '../../shared/telemetry/logger.ts';
import type { Services } from '../services.ts';
import { InvalidRequest } from './error-reply.ts';
import { bodyText } from './repeatability.ts';
import { BytesBody, type Reply } from './route-definition.ts';

const securityHeaders: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'x-content-type-options': 'nosniff',
};

/** Address of the app with its prefix (host.json: `api`). */
export function apiBase(url: URL): string {
  return `${url.origin}/api`;
}

/** The response of the host: body written, headers of every answer added, one line logged. */
export function finishedResponse(
  reply: Reply,
  exchange: {
    readonly services: Services;
    readonly name: string;
    readonly requestId: string;
    readonly request: HttpRequest;
    readonly started: number;
  },
): HttpResponseInit {
  const { services, name, requestId, request, started } = exchange;
  const body = reply.body instanceof BytesBody ? reply.body.bytes : bodyText(reply);
  const durationMs = Math.round(performance.now() - started);
  // The platform records every request by itself: this is for looking closer.
  services.logger.debug('request answered', {
    route: name,
    requestId,
    status: reply.status,
    durationMs,
  });
  return {
    status: reply.status,
    headers: {
      ...securityHeaders,
      ...(body === undefined ? {} : { 'content-type': 'application/json; charset=utf-8' }),
      ...reply.headers,
      'x-ms-request-id': requestId,
      ...clientRequestId(request),
    },
    ...(body === undefined ? {} : { body }),
  };
}

function clientRequestId(request: HttpRequest): Record<string, string> {
  const id = request.headers.get('x-ms-client-request-id') ?? '';
  return /^[\w-]{1,64}$/.test(id) ? { 'x-ms-client-request-id': id } : {};
}

/** What is our fault, or that of something we depend on, is logged; a wrong request is not. */
export function logFailure(logger: Logger, route: string, requestId: string, error: unknown): void {
  if (error instanceof InvalidRequest) return;
  if (error instanceof BackupError && errorCatalog[error.code].status < 500) return;
  const fields = error instanceof BackupError ? codesOf(error) : frameOf(error);
  logger.error('request failed', { route, requestId, ...fields });
}

function codesOf(error: BackupError): LogFields {
  const cause = error.cause instanceof Error ? error.cause.name : undefined;
  return { code: error.code, ...(cause === undefined ? {} : { reason: cause }) };
}

/** Name and place of an unexpected error; its message may quote data. */
function frameOf(error: unknown): LogFields {
  if (!(error instanceof Error)) return { reason: typeof error };
  const place = /\((?:file:\/\/)?[^()]*\/([\w.-]+:\d+):\d+\)/.exec(error.stack ?? '')?.[1];
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return { reason: error.name, innerCode: code, component: place ?? '' };
}
