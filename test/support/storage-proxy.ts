import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ProxyRules {
  /** Answers instead of the service, or leaves the request to it. */
  readonly before?: (asked: IncomingMessage) => Promise<ProxyAnswer | undefined>;
  /** True: the service has done it, but its answer gets lost on the way. */
  readonly losesAnswer?: (asked: IncomingMessage) => boolean;
}

export interface ProxyAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface StorageProxy {
  /** The connection string with the endpoint of the proxy. */
  readonly connectionString: string;
  /** Requests that came, `PUT blocklist` or `GET`. */
  readonly seen: string[];
  close(): Promise<void>;
}

/** A proxy in front of one service of `connectionString`; signatures do not cover the host. */
export async function startStorageProxy(
  connectionString: string,
  rules: ProxyRules,
  service: 'Blob' | 'Table' = 'Blob',
): Promise<StorageProxy> {
  const target = new URL(
    new RegExp(`${service}Endpoint=([^;]+)`).exec(connectionString)?.[1] ?? '',
  );
  const seen: string[] = [];
  const server = createServer((asked, answer) => {
    const comp = new URL(asked.url ?? '', target).searchParams.get('comp') ?? '';
    seen.push(`${asked.method} ${comp}`.trim());
    handle(asked, answer, target, rules).catch((error: unknown) =>
      answer.destroy(error instanceof Error ? error : undefined),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const own = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    connectionString: connectionString.replace(target.origin, own),
    seen,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function handle(
  asked: IncomingMessage,
  answer: ServerResponse,
  target: URL,
  rules: ProxyRules,
): Promise<void> {
  const refusal = await rules.before?.(asked);
  if (refusal !== undefined) {
    asked.resume();
    await once(asked, 'end');
    answer
      .writeHead(refusal.status, refusal.headers)
      .end(asked.method === 'HEAD' ? undefined : refusal.body);
    return;
  }
  const forward = request(new URL(asked.url ?? '', target), {
    ...(asked.method === undefined ? {} : { method: asked.method }),
    headers: asked.headers,
  });
  asked.pipe(forward);
  const [given] = (await once(forward, 'response')) as [IncomingMessage];
  if (rules.losesAnswer?.(asked) === true) {
    given.resume();
    await once(given, 'end');
    asked.socket.destroy();
    return;
  }
  answer.writeHead(given.statusCode ?? 502, given.headers);
  given.pipe(answer);
}
