// One http answer, read to its end.
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { gunzipSync } from 'node:zlib';
import type { JsonObject } from '../../../local/graph-simulator/types.ts';

export type Answer = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body as JSON object; empty when there is none. */
  readonly body: Record<string, never> & JsonObject;
};

/** Throws when the connection breaks, or when what says it is JSON is none. */
export async function readAnswer(message: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) {
    chunks.push(chunk as Buffer);
  }
  const bytes = Buffer.concat(chunks);
  const { headers } = message;
  const plain = headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes;
  const text = plain.toString('utf8');
  const isJson = String(headers['content-type']).includes('json');
  const body = isJson && text !== '' ? (JSON.parse(text) as Answer['body']) : {};
  return { status: message.statusCode ?? 0, headers, text, body: body as Answer['body'] };
}
