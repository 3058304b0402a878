import { gunzipSync } from 'node:zlib';
import type { Dispatcher } from 'undici';
import { BackupError } from '../errors/backup-error.ts';

export interface HttpRequest {
  readonly origin: string;
  /** Path and query, sent byte for byte. */
  readonly path: string;
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Limit of the body, before and after decompression. */
  readonly maximumBytes: number;
  /** The whole exchange, in milliseconds. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

export interface HttpReply {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Decompressed. */
  readonly body: Buffer;
  readonly bytesReceived: number;
}

/**
 * One request and its whole answer, without redirects. Throws what the network threw; an answer
 * that is too large or badly compressed is a BackupError graphBadAnswer.
 */
export async function exchange(dispatcher: Dispatcher, request: HttpRequest): Promise<HttpReply> {
  const timeout = AbortSignal.timeout(request.timeoutMs);
  const signal =
    request.signal === undefined ? timeout : AbortSignal.any([request.signal, timeout]);
  const reply = await dispatcher.request({
    origin: request.origin,
    path: request.path,
    method: request.method,
    headers: { 'accept-encoding': 'gzip', ...request.headers },
    body: request.body ?? null,
    signal,
  });
  const headers = flatten(reply.headers);
  const received = await readBody(reply.body, request.maximumBytes);
  return {
    status: reply.statusCode,
    headers,
    body: decompress(received, headers['content-encoding'], request.maximumBytes),
    bytesReceived: received.length,
  };
}

async function readBody(body: Dispatcher.ResponseData['body'], limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    length += chunk.length;
    // Leaving the loop destroys the stream, so the rest is not downloaded.
    if (length > limit) throw tooLarge(limit);
    chunks.push(chunk);
  }
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, length);
}

/** Synchronous on purpose: twice as fast for a page as the stream, at a few milliseconds each. */
function decompress(body: Buffer, encoding: string | undefined, limit: number): Buffer {
  if (encoding === undefined || encoding === '' || encoding === 'identity') return body;
  if (encoding !== 'gzip') {
    throw new BackupError('graphBadAnswer', 'the answer is compressed in a way nobody asked for', {
      details: { defect: 'encoding' },
    });
  }
  if (body.length === 0) return body;
  try {
    const chunkSize = expectedLength(body, limit);
    return gunzipSync(body, { maxOutputLength: limit, chunkSize });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(limit);
    throw new BackupError('graphBadAnswer', 'the compressed answer is damaged or cut', {
      cause,
      details: { defect: 'truncated' },
    });
  }
}

/**
 * A gzip stream ends with its length (RFC 1952): one piece of that size saves joining hundreds of
 * small ones. Only a hint, so it is kept within bounds.
 */
function expectedLength(body: Buffer, limit: number): number {
  const announced = body.length < 4 ? 0 : body.readUInt32LE(body.length - 4);
  return Math.min(Math.max(announced + 1, 16_384), limit, 8 * 1024 * 1024);
}

function tooLarge(limit: number): BackupError {
  return new BackupError('graphBadAnswer', `the answer is larger than ${limit} bytes`, {
    details: { defect: 'tooLarge', limit },
  });
}

function flatten(headers: Dispatcher.ResponseData['headers']): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined)
      flat[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}
