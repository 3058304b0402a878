import type { IncomingMessage, ServerResponse } from 'node:http';

/** One request as the host's handlers see it, its body read. */
export interface HostRequest {
  method: string;
  /** Absolute, with the Host header's authority. */
  url: URL;
  /** As sent; still percent-encoded, without the query. */
  path: string;
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
 * @throws BodyTooLargeError
 */
export async function readRequest(incoming: IncomingMessage, limit: number): Promise<HostRequest> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(',') : value;
  }
  const target = incoming.url ?? '/';
  const host = headers['host'] ?? 'localhost';
  return {
    method: (incoming.method ?? 'GET').toUpperCase(),
    url: new URL(target.startsWith('/') ? `http://${host}${target}` : target),
    path: target.split('?', 1)[0] ?? '/',
    headers,
    body: await readBody(incoming, limit),
  };
}

export function sendResponse(outgoing: ServerResponse, response: HostResponse): void {
  outgoing.statusCode = response.status;
  for (const [name, value] of response.headers ?? []) outgoing.appendHeader(name, value);
  const body = Buffer.from(response.body ?? '');
  if (response.status !== 204 && response.status !== 304) {
    outgoing.setHeader('content-length', body.length);
  }
  outgoing.end(body);
}
