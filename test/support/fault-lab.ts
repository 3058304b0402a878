// One simulator and one repository for many small tenants whose Graph misbehaves. Waits of the product
// take no time, pages are small, and a backup that gives up is undone as the orchestration undoes it.
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ControlClient, NewTenant } from '../../local/graph-simulator/control/client.ts';
import { spawnSimulator } from '../../local/graph-simulator/control/spawn.ts';
import { type Simulator, startSimulator } from '../../local/graph-simulator/server.ts';
import { permissionLists } from '../../shared/catalog/derive.ts';
import { objectTypes } from '../../shared/catalog/index.ts';
import type { ObjectType } from '../../shared/catalog/object-type.ts';
import { type BackupError, isBackupError } from '../../shared/errors/backup-error.ts';
import { createGraphClient } from '../../shared/graph/create-graph-client.ts';
import type { GraphClient } from '../../shared/graph/graph-client.ts';
import { createNetwork, type Network } from '../../shared/graph/network.ts';
import { ProcessTokenBuckets } from '../../shared/graph/token-bucket.ts';
import type { Clock } from '../../shared/model/clock.ts';
import type { Tenant } from '../../shared/model/tenant.ts';
import { cleanSessions, releaseLease } from '../../shared/tenant-backup/abandon-session.ts';
import type { BackupContext } from '../../shared/tenant-backup/backup-context.ts';
import type { Committed } from '../../shared/tenant-backup/commit-session.ts';
import type { BackupRequest } from '../../shared/tenant-backup/open-session.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { abandon, finish, open, runStage, testContext, testTenant } from './run-backup.ts';
import { SkippingClock } from './skipping-clock.ts';

const clientId = '7f9a3c1e-0000-4000-8000-00000000cccc';
const secret = 'only-for-tests';

export type Outcome =
  | ({ readonly kind: 'published' } & Committed)
  | { readonly kind: 'gaveUp'; readonly error: BackupError };

export interface LabOptions {
  /** Rows asked for on a page of a list, and of one with `$expand`. */
  readonly pageSize?: ObjectType['pageSize'];
  readonly clock?: Clock;
  /** The simulator runs beside this process, so that both have a processor. */
  readonly apart?: boolean;
}

/** In this process or beside it. */
export type RunningSimulator = Pick<Simulator, 'origin' | 'ca' | 'control' | 'close'>;

export interface Lab {
  readonly simulator: RunningSimulator;
  readonly control: ControlClient;
  readonly db: TestDatabase;
  readonly clock: Clock;
  addTenant(plan: Omit<NewTenant, 'tenantId' | 'registrations'>): Promise<LabTenant>;
  close(): Promise<void>;
}

export interface LabTenant {
  readonly tenantId: string;
  readonly tenantNo: number;
  /** Each try of a call, in milliseconds; for answers that never come. */
  tryTimeoutMs: number;
  make(): BackupContext;
  /** From now on with a client that has no token yet. */
  signInAgain(): void;
  /** A backup; one that gives up is undone. Throws only what is no error of the catalogue. */
  backup(request?: Partial<BackupRequest>): Promise<Outcome>;
  /** A backup that must be published. */
  published(request?: Partial<BackupRequest>): Promise<Committed>;
}

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

export async function startFaultLab(options: LabOptions = {}): Promise<Lab> {
  const folder = await mkdtemp(join(tmpdir(), 'fault-lab-'));
  const simulator = await (options.apart === true ? spawned(folder) : started(folder));
  const db = await createTestDatabase();
  const network = createNetwork({ extraCa: simulator.ca });
  const clock = options.clock ?? new SkippingClock();
  const { control } = simulator;
  return {
    simulator,
    control,
    db,
    clock,
    addTenant: async (plan) => {
      const tenantId = randomUUID();
      const permissions = [...permissionLists().read];
      const registrations = [{ appId: clientId, secrets: [{ value: secret }], permissions }];
      await control.createTenant({ ...plan, tenantId, registrations });
      const tenant = testTenant(await db.addTenant(tenantId), tenantId);
      return labTenant({ simulator, db, network, clock, tenant, pageSize: options.pageSize });
    },
    close: async () => {
      await db.drop();
      await network.close();
      await simulator.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const unlimited = { identity: false, writes: false, conditionalAccess: false };

async function started(stateDir: string): Promise<RunningSimulator> {
  return await startSimulator({ stateDir, throttling: unlimited });
}

async function spawned(stateDir: string): Promise<RunningSimulator> {
  const simulator = await spawnSimulator({ stateDir });
  await simulator.control.throttling(unlimited);
  return { ...simulator, close: () => simulator.stop() };
}

interface Parts {
  readonly simulator: RunningSimulator;
  readonly db: TestDatabase;
  readonly network: Network;
  readonly clock: Clock;
  readonly tenant: Tenant;
  readonly pageSize: ObjectType['pageSize'] | undefined;
}

function labTenant(parts: Parts): LabTenant {
  const { db, clock, tenant, pageSize } = parts;
  const catalogue = objectTypes.map((type: ObjectType) =>
    pageSize === undefined ? type : { ...type, pageSize },
  );
  let client: { readonly graph: GraphClient; readonly timeoutMs: number } | undefined;
  const lab: LabTenant = {
    tenantId: tenant.tenantId,
    tenantNo: tenant.tenantNo,
    tryTimeoutMs: 30_000,
    make: () => {
      const timeoutMs = lab.tryTimeoutMs;
      if (client?.timeoutMs !== timeoutMs)
        client = { graph: newClient(parts, timeoutMs), timeoutMs };
      const limits = {
        leaseMs: 60_000,
        maxFailures: 3,
        maxThrottled: 4,
        maxEmptyPages: 40,
        maxRoundPages: 60,
      };
      const graph = client.graph.withOwnCounts();
      const base = testContext(db, tenant, graph, { clock, catalogue });
      return { ...base, limits: { ...base.limits, ...limits } };
    },
    signInAgain: () => {
      client = undefined;
    },
    backup: (request = {}) => backup(lab, request),
    published: async (request = {}) => {
      const outcome = await backup(lab, request);
      if (outcome.kind === 'gaveUp') throw outcome.error;
      return outcome;
    },
  };
  return lab;
}

function newClient(
  { simulator, network, clock, tenant }: Parts,
  tryTimeoutMs: number,
): GraphClient {
  return createGraphClient({
    graphUrl: simulator.origin,
    loginUrl: simulator.origin,
    tenantId: tenant.tenantId,
    clientId,
    credential: { kind: 'secret', value: secret },
    priority: 'low',
    buckets: new ProcessTokenBuckets(),
    network,
    clock,
    logger: silent,
    tryTimeoutMs,
  });
}

async function backup(lab: LabTenant, request: Partial<BackupRequest>): Promise<Outcome> {
  const make = () => lab.make();
  const fence = await open(make, { operationId: randomUUID(), mode: 'auto', ...request });
  try {
    while (await insisting(() => runStage(make, fence)));
    return { kind: 'published', ...(await insisting(() => finish(make, fence))) };
  } catch (error) {
    await abandon(make, fence);
    await releaseLease(make(), fence);
    if (!isBackupError(error)) throw error;
    return { kind: 'gaveUp', error };
  } finally {
    await cleanSessions(make(), new Date(lab.make().clock.now().getTime() + 60_000));
  }
}

/** As the orchestration repeats a step that may succeed later, though not as often. */
async function insisting<T>(step: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await step();
    } catch (error) {
      if (attempt >= 4 || !isBackupError(error) || isBackupError(error, 'fenced')) throw error;
    }
  }
}
