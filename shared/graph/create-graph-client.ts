import { AuthenticationHandler, Client, type Middleware } from '@microsoft/microsoft-graph-client';
import { TokenCredentialAuthenticationProvider } from '@microsoft/microsoft-graph-client/authProviders/azureTokenCredentials/index.js';
import { BackupError } from '../errors/backup-error.ts';
import type { Clock } from '../model/clock.ts';
import type { Logger } from '../telemetry/logger.ts';
import { CountHandler } from './count-handler.ts';
import { type GraphCredential, RenewableCredential } from './credential.ts';
import { GraphClient } from './graph-client.ts';
import { GraphSender } from './graph-sender.ts';
import { LinkHandler } from './link-handler.ts';
import type { Network } from './network.ts';
import { QuotaKeeper } from './quota.ts';
import { QuotaHandler } from './quota-handler.ts';
import { RetryHandler } from './retry-handler.ts';
import { SignInTransport } from './sign-in-transport.ts';
import { GraphStatistics } from './statistics.ts';
import type { TokenBucketStore } from './token-bucket.ts';
import { TransportHandler } from './transport-handler.ts';

export interface GraphClientOptions {
  /** `https://graph.microsoft.com`: https, no path. */
  readonly graphUrl: string;
  /** `https://login.microsoftonline.com`. */
  readonly loginUrl: string;
  readonly tenantId: string;
  readonly clientId: string;
  readonly credential: GraphCredential;
  /** low for backups, normal for restores (`x-ms-throttle-priority`). */
  readonly priority: 'low' | 'normal';
  /** One store for all clients of the process. */
  readonly buckets: TokenBucketStore;
  /** One network for all clients of the process. */
  readonly network: Network;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Each try, in milliseconds; default 60,000. */
  readonly tryTimeoutMs?: number;
  /** 0 <= n < 1, for jitter; default Math.random. */
  readonly random?: () => number;
}

/**
 * A GraphClient over the Graph client's request builder and middleware chain: link, retry, token,
 * quota, count, transport. Throws settingsInvalid when a URL is not plain https.
 */
export function createGraphClient(options: GraphClientOptions): GraphClient {
  const origin = originOf(options.graphUrl, 'GRAPH_URL');
  const statistics = new GraphStatistics();
  const random = options.random ?? Math.random;
  const { clock, logger, priority } = options;
  const quota = new QuotaKeeper(options.tenantId, options.buckets, clock);
  const credential = new RenewableCredential({
    loginUrl: originOf(options.loginUrl, 'LOGIN_URL'),
    tenantId: options.tenantId,
    clientId: options.clientId,
    credential: options.credential,
    transport: new SignInTransport(options.network.dispatcher),
    clock,
  });
  const client = Client.initWithMiddleware({
    baseUrl: origin,
    customHosts: new Set([new URL(origin).hostname]),
    middleware: chain([
      new LinkHandler(origin),
      new RetryHandler({ quota, credential, clock, random }),
      authentication(credential, origin),
      new QuotaHandler(quota),
      new CountHandler(clock),
      new TransportHandler({
        dispatcher: options.network.dispatcher,
        origin,
        tryTimeoutMs: options.tryTimeoutMs ?? 60_000,
      }),
    ]),
  });
  return new GraphClient(
    new GraphSender({ client, origin, priority, clock, logger, statistics, quota, random }),
  );
}

function authentication(credential: RenewableCredential, origin: string): AuthenticationHandler {
  const scopes = [`${origin}/.default`];
  return new AuthenticationHandler(
    new TokenCredentialAuthenticationProvider(credential, { scopes }),
  );
}

function chain(handlers: readonly Middleware[]): Middleware {
  handlers.forEach((handler, index) => {
    const next = handlers[index + 1];
    if (next !== undefined) handler.setNext?.(next);
  });
  return handlers[0] as Middleware;
}

function originOf(url: string, setting: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const isPlain =
    parsed?.protocol === 'https:' && `${parsed.origin}/` === parsed.href && parsed.username === '';
  if (parsed !== undefined && isPlain) return parsed.origin;
  throw new BackupError(
    'settingsInvalid',
    `${setting} is not a plain https address without a path`,
  );
}
