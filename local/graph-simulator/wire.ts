// Bytes in and out: reading bodies, rendering and compressing answers, and the faults of the wire.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gunzipSync, gzip } from 'node:zlib';
import { resetConnection } from './raw-sockets.ts';
import type { SimulatorReply, WireFault } from './types.ts';

const compress = promisify(gzip);
const maximumBody = 4 * 1024 * 1024;
const smallestCompressed = 1_000;

/** The whole body as text; undefined when it is larger than the service takes. */
export async function readBody(message: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of message) {
    const bytes = chunk as Buffer;
    length += bytes.length;
    if (length > maximumBody) {
      return undefined;
    }
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

export type Rendered = {
  /** Compressed already when `plainLength` is there. */
  readonly bytes: Buffer;
  readonly contentType: string | undefined;
  readonly plainLength?: number;
};

/** Length of the body before compression. */
export function bodyLength({ bytes, plainLength }: Rendered): number {
  return plainLength ?? bytes.length;
}

/** The reply with its body as plain bytes, for whoever wants to look into it. */
export function unpacked(reply: SimulatorReply): SimulatorReply {
  if (reply.packed === undefined) {
    return reply;
  }
  const { packed, ...rest } = reply;
  return { ...rest, body: gunzipSync(packed.gzip) };
}

const jsonType =
  'application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8';

export function renderReply(reply: SimulatorReply): Rendered {
  if (reply.text !== undefined) {
    return { bytes: Buffer.from(reply.text.content), contentType: reply.text.contentType };
  }
  if (reply.packed !== undefined) {
    const { gzip: bytes, plainLength } = reply.packed;
    return { bytes, contentType: jsonType, plainLength };
  }
  if (reply.body === undefined) {
    return { bytes: Buffer.alloc(0), contentType: undefined };
  }
  const bytes = Buffer.isBuffer(reply.body) ? reply.body : Buffer.from(JSON.stringify(reply.body));
  return { bytes, contentType: jsonType };
}

/** Compressed copies of rendered pages that are kept for benchmarks. */
const compressedCopies = new WeakMap<Buffer, Buffer>();

async function compressOnce(bytes: Buffer): Promise<Buffer> {
  const known = compressedCopies.get(bytes);
  if (known !== undefined) {
    return known;
  }
  const compressed = await compress(bytes, { level: 1 });
  compressedCopies.set(bytes, compressed);
  return compressed;
}

/** Sends the reply, unless the fault has other plans for it. */
export async function send(
  message: IncomingMessage,
  response: ServerResponse,
  reply: SimulatorReply,
  rendered: Rendered,
  fault: WireFault | undefined,
): Promise<void> {
  if (fault?.kind === 'hang' || fault?.kind === 'delay') {
    await waitUnlessClosed(response, fault.milliseconds);
    if (fault.kind === 'hang') {
      response.destroy();
      return;
    }
  }
  if (fault?.kind === 'reset' && fault.when === 'beforeHeaders') {
    resetConnection(message.socket);
    return;
  }
  const accepts = String(message.headers['accept-encoding'] ?? '');
  const takesGzip = /\bgzip\b/.test(accepts);
  const isCompressed = takesGzip && bodyLength(rendered) >= smallestCompressed;
  const body = await bodyFor(rendered, isCompressed);
  response.statusCode = reply.status;
  for (const [name, value] of Object.entries(reply.headers)) {
    response.setHeader(name, value);
  }
  if (rendered.contentType !== undefined) {
    response.setHeader('content-type', rendered.contentType);
  }
  if (isCompressed) {
    response.setHeader('content-encoding', 'gzip');
    response.setHeader('vary', 'Accept-Encoding');
  }
  await sendBody(message, response, body, fault);
}

async function bodyFor({ bytes, plainLength }: Rendered, compressed: boolean): Promise<Buffer> {
  if (plainLength !== undefined) {
    return compressed ? bytes : gunzipSync(bytes);
  }
  return compressed ? await compressOnce(bytes) : bytes;
}

/** A caller that gives up must not keep the simulator from stopping. */
async function waitUnlessClosed(response: ServerResponse, milliseconds: number): Promise<void> {
  const closed = new AbortController();
  response.once('close', () => closed.abort());
  await delay(milliseconds, undefined, { signal: closed.signal }).catch(() => undefined);
}

async function sendBody(
  message: IncomingMessage,
  response: ServerResponse,
  body: Buffer,
  fault: WireFault | undefined,
): Promise<void> {
  if (fault?.kind === 'reset') {
    response.setHeader('content-length', body.length);
    response.write(body.subarray(0, Math.floor(body.length / 2)));
    await delay(20);
    resetConnection(message.socket);
  } else if (fault?.kind === 'truncate') {
    // The whole length is announced, the connection ends in good order before it is reached.
    response.setHeader('content-length', body.length);
    response.write(body.subarray(0, Math.min(fault.keepBytes, body.length - 1)));
    message.socket.destroySoon();
  } else if (fault?.kind === 'slowDrip') {
    await drip(response, body, fault.bytesPerSecond);
  } else {
    if (response.statusCode !== 204) {
      response.setHeader('content-length', body.length);
    }
    response.end(body);
  }
}

async function drip(response: ServerResponse, body: Buffer, perSecond: number): Promise<void> {
  const step = Math.max(1, Math.floor(perSecond / 10));
  for (let at = 0; at < body.length && !response.destroyed; at += step) {
    response.write(body.subarray(at, at + step));
    await delay(100);
  }
  response.end();
}
