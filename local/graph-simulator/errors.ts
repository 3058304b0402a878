// Errors in the shape Graph sends them. The texts are those of the documentation or of public
// reports; where none is known the text says plainly what was wrong with the request.
import type { JsonObject, JsonValue, SimulatorReply, SimulatorRequest } from './types.ts';

/** Thrown by handlers; the pipeline turns it into the reply. */
export class GraphFailure extends Error {
  readonly status: number;
  readonly code: string;
  readonly details: readonly JsonObject[] | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    message: string,
    more: { details?: readonly JsonObject[]; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message);
    this.name = 'GraphFailure';
    this.status = status;
    this.code = code;
    this.details = more.details;
    this.headers = more.headers ?? {};
  }
}

/** 400 `Request_BadRequest`, the code of the directory for anything wrong with a request. */
export function badRequest(message: string): GraphFailure {
  return new GraphFailure(400, 'Request_BadRequest', message);
}

/** 400 `Request_UnsupportedQuery`: a query the directory cannot answer. */
export function unsupportedQuery(message: string): GraphFailure {
  return new GraphFailure(400, 'Request_UnsupportedQuery', message);
}

/** 400 for a path that leads nowhere. */
export function unknownSegment(segment: string): GraphFailure {
  return new GraphFailure(400, 'BadRequest', `Resource not found for the segment '${segment}'.`);
}

/** 404 with the text seen in https://github.com/microsoftgraph/msgraph-sdk-java/issues/2575 */
export function notFound(id: string): GraphFailure {
  return new GraphFailure(
    404,
    'Request_ResourceNotFound',
    `Resource '${id}' does not exist or one of its queried reference-property objects are not present.`,
  );
}

/** 403 as in the batching documentation (concepts/json-batching.md). */
export function denied(
  message = 'Insufficient privileges to complete the operation.',
): GraphFailure {
  return new GraphFailure(403, 'Authorization_RequestDenied', message);
}

/** 400 for a value another object already holds. */
export function conflict(property: string): GraphFailure {
  return new GraphFailure(
    400,
    'Request_BadRequest',
    `Another object with the same value for property ${property} already exists.`,
    {
      details: [
        {
          code: 'ObjectConflict',
          message: `Another object with the same value for property ${property} already exists.`,
          target: property,
        },
      ],
    },
  );
}

export type ErrorContext = Pick<SimulatorRequest, 'id' | 'headers' | 'receivedAt'>;

/** `{error: {code, message, innerError}}` with the request ids and the service's date. */
export function errorBody(
  context: ErrorContext,
  code: string,
  message: string,
  details?: readonly JsonValue[],
): JsonObject {
  return {
    error: {
      code,
      message,
      ...(details === undefined ? {} : { details }),
      innerError: {
        date: new Date(context.receivedAt).toISOString().slice(0, 19),
        'request-id': context.id,
        'client-request-id': context.headers.get('client-request-id') ?? context.id,
      },
    },
  };
}

export function failureReply(context: ErrorContext, failure: GraphFailure): SimulatorReply {
  return {
    status: failure.status,
    headers: failure.headers,
    body: errorBody(context, failure.code, failure.message, failure.details),
  };
}
