// The parts of the local stack in the order in which they start. A part whose setting is already in
// the environment is left out: the same command then runs against the real thing.
import path from 'node:path';
import { migrate } from '../../shared/repository/migrate.ts';
import type { ControlClient } from '../graph-simulator/control/client.ts';
import { startPostgres } from '../postgres.ts';
import { startAzurite } from './azurite.ts';
import { startChild } from './child.ts';
import { logSettings } from './log-places.ts';
import {
  type AppSecrets,
  controlClient,
  objectIdOfPerson,
  registerApps,
  sampleTenant,
} from './sample-tenant.ts';
import { repositoryKeyFile, type StackState } from './stack-state.ts';

export interface Component {
  readonly name: string;
  /** Settings it adds to the environment of the application. */
  readonly env: Readonly<Record<string, string>>;
  /** Set when it may end by itself. */
  readonly died?: Promise<string>;
  stop(): Promise<void>;
}

export interface StackOptions {
  /** Absolute. */
  readonly folder: string;
  readonly checkout: string;
  readonly state: StackState;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const isSet = (value: string | undefined): boolean => value !== undefined && value !== '';

export async function postgresComponent(options: StackOptions): Promise<Component | undefined> {
  if (isSet(options.env['POSTGRES_URL'])) {
    const url = options.env['POSTGRES_MIGRATION_URL'] ?? '';
    const caFile = options.env['POSTGRES_CA_FILE'] ?? '';
    if (url !== '') await migrate({ url, ...(caFile === '' ? {} : { caFile }) });
    return undefined;
  }
  const postgres = await startPostgres({ dataDir: path.join(options.folder, 'postgres') });
  return {
    name: 'postgresql',
    env: { POSTGRES_URL: postgres.appUrl, POSTGRES_MIGRATION_URL: postgres.ownerUrl },
    stop: () => postgres.stop(),
  };
}

export async function storageComponent(options: StackOptions): Promise<Component | undefined> {
  const { env, folder } = options;
  if (isSet(env['AzureWebJobsStorage']) || isSet(env['CACHE_REPOSITORY'])) return undefined;
  const azurite = await startAzurite(path.join(folder, 'azurite'), logFile(folder, 'azurite'));
  const { connectionString, died, stop } = azurite;
  const logs = isSet(env['PRIMARY_LOG_REPOSITORY'])
    ? {}
    : await logSettings(connectionString, folder);
  return {
    name: 'azurite',
    env: { AzureWebJobsStorage: connectionString, CACHE_REPOSITORY: connectionString, ...logs },
    died,
    stop,
  };
}

export interface SimulatorComponent extends Component {
  readonly control: ControlClient;
  readonly origin: string;
  readonly caFile: string;
}

/** The simulator with the sample tenant and the two apps of the product in it. */
export async function simulatorComponent(
  options: StackOptions,
): Promise<SimulatorComponent | undefined> {
  const { env, folder, state } = options;
  if (isSet(env['GRAPH_URL']) || isSet(env['LOGIN_URL'])) return undefined;
  let answer = '';
  const child = await startChild({
    name: 'simulator',
    args: [
      path.join(options.checkout, 'local', 'graph-simulator', 'main.ts'),
      ...['--state', folder, '--persist', '--port', String(state.simulatorPort)],
      ...['--sample', sampleTenant.tenantId, '--api-audience', sampleTenant.audience],
      ...['--control-token', state.controlToken],
    ],
    env: {},
    cwd: options.checkout,
    logFile: logFile(folder, 'simulator'),
    readyWithinMs: 90_000,
    isReady: (line) => {
      if (line.startsWith('{"origin"')) answer = line;
      return answer !== '';
    },
  });
  const found = JSON.parse(answer) as { origin: string; caFile: string; controlToken: string };
  const control = await controlClient(found);
  const secrets: AppSecrets = { backup: state.backupSecret, restore: state.restoreSecret };
  await registerApps(control, secrets);
  return { name: 'simulator', control, ...found, ...child, env: simulatorEnv(found, secrets) };
}

function simulatorEnv(
  simulator: { readonly origin: string; readonly caFile: string },
  secrets: AppSecrets,
): Record<string, string> {
  return {
    GRAPH_URL: simulator.origin,
    LOGIN_URL: simulator.origin,
    EXTRA_CA_FILE: simulator.caFile,
    // libraries that take their authorities at process start
    NODE_EXTRA_CA_CERTS: simulator.caFile,
    BACKUP_CLIENT_ID: sampleTenant.backupClientId,
    BACKUP_CREDENTIAL: 'secret:LOCAL_BACKUP_SECRET',
    LOCAL_BACKUP_SECRET: secrets.backup,
    RESTORE_CLIENT_ID: sampleTenant.restoreClientId,
    RESTORE_CREDENTIAL: 'secret:LOCAL_RESTORE_SECRET',
    LOCAL_RESTORE_SECRET: secrets.restore,
    API_TENANT_IDS: sampleTenant.tenantId,
    API_AUDIENCE: sampleTenant.audience,
    INITIAL_ADMINISTRATORS: objectIdOfPerson('admin'),
  };
}

/** The application inside the local functions host; `url` is where the API answers. */
export async function applicationComponent(
  options: StackOptions,
  port: number,
  env: Readonly<Record<string, string>>,
): Promise<Component & { readonly url: string }> {
  let url = '';
  const child = await startChild({
    name: 'application',
    args: [
      path.join(options.checkout, 'local', 'functions-host', 'main.ts'),
      ...['--app', options.checkout, '--port', String(port)],
      ...['--hub', path.join(options.folder, 'task-hub.sqlite')],
    ],
    env: applicationEnv(options, env),
    cwd: options.checkout,
    logFile: logFile(options.folder, 'application'),
    readyWithinMs: 60_000,
    isReady: (line) => {
      url = /^ready (http\S+)$/.exec(line)?.[1] ?? url;
      return url !== '';
    },
  });
  return { name: 'application', env: {}, url, ...child };
}

/** Settings of the application; those of the environment win where a part brings none. */
export function applicationEnv(
  { env, folder }: StackOptions,
  added: Readonly<Record<string, string>>,
): Record<string, string> {
  return {
    TASKHUB_NAME: 'EntraBackup',
    FUNCTIONS_WORKER_RUNTIME: 'node',
    REPOSITORY_KEY: env['REPOSITORY_KEY'] || repositoryKeyFile(folder),
    RESTORE_SECRETS: env['RESTORE_SECRETS'] || path.join(folder, 'restore-secrets'),
    ...added,
  };
}

export function logFile(folder: string, name: string): string {
  return path.join(folder, `${name}.log`);
}
