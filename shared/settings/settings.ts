// The only reader of the environment. Every setting is checked at start; what is wrong is said in one
// line per problem, all at once. Values never stand in an error.
import { BackupError } from '../errors/backup-error.ts';
import { type Credential, isOnAzure, parseCredential, resolveCredential } from './credential.ts';
import { Secret } from './secret.ts';
import { splitList } from './setting-forms.ts';
import { type SettingName, type SettingRow, settingRows } from './setting-rows.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface AppRegistration {
  readonly clientId: string;
  readonly credential: Credential;
}

export interface LogRepositorySettings {
  readonly address: Secret;
  readonly key?: string;
  readonly retentionDays?: number;
}

export interface Settings {
  readonly postgres: {
    readonly url: Secret;
    readonly hasPassword: boolean;
    readonly caFile?: string;
  };
  readonly cloud: 'global' | 'usgov' | 'usgovdod' | 'china';
  readonly graphUrl?: string;
  readonly loginUrl?: string;
  readonly backupApp?: AppRegistration;
  readonly restoreApp?: AppRegistration;
  readonly primaryLogRepository?: LogRepositorySettings;
  readonly secondaryLogRepository?: LogRepositorySettings;
  readonly tenantCopies: {
    readonly addresses: readonly Secret[];
    readonly key?: string;
    /** Undefined: kept for ever. */
    readonly retentionDays?: number;
  };
  readonly logRestoreContainers: readonly Secret[];
  readonly cacheRepository?: Secret;
  /** The platform may run several instances of the application at once. */
  readonly severalInstances: boolean;
  /** Address or path; there after a start. */
  readonly repositoryKey?: string;
  readonly restoreSecrets?: string;
  /** Lower-case GUIDs. */
  readonly api: {
    readonly tenantIds: readonly string[];
    readonly audience: string;
    readonly initialAdministrators: readonly string[];
  };
  readonly azureClientId?: string;
  readonly proxy: { readonly https?: string; readonly none?: string };
  readonly extraCaFile?: string;
  /** Resolves the credential text of a tenant's own app; throws `settingsInvalid`. */
  credential(text: string): Credential;
}

type Values = Readonly<Partial<Record<SettingName, string>>>;

/** Reads and checks all settings; throws one `settingsInvalid` that lists every problem. */
export function readSettings(env: Environment = process.env): Settings {
  const problems: string[] = [];
  const values: Partial<Record<SettingName, string>> = {};
  for (const row of settingRows) {
    const value = env[row.name]?.trim() ?? '';
    const wrong = problemOf(row, value);
    if (wrong !== undefined) problems.push(`${row.name}: ${wrong}; put ${row.put}`);
    else if (value !== '') values[row.name] = value;
  }
  problems.push(...logRepositoryProblems(values, problems), ...folderProblems(values, env));
  const apps = {
    backup: appOf('BACKUP', values, env, problems),
    restore: appOf('RESTORE', values, env, problems),
  };
  if (problems.length > 0) {
    const count = problems.length === 1 ? '1 setting is' : `${problems.length} settings are`;
    throw new BackupError('settingsInvalid', [`${count} wrong`, ...problems].join('\n'), {
      details: { problems: problems.length },
    });
  }
  return settingsOf(values, apps, env);
}

function problemOf(row: SettingRow, value: string): string | undefined {
  if (value === '') return row.required ? 'is missing' : undefined;
  if (value.startsWith('@Microsoft.KeyVault(')) {
    return 'is a Key Vault reference that was not resolved (check the access of the identity)';
  }
  const result = row.form.safeParse(value);
  return result.success ? undefined : (result.error.issues[0]?.message ?? 'is wrong');
}

/** What one setting says about another. */
function logRepositoryProblems(values: Values, reported: readonly string[]): string[] {
  const { PRIMARY_LOG_REPOSITORY: primary, SECONDARY_LOG_REPOSITORY: secondary } = values;
  const keyless = (['PRIMARY', 'SECONDARY'] as const)
    .map((which) => `${which}_LOG_REPOSITORY` as const)
    .filter((name) => values[name] !== undefined && values[`${name}_KEY`] === undefined)
    .filter((name) => !reported.some((line) => line.startsWith(`${name}_KEY:`)))
    .map((name) => `${name}_KEY: is missing; put a Key Vault key address or a key file`);
  if (secondary === undefined) return keyless;
  const name = 'SECONDARY_LOG_REPOSITORY';
  if (primary === undefined) {
    return [...keyless, `${name}: has no primary; put PRIMARY_LOG_REPOSITORY, or remove it`];
  }
  if (primary !== secondary) return keyless;
  return [...keyless, `${name}: is the primary itself; put another container or folder`];
}

