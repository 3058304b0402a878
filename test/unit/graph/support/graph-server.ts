/**
 * A small https server that stands for Graph and for sign-in, for the behaviour of the transport:
 * each test says what is answered. What Graph itself would answer is the simulator's part.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ensureCertificates } from '../../../../local/graph-simulator/certificates.ts';

export const testTenant = '11111111-2222-3333-4444-555555555555';

export interface SeenRequest {
  readonly method: string;
  /** Path and query, byte for byte. */
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export type Answer = (request: SeenRequest, response: ServerResponse, socket: Socket) => void;

export interface GraphServer {
  readonly origin: string;
  readonly port: number;
  readonly ca: string;
  /** Graph requests, sign-in not counted. */
  readonly seen: SeenRequest[];
  /** Sign-in requests. */
  readonly signIns: SeenRequest[];
  /** Sockets opened so far. */
  connections(): number;
  /** Answers the next Graph requests in turn; the last answer goes on. */
  answer(...answers: Answer[]): void;
  /** Answers token requests; undefined brings the default back. */
  answerSignIn(answer: Answer | undefined): void;
  close(): Promise<void>;
}

export async function startGraphServer(): Promise<GraphServer> {
  const directory = await mkdtemp(join(tmpdir(), 'graph-server-'));
  const certificates = await ensureCertificates(directory);
  await rm(directory, { recursive: true });
  const seen: SeenRequest[] = [];
  const signIns: SeenRequest[] = [];
  const sockets = new Set<Socket>();
  let opened = 0;
  let queue: Answer[] = [];
  let signIn: Answer | undefined;
  const server = createServer({ cert: certificates.certificate, key: certificates.key });
  server.on('secureConnection', (socket) => {
    opened++;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
  });
  const answerFor = (request: SeenRequest): Answer => {
    if (/\/(oauth2|v2\.0)\//.test(request.url)) {
      if (request.method === 'POST') signIns.push(request);
      const own = request.method === 'POST' ? signIn : undefined;
      return own ?? standardSignIn(origin, signIns.length);
    }
    seen.push(request);
    const next = queue.length > 1 ? queue.shift() : queue[0];
    return next ?? json({ error: { code: 'NotScripted', message: '' } }, 400);
  };
  server.on('request', async (incoming, response) => {
    const request = await readRequest(incoming);
    answerFor(request)(request, response, incoming.socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const origin = `https://localhost:${port}`;
  return {
    origin,
    port,
    ca: certificates.ca,
    seen,
    signIns,
    connections: () => opened,
    answer: (...answers) => {
      queue = answers;
    },
    answerSignIn: (answer) => {
      signIn = answer;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function readRequest(incoming: IncomingMessage): Promise<SeenRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return {
    method: incoming.method ?? '',
    url: incoming.url ?? '',
    headers: incoming.headers,
    body: Buffer.concat(chunks).toString('utf8'),
  };
}

/** OpenID metadata and a token whose text counts the sign-ins. */
function standardSignIn(origin: string, count: number): Answer {
  return (request, response, socket) => {
    if (request.method === 'POST') {
      const token = { token_type: 'Bearer', expires_in: 3600, access_token: `token-${count}` };
      return json(token)(request, response, socket);
    }
    const base = `${origin}/${testTenant}`;
    json({
      issuer: `${base}/v2.0`,
      token_endpoint: `${base}/oauth2/v2.0/token`,
      authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
      jwks_uri: `${base}/discovery/v2.0/keys`,
    })(request, response, socket);
  };
}

/** JSON, compressed as Graph does. */
export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Answer {
  return text(JSON.stringify(body), status, { 'content-type': 'application/json', ...headers });
}

export function text(body: string, status: number, headers: Record<string, string>): Answer {
  return (_request, response) => {
    response.writeHead(status, { 'content-encoding': 'gzip', ...headers });
    response.end(gzipSync(body));
  };
}

/** Any text as the JSON body of a 200, uncompressed. */
export function raw(body: string | Buffer, headers: Record<string, string> = {}): Answer {
  return (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json; charset=utf-8', ...headers });
    response.end(body);
  };
}

export function graphError(
  status: number,
  code: string,
  headers: Record<string, string> = {},
  more: object = {},
): Answer {
  return json({ error: { code, message: 'secret name', ...more } }, status, headers);
}

export const reset: Answer = (_request, _response, socket) => {
  socket.destroy();
};

export const hang: Answer = () => undefined;
