// Error answers of the fault plan: statuses in Graph's shape, Retry-After in every form, HTML.
import type { SimulatorReply } from '../types.ts';
import type { RetryAfterShape } from './fault-schema.ts';

const codes: Readonly<Record<number, readonly [code: string, message: string]>> = {
  400: ['Request_BadRequest', 'The request is not valid.'],
  401: ['InvalidAuthenticationToken', 'Lifetime validation failed, the token is expired.'],
  403: ['Authorization_RequestDenied', 'Insufficient privileges to complete the operation.'],
  404: ['Request_ResourceNotFound', 'Resource does not exist.'],
  409: ['Conflict', 'The request conflicts with the state of the object.'],
  410: ['resyncRequired', 'Resync is required.'],
  412: ['PreconditionFailed', 'The precondition does not hold.'],
  423: ['Locked', 'The resource is locked.'],
  429: ['TooManyRequests', 'Too many requests.'],
  500: ['InternalServerError', 'Internal Server Error.'],
  501: ['NotImplemented', 'Not implemented.'],
  502: ['BadGateway', 'Bad Gateway.'],
  503: ['ServiceUnavailable', 'The service is temporarily unavailable.'],
  504: ['GatewayTimeout', 'Gateway Timeout.'],
  507: ['InsufficientStorage', 'The quota is exceeded.'],
};

/** An error in Graph's shape; code and message are the usual ones of the status unless given. */
export function errorReply(
  status: number,
  more: { code?: string | undefined; message?: string | undefined } = {},
  headers: Readonly<Record<string, string>> = {},
): SimulatorReply {
  const [code, message] = codes[status] ?? ['UnknownError', 'An error occurred.'];
  const error = { code: more.code ?? code, message: more.message ?? message };
  return { status, headers, body: { error } };
}

/** The Retry-After header of this shape; `seconds` from `now` (epoch milliseconds). */
export function retryAfterHeader(
  shape: RetryAfterShape,
  seconds: number,
  now: number,
): Readonly<Record<string, string>> {
  const values: Readonly<Record<RetryAfterShape, string | undefined>> = {
    integer: String(Math.ceil(seconds)),
    fraction: (seconds + 0.128).toFixed(3),
    date: new Date(now + seconds * 1000).toUTCString(),
    pastDate: new Date(now - 60_000).toUTCString(),
    absent: undefined,
    zero: '0',
    negative: '-5',
    huge: '86400000',
    garbage: 'soon',
  };
  const value = values[shape];
  return value === undefined ? {} : { 'retry-after': value };
}

/** What a proxy in front of the service answers. */
export function htmlReply(status: number): SimulatorReply {
  const content =
    '<!DOCTYPE html><html><head><title>Our services are not available right now</title></head>' +
    `<body><h1>Error ${status}</h1><p>We are working to restore all services.</p></body></html>`;
  return { status, headers: {}, text: { contentType: 'text/html; charset=utf-8', content } };
}