/** The disk of an instance is no place for logs in the clear. */
function folderProblems({ LOG_RESTORE_CONTAINERS: list }: Values, env: Environment): string[] {
  const hasFolder = splitList(list ?? '').some((address) => address.startsWith('file:'));
  if (!hasFolder || !isOnAzure(env)) return [];
  return ['LOG_RESTORE_CONTAINERS: names a folder, which Azure deployments refuse; put containers'];
}

function appOf(
  which: 'BACKUP' | 'RESTORE',
  values: Values,
  env: Environment,
  problems: string[],
): AppRegistration | undefined {
  const [clientId, text] = [values[`${which}_CLIENT_ID`], values[`${which}_CREDENTIAL`]];
  const reported = problems.some((line) => line.startsWith(`${which}_C`));
  if (reported || (clientId === undefined && text === undefined)) return undefined;
  if (clientId === undefined || text === undefined) {
    const missing = clientId === undefined ? 'CLIENT_ID' : 'CREDENTIAL';
    problems.push(`${which}_${missing}: is missing; put it, or remove the other of the two`);
    return undefined;
  }
  const credential = parseCredential(text, env);
  if (typeof credential !== 'string') return { clientId: clientId.toLowerCase(), credential };
  const put = settingRows.find((row) => row.name === `${which}_CREDENTIAL`)?.put;
  problems.push(`${which}_CREDENTIAL: ${credential}; put ${put}`);
  return undefined;
}

function settingsOf(
  values: Values,
  apps: { backup: AppRegistration | undefined; restore: AppRegistration | undefined },
  env: Environment,
): Settings {
  const postgresUrl = values.POSTGRES_URL ?? '';
  return {
    postgres: {
      url: new Secret(postgresUrl),
      hasPassword: new URL(postgresUrl).password !== '',
      ...given('caFile', values.POSTGRES_CA_FILE),
    },
    cloud: (values.CLOUD ?? 'global') as Settings['cloud'],
    ...given('graphUrl', values.GRAPH_URL),
    ...given('loginUrl', values.LOGIN_URL),
    ...given('backupApp', apps.backup),
    ...given('restoreApp', apps.restore),
    ...given('primaryLogRepository', logRepository('PRIMARY', values)),
    ...given('secondaryLogRepository', logRepository('SECONDARY', values)),
    tenantCopies: {
      addresses: secretsOf(values.TENANT_COPY_REPOSITORIES),
      ...given('key', values.TENANT_COPY_KEY),
      ...given('retentionDays', daysOf(values.TENANT_COPY_RETENTION_DAYS)),
    },
    logRestoreContainers: secretsOf(values.LOG_RESTORE_CONTAINERS),
    ...given('cacheRepository', secretOf(values.CACHE_REPOSITORY)),
    severalInstances: isOnAzure(env),
    ...given('repositoryKey', values.REPOSITORY_KEY),
    ...given('restoreSecrets', values.RESTORE_SECRETS),
    api: {
      tenantIds: splitList(values.API_TENANT_IDS?.toLowerCase() ?? ''),
      audience: values.API_AUDIENCE ?? '',
      initialAdministrators: splitList(values.INITIAL_ADMINISTRATORS?.toLowerCase() ?? ''),
    },
    ...given('azureClientId', values.AZURE_CLIENT_ID),
    proxy: { ...given('https', values.HTTPS_PROXY), ...given('none', values.NO_PROXY) },
    ...given('extraCaFile', values.EXTRA_CA_FILE),
    credential: (text) => resolveCredential(text, env),
  };
}

function logRepository(
  which: 'PRIMARY' | 'SECONDARY',
  values: Values,
): LogRepositorySettings | undefined {
  const name = `${which}_LOG_REPOSITORY` as const;
  const address = values[name];
  const days = values[`${name}_RETENTION_DAYS`];
  if (address === undefined) return undefined;
  return {
    address: new Secret(address),
    ...given('key', values[`${name}_KEY`]),
    ...given('retentionDays', daysOf(days)),
  };
}

function secretsOf(list: string | undefined): Secret[] {
  return splitList(list ?? '').map((text) => new Secret(text));
}

function daysOf(value: string | undefined): number | undefined {
  return value === undefined ? undefined : Number(value);
}

function secretOf(value: string | undefined): Secret | undefined {
  return value === undefined ? undefined : new Secret(value);
}

/** `{ [name]: value }`, or nothing when the value is not given. */
function given<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): { [key in Name]?: NoInfer<Value> } {
  return value === undefined ? {} : ({ [name]: value } as { [key in Name]?: Value });
}
