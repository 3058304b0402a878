/** The simulator with one seeded tenant, and clients of the product for it. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApplicationCertificate } from '../../../local/graph-simulator/certificates.ts';
import {
  readerPermissions,
  restorerPermissions,
} from '../../../local/graph-simulator/permissions.ts';
import type { SeedPlan } from '../../../local/graph-simulator/seed/seed-tenant.ts';
import { type Simulator, startSimulator } from '../../../local/graph-simulator/server.ts';
import {
  createGraphClient,
  type GraphClientOptions,
} from '../../../shared/graph/create-graph-client.ts';
import type { GraphClient } from '../../../shared/graph/graph-client.ts';
import type { GraphRequest } from '../../../shared/graph/graph-request.ts';
import { createNetwork, type Network } from '../../../shared/graph/network.ts';
import { ProcessTokenBuckets } from '../../../shared/graph/token-bucket.ts';
import { MemoryLogger, SteppingClock } from '../../unit/graph/support/test-client.ts';

export const reader = 'aaaaaaaa-1111-4000-8000-000000000001';
export const restorer = 'aaaaaaaa-1111-4000-8000-000000000002';
export const readerSecret = 'canary-reader-secret';
const restorerSecret = 'canary-restorer-secret';

export interface GraphTenant {
  readonly simulator: Simulator;
  readonly tenantId: string;
  /** PEM of the reader's certificate with its key. */
  readonly certificatePem: string;
  readonly network: Network;
  /** A reader whose waits take no time, unless options say otherwise. */
  client(options?: Partial<GraphClientOptions>): GraphClient;
  restorer(): GraphClient;
  /** Ids of a whole listing. */
  ids(request: GraphRequest, client?: GraphClient): Promise<string[]>;
  close(): Promise<void>;
}

export async function startGraphTenant(seed: SeedPlan): Promise<GraphTenant> {
  const stateDir = await mkdtemp(join(tmpdir(), 'graph-tenant-'));
  const simulator = await startSimulator({ stateDir });
  const tenantId = randomUUID();
  const { certificate, key } = await createApplicationCertificate('backup');
  await simulator.control.createTenant({
    tenantId,
    seed,
    registrations: [
      {
        appId: reader,
        secrets: [{ value: readerSecret }],
        certificates: [certificate],
        permissions: readerPermissions,
      },
      { appId: restorer, secrets: [{ value: restorerSecret }], permissions: restorerPermissions },
    ],
  });
  const network = createNetwork({ extraCa: simulator.ca });
  const clientWith = (options: Partial<GraphClientOptions>): GraphClient =>
    createGraphClient({
      graphUrl: simulator.origin,
      loginUrl: simulator.origin,
      tenantId,
      clientId: reader,
      credential: { kind: 'secret', value: readerSecret },
      priority: 'low',
      buckets: new ProcessTokenBuckets(),
      network,
      clock: new SteppingClock(),
      logger: new MemoryLogger(),
      tryTimeoutMs: 1_500,
      ...options,
    });
  const standard = clientWith({});
  return {
    simulator,
    tenantId,
    certificatePem: `${key}\n${certificate}`,
    network,
    client: (options = {}) => clientWith(options),
    restorer: () =>
      clientWith({
        clientId: restorer,
        credential: { kind: 'secret', value: restorerSecret },
        priority: 'normal',
      }),
    ids: async (request, client = standard) => {
      const ids: string[] = [];
      for await (const page of client.pages(request)) {
        for (const item of page.items) ids.push(String(item['id']));
      }
      return ids.sort();
    },
    close: async () => {
      await network.close();
      await simulator.close();
      await rm(stateDir, { recursive: true });
    },
  };
}
