/**
 * The built application in the local functions host, as a process of its own, beside a simulator and
 * a PostgreSQL: what it needs can be read from outside.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { guardChild } from '../../local/child-guard.ts';
import type { ControlClient } from '../../local/graph-simulator/control/client.ts';
import { spawnSimulator } from '../../local/graph-simulator/control/spawn.ts';
import type { SeedPlan } from '../../local/graph-simulator/seed/seed-tenant.ts';
import { startPostgres } from '../../local/postgres.ts';
import { removePostgres } from '../../local/postgres-folders.ts';
import { ApiClient, type OperationView } from '../../local/stack/api-client.ts';
import { registerSampleTenant } from '../../local/stack/first-backup.ts';
import {
  type AppSecrets,
  objectIdOfPerson,
  type Person,
  registerApps,
  sampleTenant,
} from '../../local/stack/sample-tenant.ts';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { startStatements, statementSettings } from './statements.ts';

const checkout = resolve(import.meta.dirname, '../..');
const over = new Set(['succeeded', 'failed', 'canceled']);

export interface MeasuredApp {
  readonly api: ApiClient;
  readonly control: ControlClient;
  readonly db: TestDatabase;
  /** Path of the tenant in the API. */
  readonly tenant: string;
  /** Largest resident size of the process so far, in MiB. */
  peakMebibytes(): number;
  /** Starts an operation and waits for its end. */
  run(person: Person, path: string, body: unknown): Promise<OperationView>;
  close(): Promise<void>;
}

export function buildApp(): void {
  const built = spawnSync(process.execPath, [join(checkout, 'local', 'build.ts')], {
    stdio: 'inherit',
  });
  if (built.status !== 0) throw new Error('the application could not be built');
}

export async function startMeasuredApp(seed: SeedPlan): Promise<MeasuredApp> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  chmodSync(folder, 0o755);
  const simulator = await spawnSimulator({ stateDir: join(folder, 'simulator') });
  const { control } = simulator;
  const { tenantId } = sampleTenant;
  await control.createTenant({ tenantId, seed });
  const secret = (): string => randomBytes(12).toString('hex');
  const secrets: AppSecrets = { backup: secret(), restore: secret() };
  await registerApps(control, secrets);
  const dataDir = join(folder, 'postgres');
  const postgres = await startPostgres({ dataDir, settings: statementSettings });
  const db = await createTestDatabase(postgres);
  writeFileSync(join(folder, 'repository-key'), randomBytes(32));
  await startStatements(db);
  const app = await startApp(folder, {
    ...environment(folder, secrets),
    POSTGRES_URL: db.appUrl,
    GRAPH_URL: simulator.origin,
    LOGIN_URL: simulator.origin,
    EXTRA_CA_FILE: simulator.caFile,
  });
  const api = new ApiClient(app.url, control);
  await registerSampleTenant(api);
  const tenant = `/api/tenants/${tenantId}`;
  return {
    api,
    control,
    db,
    tenant,
    peakMebibytes: () => peakOf(app.child.pid ?? 0),
    run: async (person, path, body) =>
      await ended(api, await api.call<OperationView>(person, 'POST', `${tenant}${path}`, body)),
    close: async () => {
      app.child.kill('SIGTERM');
      await once(app.child, 'exit');
      await db.drop();
      await simulator.stop();
      await postgres.stop();
      removePostgres(dataDir);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function environment(folder: string, secrets: AppSecrets): Record<string, string> {
  return {
    TASKHUB_NAME: 'EntraBackup',
    FUNCTIONS_WORKER_RUNTIME: 'node',
    BACKUP_CLIENT_ID: sampleTenant.backupClientId,
    BACKUP_CREDENTIAL: 'secret:BENCH_BACKUP_SECRET',
    BENCH_BACKUP_SECRET: secrets.backup,
    RESTORE_CLIENT_ID: sampleTenant.restoreClientId,
    RESTORE_CREDENTIAL: 'secret:BENCH_RESTORE_SECRET',
    BENCH_RESTORE_SECRET: secrets.restore,
    REPOSITORY_KEY: join(folder, 'repository-key'),
    RESTORE_SECRETS: join(folder, 'restore-secrets'),
    API_TENANT_IDS: sampleTenant.tenantId,
    API_AUDIENCE: sampleTenant.audience,
    INITIAL_ADMINISTRATORS: objectIdOfPerson('admin'),
  };
}

async function startApp(
  folder: string,
  env: Record<string, string>,
): Promise<{ child: ChildProcess; url: string }> {
  const host = join(checkout, 'local', 'functions-host', 'main.ts');
  const hub = join(folder, 'hub.sqlite');
  const args = [host, '--app', checkout, '--port', '0', '--hub', hub];
  const child = spawn(process.execPath, args, {
    cwd: checkout,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  guardChild(child, { signal: 'TERM' });
  const lines = createInterface({ input: child.stdout });
  const url = await new Promise<string>((found, failed) => {
    child.once('exit', (code) => failed(new Error(`the app ended with ${code}`)));
    lines.on('line', (line) => {
      const ready = /^ready (http\S+)$/.exec(line)?.[1];
      if (ready !== undefined) found(ready);
    });
  });
  return { child, url };
}

/** https://man7.org/linux/man-pages/man5/proc_pid_status.5.html: VmHWM, in KiB */
function peakOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}

async function ended(api: ApiClient, started: OperationView): Promise<OperationView> {
  for (;;) {
    const now = await api.call<OperationView>('admin', 'GET', `/api/operations/${started.id}`);
    if (now.status === 'failed') throw new Error(`the operation failed: ${JSON.stringify(now)}`);
    if (over.has(now.status)) return now;
    await sleep(500);
  }
}
