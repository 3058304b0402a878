/**
 * What a measurement of the backup works on: the simulator in a process of its own with one seeded
 * tenant, a PostgreSQL of its own that really syncs, and clients of the product for both.
 */
import { randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ControlClient } from '../../local/graph-simulator/control/client.ts';
import { spawnSimulator } from '../../local/graph-simulator/control/spawn.ts';
import { readerPermissions } from '../../local/graph-simulator/permissions.ts';
import type { SeedPlan } from '../../local/graph-simulator/seed/seed-tenant.ts';
import { databaseUrl, startPostgres } from '../../local/postgres.ts';
import { removePostgres } from '../../local/postgres-folders.ts';
import { createGraphClient } from '../../shared/graph/create-graph-client.ts';
import type { GraphClient } from '../../shared/graph/graph-client.ts';
import { createNetwork } from '../../shared/graph/network.ts';
import { ProcessTokenBuckets } from '../../shared/graph/token-bucket.ts';
import { systemClock } from '../../shared/model/clock.ts';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { statementSettings } from './statements.ts';

export const readerId = 'aaaaaaaa-1111-4000-8000-000000000001';
export const readerSecret = 'only-for-benchmarks';

export interface MeasuredTenant {
  readonly tenantId: string;
  readonly origin: string;
  readonly ca: string;
  readonly control: ControlClient;
  readonly db: TestDatabase;
  /** The database as superuser, for a yardstick. */
  readonly superUrl: string;
  /** A new client with full quotas, as the first of its day. */
  graph(): Promise<GraphClient>;
  close(): Promise<void>;
}

export async function startMeasuredTenant(
  seed: SeedPlan,
  options: { readonly prerender?: boolean } = {},
): Promise<MeasuredTenant> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  chmodSync(folder, 0o755);
  const simulator = await spawnSimulator({ stateDir: join(folder, 'simulator') });
  const tenantId = randomUUID();
  await simulator.control.createTenant({
    tenantId,
    seed,
    prerender: options.prerender ?? false,
    registrations: [
      { appId: readerId, secrets: [{ value: readerSecret }], permissions: readerPermissions },
    ],
  });
  const dataDir = join(folder, 'postgres');
  const postgres = await startPostgres({ dataDir, settings: statementSettings });
  const db = await createTestDatabase(postgres);
  const network = createNetwork({ extraCa: simulator.ca });
  return {
    tenantId,
    origin: simulator.origin,
    ca: simulator.ca,
    control: simulator.control,
    db,
    superUrl: databaseUrl(postgres.superUrl, new URL(db.appUrl).pathname.slice(1)),
    graph: async () => {
      const client = createGraphClient({
        graphUrl: simulator.origin,
        loginUrl: simulator.origin,
        tenantId,
        clientId: readerId,
        credential: { kind: 'secret', value: readerSecret },
        priority: 'low',
        buckets: new ProcessTokenBuckets(),
        network,
        clock: systemClock,
        logger: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
      });
      await client.setTenantUsers(seed.users);
      return client;
    },
    close: async () => {
      await db.drop();
      await network.close();
      await simulator.stop();
      await postgres.stop();
      removePostgres(dataDir);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
