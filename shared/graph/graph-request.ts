import { BackupError } from '../errors/backup-error.ts';
import type { JsonObject, JsonValue } from '../json/json-value.ts';
import type { GraphService } from './token-bucket.ts';

/** One Graph request without host: what to read or write, not how. */
export interface GraphRequest {
  /** `/users/{id}/manager`, built with the odata tag; without a query. */
  readonly path: string;
  readonly apiVersion: 'v1.0' | 'beta';
  /** Whose quota it uses. */
  readonly service: GraphService;
  /** `$select: 'id,displayName'`; raw values, encoded by the client. */
  readonly query?: Readonly<Record<string, string>>;
  /** Sent on every page. */
  readonly headers?: Readonly<Record<string, string>>;
  /** True for the few lists whose items have no `id` (partners by tenant id, for example). */
  readonly itemsWithoutId?: boolean;
}

export interface GraphWrite extends GraphRequest {
  readonly method: 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  readonly body?: JsonValue;
}

export interface GraphWriteReply {
  /** 200, 201, 202 or 204; 204 as well for a repeated DELETE that found nothing left. */
  readonly status: number;
  readonly body?: JsonObject;
  readonly requestId?: string;
  /** Of the try that was answered. */
  readonly clientRequestId: string;
}

export interface QuarantinedItem {
  /** Absent when the item has no readable id. */
  readonly id?: string;
  /** `duplicateKey`, `tooDeep`, `tooLarge`, `notAnObject` or `noId`. */
  readonly reason: string;
}

export interface GraphPage {
  readonly items: readonly JsonObject[];
  /** Items that are valid JSON but must not be stored; the others of the page are good. */
  readonly quarantined: readonly QuarantinedItem[];
  readonly nextLink?: string;
  readonly deltaLink?: string;
  /** Before the request that was answered left. */
  readonly startedAt: Date;
  /** `@odata.count`, on the first page only. */
  readonly count?: number;
}

/** A page whose items stay bytes: logs are kept exactly as they were sent. */
export interface RawPage {
  /** Each item as it was sent; views into the answer. */
  readonly items: readonly Buffer[];
  readonly nextLink?: string;
  /** Before the request that was answered left. */
  readonly startedAt: Date;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** End of the slice: instead of waiting past it, graphThrottled with details.retryAfterMs. */
  readonly deadline?: Date;
  /** Most tries, 10 by default. Being throttled does not count below 10. */
  readonly tries?: number;
  /** Each try, in milliseconds, instead of what the client was made with. */
  readonly tryTimeoutMs?: number;
}

/** `/users?$select=id`: path and query as they go into a URL behind the version. */
export function relativeUrl(request: GraphRequest): string {
  if (!/^\/[^?#\s\\]*$/.test(request.path)) {
    throw new BackupError('invalidState', 'a graph path must start with / and carry no query');
  }
  const query = Object.entries(request.query ?? {}).map(
    ([name, value]) => `${name}=${encodeQueryValue(value)}`,
  );
  return query.length === 0 ? request.path : `${request.path}?${query.join('&')}`;
}

/**
 * Percent-encodes a query value. The Graph client would split at `&` and cut at `#`; characters
 * that RFC 3986 allows in a query stay readable.
 */
function encodeQueryValue(value: string): string {
  return encodeURIComponent(value.toWellFormed()).replace(/%(2C|24|3A|3D|3B|2F)/g, (code) =>
    decodeURIComponent(code),
  );
}
