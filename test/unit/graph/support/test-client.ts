import {
  createGraphClient,
  type GraphClientOptions,
} from '../../../../shared/graph/create-graph-client.ts';
import type { GraphClient } from '../../../../shared/graph/graph-client.ts';
import { createNetwork, type Network } from '../../../../shared/graph/network.ts';
import { ProcessTokenBuckets } from '../../../../shared/graph/token-bucket.ts';
import type { Clock } from '../../../../shared/model/clock.ts';
import type { LogFields, Logger } from '../../../../shared/telemetry/logger.ts';
import { type GraphServer, testTenant } from './graph-server.ts';

/** A clock that moves when somebody sleeps, and remembers for how long. */
export class SteppingClock implements Clock {
  readonly sleeps: number[] = [];
  private time: number;

  constructor(start = Date.now()) {
    this.time = start;
  }

  now(): Date {
    return new Date(this.time);
  }

  async sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.sleeps.push(milliseconds);
    this.time += milliseconds;
  }
}

export class MemoryLogger implements Logger {
  readonly lines: { level: string; message: string; fields: LogFields }[] = [];
  debug = this.at('debug');
  info = this.at('info');
  warn = this.at('warn');
  error = this.at('error');

  private at(level: string) {
    return (message: string, fields: LogFields = {}): void => {
      this.lines.push({ level, message, fields });
    };
  }
}

export interface TestClient {
  readonly client: GraphClient;
  readonly clock: SteppingClock;
  readonly logger: MemoryLogger;
  readonly network: Network;
}

/** A client of `server` with a stepping clock and without jitter. */
export function clientOf(
  server: GraphServer,
  options: Partial<GraphClientOptions> = {},
): TestClient {
  const clock = new SteppingClock();
  const logger = new MemoryLogger();
  const network = options.network ?? networkOf(server);
  const client = createGraphClient({
    graphUrl: server.origin,
    loginUrl: server.origin,
    tenantId: testTenant,
    clientId: '99999999-2222-3333-4444-555555555555',
    credential: { kind: 'secret', value: 'canary-secret-value' },
    priority: 'low',
    buckets: new ProcessTokenBuckets(),
    network,
    clock,
    logger,
    tryTimeoutMs: 5_000,
    random: () => 0,
    ...options,
  });
  return { client, clock, logger, network };
}

const networks = new WeakMap<GraphServer, Network>();

/** One for all clients of a server: handshakes are what such tests would spend their time on. */
function networkOf(server: GraphServer): Network {
  const known = networks.get(server) ?? createNetwork({ extraCa: server.ca });
  networks.set(server, known);
  return known;
}
