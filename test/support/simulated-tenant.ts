// A simulated tenant and a repository beside it, with a backup that runs in this process.
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SeedPlan } from '../../local/graph-simulator/seed/seed-tenant.ts';
import { type Simulator, startSimulator } from '../../local/graph-simulator/server.ts';
import { permissionLists } from '../../shared/catalog/derive.ts';
import { createGraphClient } from '../../shared/graph/create-graph-client.ts';
import { createNetwork } from '../../shared/graph/network.ts';
import { ProcessTokenBuckets } from '../../shared/graph/token-bucket.ts';
import { systemClock } from '../../shared/model/clock.ts';
import type { BackupContext } from '../../shared/tenant-backup/backup-context.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { testContext, testTenant } from './run-backup.ts';

export interface SimulatedTenant {
  readonly simulator: Simulator;
  readonly db: TestDatabase;
  readonly tenantId: string;
  readonly tenantNo: number;
  make(): BackupContext;
  close(): Promise<void>;
}

const clientId = '7f9a3c1e-0000-4000-8000-00000000bbbb';
const secret = 'only-for-tests';

export async function startSimulatedTenant(
  seed: SeedPlan,
  permissions: readonly string[] = permissionLists().read,
): Promise<SimulatedTenant> {
  const stateDir = await mkdtemp(join(tmpdir(), 'backup-'));
  const simulator = await startSimulator({ stateDir });
  const tenantId = randomUUID();
  await simulator.control.createTenant({
    tenantId,
    seed,
    registrations: [
      { appId: clientId, secrets: [{ value: secret }], permissions: [...permissions] },
    ],
  });
  const db = await createTestDatabase();
  const network = createNetwork({ extraCa: simulator.ca });
  const buckets = new ProcessTokenBuckets();
  const tenantNo = await db.addTenant(tenantId);
  const tenant = testTenant(tenantNo, tenantId);
  const graph = () =>
    createGraphClient({
      graphUrl: simulator.origin,
      loginUrl: simulator.origin,
      tenantId,
      clientId,
      credential: { kind: 'secret', value: secret },
      priority: 'low',
      buckets,
      network,
      clock: systemClock,
      logger: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    });
  return {
    simulator,
    db,
    tenantId,
    tenantNo,
    make: () => testContext(db, tenant, graph()),
    close: async () => {
      await db.drop();
      await network.close();
      await simulator.close();
      await rm(stateDir, { recursive: true, force: true });
    },
  };
}
