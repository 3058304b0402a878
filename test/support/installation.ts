// What processes of the app share in a test: a database, a simulator process with tenants, keys and
// people. A test starts any number of app processes over it (app-process.ts).
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ControlClient, NewTenant } from '../../local/graph-simulator/control/client.ts';
import {
  type SimulatorProcess,
  spawnSimulator,
} from '../../local/graph-simulator/control/spawn.ts';
import { readerPermissions, restorerPermissions } from '../../local/graph-simulator/permissions.ts';
import type { SeedPlan } from '../../local/graph-simulator/seed/seed-tenant.ts';
import { objectIdOf } from '../../local/graph-simulator/sign-in/user-token.ts';
import { type BuiltApp, buildApp } from './built-app.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';

const audience = 'api://entra-backup';
const reader = 'aaaaaaaa-2222-4000-8000-000000000001';
const restorer = 'aaaaaaaa-2222-4000-8000-000000000002';
const secret = 'only-for-these-tests';

/** Who calls the API; every role at once for the administrator, who sets access up. */
export const people = {
  admin: ['Backup.Admin', 'Backup.Operator', 'Backup.Reader'],
  operator: ['Backup.Operator', 'Backup.Reader', 'Restore.Operator'],
  approver: ['Backup.Reader', 'Restore.Approver'],
  /** Has access only where a test gives it. */
  auditor: ['Security.Auditor'],
} as const;
export type Person = keyof typeof people;

const nameOf = (person: Person): string => `${person}@contoso.example`;
export const objectIdOfPerson = (person: Person): string => objectIdOf(nameOf(person));

export interface Installation {
  readonly app: BuiltApp;
  readonly db: TestDatabase;
  readonly simulator: SimulatorProcess;
  readonly control: ControlClient;
  /** A folder for hubs and logs, removed at the end. */
  readonly folder: string;
  /** Settings of an app process. */
  readonly environment: Readonly<Record<string, string>>;
  token(person: Person): Promise<string>;
  /** A tenant in the simulator that the apps of the product may read and write. */
  addTenant(seed: SeedPlan, settings?: NewTenant['settings']): Promise<string>;
  close(): Promise<void>;
}

export interface InstallationOptions {
  /** Database timeouts in milliseconds instead of those of infra/sql/roles.sql. */
  readonly databaseTimeouts?: { readonly idle: number; readonly lock: number };
}

export async function createInstallation(options: InstallationOptions = {}): Promise<Installation> {
  const folder = mkdtempSync(path.join(tmpdir(), 'entra-backup-installation-'));
  const app = buildApp();
  const db = await createTestDatabase();
  if (options.databaseTimeouts !== undefined) {
    const { idle, lock } = options.databaseTimeouts;
    const name = new URL(db.appUrl).pathname.slice(1);
    const role = `alter role entra_backup_app in database ${name} set`;
    await db.owner.rows(`${role} idle_in_transaction_session_timeout = ${idle}`);
    await db.owner.rows(`${role} lock_timeout = ${lock}`);
  }
  const stateDir = path.join(folder, 'simulator');
  mkdirSync(stateDir);
  const simulator = await spawnSimulator({ stateDir });
  const { control } = simulator;
  // waiting for quotas is tested elsewhere; the app still keeps within its own
  await control.throttling({ identity: false, writes: false, conditionalAccess: false });
  const apiTenantId = randomUUID();
  await control.createTenant({ tenantId: apiTenantId });
  return {
    app,
    db,
    simulator,
    control,
    folder,
    environment: environmentOf(folder, db, simulator, apiTenantId),
    token: async (person) =>
      await control.userToken({
        tenantId: apiTenantId,
        user: nameOf(person),
        audience,
        roles: people[person],
        lifetimeSeconds: 3_600,
      }),
    addTenant: async (seed, settings = {}) => {
      const tenantId = randomUUID();
      await control.createTenant({
        tenantId,
        seed,
        settings,
        registrations: [
          { appId: reader, secrets: [{ value: secret }], permissions: readerPermissions },
          { appId: restorer, secrets: [{ value: secret }], permissions: restorerPermissions },
        ],
      });
      return tenantId;
    },
    close: async () => {
      await simulator.stop();
      await db.drop();
      app.remove();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function environmentOf(
  folder: string,
  db: TestDatabase,
  simulator: SimulatorProcess,
  apiTenantId: string,
): Record<string, string> {
  const keyFile = path.join(folder, 'repository.key');
  writeFileSync(keyFile, randomBytes(32).toString('hex'), { mode: 0o600 });
  return {
    PATH: process.env['PATH'] ?? '',
    TASKHUB_NAME: 'EntraBackup',
    FUNCTIONS_WORKER_RUNTIME: 'node',
    POSTGRES_URL: db.appUrl,
    GRAPH_URL: simulator.origin,
    LOGIN_URL: simulator.origin,
    EXTRA_CA_FILE: simulator.caFile,
    NODE_EXTRA_CA_CERTS: simulator.caFile,
    BACKUP_CLIENT_ID: reader,
    BACKUP_CREDENTIAL: 'secret:TEST_SECRET',
    RESTORE_CLIENT_ID: restorer,
    RESTORE_CREDENTIAL: 'secret:TEST_SECRET',
    TEST_SECRET: secret,
    REPOSITORY_KEY: keyFile,
    RESTORE_SECRETS: path.join(folder, 'restore-secrets'),
    API_TENANT_IDS: apiTenantId,
    API_AUDIENCE: audience,
    INITIAL_ADMINISTRATORS: objectIdOfPerson('admin'),
    // with the lease the tests of takeovers need; everything else does not depend on it
    LEASE_SECONDS: '2',
  };
}
