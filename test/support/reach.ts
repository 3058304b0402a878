import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';

export interface Download {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly bytes: Buffer;
}

/** One request on a connection of its own: a kept one may die while its process is frozen. */
export async function reach(
  url: string,
  init: { method: string; headers?: Readonly<Record<string, string>>; body?: string },
): Promise<Download & { readonly text: string }> {
  const { method, headers = {}, body } = init;
  const request = httpRequest(url, { method, headers, agent: false, timeout: 60_000 });
  request.once('timeout', () => request.destroy(new Error(`${method} ${url} takes too long`)));
  const answered = once(request, 'response') as Promise<[IncomingMessage]>;
  request.end(body);
  const [response] = await answered;
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  const { statusCode: status = 0, headers: received } = response;
  return { status, headers: received, bytes, text: bytes.toString('utf8') };
}
