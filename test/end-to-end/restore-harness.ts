// A simulated tenant, a repository beside it, and the way from a plan to its end without a functions
// host: slices are called one after the other, as the orchestration does.
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Simulator, startSimulator } from '../../local/graph-simulator/server.ts';
import { objectTypes } from '../../shared/catalog/index.ts';
import { rulesOfTypes } from '../../shared/compare/stored-states.ts';
import { createFileSecretStore, type SecretStore } from '../../shared/encryption/secret-store.ts';
import { createGraphClient } from '../../shared/graph/create-graph-client.ts';
import type { GraphClient } from '../../shared/graph/graph-client.ts';
import { createNetwork } from '../../shared/graph/network.ts';
import { ProcessTokenBuckets } from '../../shared/graph/token-bucket.ts';
import { systemClock } from '../../shared/model/clock.ts';
import * as identityMap from '../../shared/repository/identity-map.ts';
import * as objectKeys from '../../shared/repository/object-keys.ts';
import * as restoreLease from '../../shared/repository/restore-lease.ts';
import * as restoreSteps from '../../shared/repository/restore-steps.ts';
import * as restores from '../../shared/repository/restores.ts';
import { applySlice } from '../../shared/restore/apply-slice.ts';
import {
  type ApplyContext,
  defaultRestoreLimits,
  type RestoreLimits,
} from '../../shared/restore/steps/step-context.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

export const repository = { identityMap, objectKeys, restoreLease, restoreSteps, restores };

export const appId = '7f9a3c1e-0000-4000-8000-00000000aaaa';
const secret = 'only-for-tests';
const permissions = [
  ...new Set(
    objectTypes.flatMap((type) =>
      [type, ...type.links, ...type.children, ...type.facets].flatMap((part) => [
        ...part.permissions.read,
        ...part.permissions.restore,
      ]),
    ),
  ),
  'User-LifeCycleInfo.ReadWrite.All',
  'Directory.Read.All',
];

export interface RestoreHarness {
  readonly simulator: Simulator;
  readonly db: TestDatabase;
  readonly tenantId: string;
  readonly tenantNo: number;
  readonly graph: GraphClient;
  readonly secrets: SecretStore;
  close(): Promise<void>;
}

export async function startHarness(users: number, groups: number): Promise<RestoreHarness> {
  const stateDir = await mkdtemp(join(tmpdir(), 'restore-'));
  const simulator = await startSimulator({ stateDir });
  const tenantId = randomUUID();
  await simulator.control.createTenant({
    tenantId,
    seed: { users, groups, seed: 7 },
    registrations: [{ appId, secrets: [{ value: secret }], permissions }],
  });
  const db = await createTestDatabase();
  const network = createNetwork({ extraCa: simulator.ca });
  const graph = createGraphClient({
    graphUrl: simulator.origin,
    loginUrl: simulator.origin,
    tenantId,
    clientId: appId,
    credential: { kind: 'secret', value: secret },
    priority: 'normal',
    buckets: new ProcessTokenBuckets(),
    network,
    clock: systemClock,
    logger: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
  });
  return {
    simulator,
    db,
    tenantId,
    tenantNo: await db.addTenant(tenantId),
    graph,
    secrets: createFileSecretStore(join(stateDir, 'secrets')),
    close: async () => {
      await db.drop();
      await network.close();
      await simulator.close();
      await rm(stateDir, { recursive: true, force: true });
    },
  };
}

export const quickLimits: RestoreLimits = {
  ...defaultRestoreLimits,
  searchMs: 1_500,
  freshMs: 5_000,
  lagMs: 4_000,
  visibleMs: 10_000,
  pauseMs: 100,
};

/** A process that stops at a failpoint: everything it holds is lost, the rows stay. */
export class Stopped extends Error {}

export interface ApplyOptions {
  readonly limits?: RestoreLimits;
  readonly failpoint?: ApplyContext['failpoint'];
  readonly protectedIds?: ReadonlySet<string>;
}

/** One slice with a lease of its own. */
export async function runSlice(
  harness: RestoreHarness,
  restoreId: string,
  options: ApplyOptions = {},
) {
  const { db, tenantNo } = harness;
  const begun = await db.database.withTenant(tenantNo, async (tx) => ({
    fence: await restoreLease.takeRestoreLease(tx, restoreId),
    identity: await identityMap.readIdentityMap(tx),
    created: new Set(await restoreSteps.createdObjects(tx, restoreId)),
  }));
  return await applySlice({
    ...begun,
    restoreId,
    tenantNo,
    database: db.database,
    repository,
    graph: harness.graph,
    graphUrl: harness.simulator.origin,
    secrets: harness.secrets,
    types: objectTypes,
    rulesOf: rulesOfTypes(objectTypes),
    clock: systemClock,
    limits: options.limits ?? quickLimits,
    deadline: new Date(Date.now() + 20_000),
    protectedIds: options.protectedIds ?? new Set(),
    isOnHold: async () => false,
    failpoint: options.failpoint ?? (async () => undefined),
  });
}

/** Writes the rows of a restore and answers its id. */
export async function beginRestore(harness: RestoreHarness, planId: string): Promise<string> {
  const id = randomUUID();
  const row = { id, operationId: randomUUID(), planId, requestedBy: 'test', reason: 'test' };
  await harness.db.database.withTenant(harness.tenantNo, (tx) => restores.createRestore(tx, row));
  return id;
}

/** Runs slices to the end, through stops; answers the execution rows. */
export async function finishRestore(
  harness: RestoreHarness,
  restoreId: string,
  options: ApplyOptions = {},
) {
  for (;;) {
    const answer = await runSlice(harness, restoreId, options).catch((error: unknown) => {
      if (error instanceof Stopped) return { state: 'more' } as const;
      throw error;
    });
    if (answer.state === 'finished') break;
    if (answer.state === 'wait') {
      await new Promise((resolve) => setTimeout(resolve, answer.afterMs));
    }
  }
  return await harness.db.database.withTenant(harness.tenantNo, (tx) =>
    restoreSteps.listRestoreSteps(tx, restoreId, 0, 10_000),
  );
}

export async function applyPlan(
  harness: RestoreHarness,
  planId: string,
  options: ApplyOptions = {},
) {
  return await finishRestore(harness, await beginRestore(harness, planId), options);
}
