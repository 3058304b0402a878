// The whole application in this process: functions host, simulator and database, with the people of
// the local stack. Restores wait shorter than they would.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type FunctionsHost, startFunctionsHost } from '../../local/functions-host/host.ts';
import type { SeedPlan } from '../../local/graph-simulator/seed/seed-tenant.ts';
import { type Simulator, startSimulator } from '../../local/graph-simulator/server.ts';
import { ApiClient, type OperationView } from '../../local/stack/api-client.ts';
import { registerSampleTenant } from '../../local/stack/first-backup.ts';
import {
  objectIdOfPerson,
  type Person,
  registerApps,
  sampleTenant,
} from '../../local/stack/sample-tenant.ts';
import type { ApplyContext } from '../../shared/restore/steps/step-context.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

export interface Application {
  readonly simulator: Simulator;
  readonly db: TestDatabase;
  readonly api: ApiClient;
  readonly host: FunctionsHost;
  /** Path of the tenant in the API. */
  readonly tenant: string;
  /** Lets the apps of the product into another tenant of the simulator. */
  registerIn(tenantId: string): Promise<void>;
  /** Waits until an operation has ended, however it ended. */
  settled(operationId: string): Promise<OperationView>;
  /** Starts an operation and waits for its end. */
  run(person: Person, path: string, body: unknown): Promise<OperationView>;
  close(): Promise<void>;
}

export async function startApplication(
  seed: SeedPlan,
  failpoint?: ApplyContext['failpoint'],
): Promise<Application> {
  const folder = await mkdtemp(join(tmpdir(), 'application-'));
  const simulator = await startSimulator({ stateDir: folder });
  const { tenantId } = sampleTenant;
  await simulator.control.createTenant({ tenantId, seed });
  const secrets = {
    backup: randomBytes(12).toString('hex'),
    restore: randomBytes(12).toString('hex'),
  };
  await registerApps(simulator.control, secrets);
  const db = await createTestDatabase();
  await writeFile(join(folder, 'repository-key'), randomBytes(32));
  Object.assign(process.env, {
    TASKHUB_NAME: 'EntraBackup',
    FUNCTIONS_WORKER_RUNTIME: 'node',
    POSTGRES_URL: db.appUrl,
    GRAPH_URL: simulator.origin,
    LOGIN_URL: simulator.origin,
    EXTRA_CA_FILE: simulator.caFile,
    BACKUP_CLIENT_ID: sampleTenant.backupClientId,
    BACKUP_CREDENTIAL: 'secret:TEST_BACKUP_SECRET',
    TEST_BACKUP_SECRET: secrets.backup,
    RESTORE_CLIENT_ID: sampleTenant.restoreClientId,
    RESTORE_CREDENTIAL: 'secret:TEST_RESTORE_SECRET',
    TEST_RESTORE_SECRET: secrets.restore,
    REPOSITORY_KEY: join(folder, 'repository-key'),
    RESTORE_SECRETS: join(folder, 'restore-secrets'),
    API_TENANT_IDS: tenantId,
    API_AUDIENCE: sampleTenant.audience,
    INITIAL_ADMINISTRATORS: objectIdOfPerson('admin'),
  });
  const { useRestoreLimits } = await import('../../functions/restore-limits.ts');
  useRestoreLimits(
    { searchMs: 2_000, freshMs: 20_000, lagMs: 2_000, visibleMs: 20_000, pauseMs: 200 },
    failpoint,
  );
  const host = await startFunctionsHost({
    directory: resolve(import.meta.dirname, '../..'),
    port: 0,
    hub: join(folder, 'hub.sqlite'),
    register: async () => await import('../../functions/main.ts'),
    log: () => undefined,
  });
  const api = new ApiClient(host.url, simulator.control);
  await registerSampleTenant(api);
  const tenant = `/api/tenants/${tenantId}`;
  return {
    simulator,
    db,
    api,
    host,
    tenant,
    settled: async (id) => await ended(api, { id }),
    registerIn: async (other) => await registerApps(simulator.control, secrets, other),
    run: async (person: Person, path: string, body: unknown) =>
      await ended(api, await api.call<OperationView>(person, 'POST', `${tenant}${path}`, body)),
    close: async () => {
      await host.stop();
      const { services } = await import('../../functions/services.ts');
      await services().close();
      await db.drop();
      await simulator.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Waits until an operation has ended, however it ended. */
export async function ended(
  api: ApiClient,
  started: Pick<OperationView, 'id'>,
): Promise<OperationView> {
  const end = Date.now() + 240_000;
  while (Date.now() < end) {
    const now = await api.call<OperationView>('admin', 'GET', `/api/operations/${started.id}`);
    if (['succeeded', 'failed', 'canceled'].includes(now.status)) return now;
    await sleep(250);
  }
  throw new Error(`operation ${started.id} did not end`);
}
