import type { IncomingMessage, ServerResponse } from 'node:http';
import { type RequestTarget, readTarget } from './request-target.ts';

/** One request as the host's handlers see it, its body read. */
export interface HostRequest extends RequestTarget {
  method: string;
  headers: Record<string, string>;
  body: Buffer;
}

/** An answer; without `body` it is empty and has no content type of its own. */
export interface HostResponse {
  status: number;
  headers?: [string, string][];
  body?: Buffer | string;
}

export function jsonResponse(
  status: number,
  value: unknown,
  headers: [string, string][] = [],
): HostResponse {
  const type: [string, string] = ['content-type', 'application/json; charset=utf-8'];
  return { status, headers: [type, ...headers], body: JSON.stringify(value) };
}

/** 404 without a body: how the real host answers whatever it does not know. */
export const NOT_FOUND: HostResponse = { status: 404 };

/** The request was larger than allowed. */
export class BodyTooLargeError extends Error {
  override name = 'BodyTooLargeError';
}

// Not `for await`: leaving that loop would cut the connection before the 413 is sent.
function readBody(incoming: IncomingMessage, limit: number): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const chunks: Buffer[] = [];
  let size = 0;
  incoming.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= limit) chunks.push(chunk);
    else reject(new BodyTooLargeError());
  });
  incoming.once('end', () => resolve(Buffer.concat(chunks)));
  incoming.once('error', reject);
  incoming.once('close', () => reject(new Error('the caller closed the connection')));
  if (Number(incoming.headers['content-length'] ?? 0) > limit) reject(new BodyTooLargeError());
  return promise;
}

/**
 * Reads a request to its end.
 * @param limit largest body in bytes
 * @throws BodyTooLargeError, BadRequestError
 */
export async function readRequest(incoming: IncomingMessage, limit: number): Promise<HostRequest> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(',') : value;
  }
  return {
    ...readTarget(incoming.url ?? '/', headers['host'] ?? 'localhost'),
    method: (incoming.method ?? 'GET').toUpperCase(),
    headers,
    body: await readBody(incoming, limit),
  };
}

// How an answer is carried is the server's business; an app that passes on the headers of another
// answer would otherwise describe a body that it does not send.
const CARRIAGE = new Set(['content-length', 'transfer-encoding', 'connection', 'keep-alive']);

export function sendResponse(outgoing: ServerResponse, response: HostResponse): void {
  outgoing.statusCode = response.status;
  for (const [name, value] of response.headers ?? []) {
    if (!CARRIAGE.has(name.toLowerCase())) outgoing.appendHeader(name, value);
  }
  const body = Buffer.from(response.body ?? '');
  if (response.status !== 204 && response.status !== 304) {
    outgoing.setHeader('content-length', body.length);
  }
  outgoing.end(body);
}
