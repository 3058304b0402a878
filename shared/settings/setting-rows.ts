import type { z } from 'zod';
import * as forms from './setting-forms.ts';

export interface SettingRow {
  readonly name: string;
  readonly form: z.ZodType<string, string>;
  readonly required?: true;
  /** Shown by nothing: errors name it without its value in any case, this marks it in the docs. */
  readonly secret?: true;
  /** Not read by the application itself. */
  readonly notByApplication?: true;
  readonly meaning: string;
  /** What to put, as it stands in an error line after `put`. */
  readonly put: string;
}

const database = 'postgres://user[:password]@host:port/database';
const address = 'https://account.blob.core.windows.net/container';

/** Every setting of the application (DESIGN 12); docs/settings.md is made from this table. */
export const settingRows = [
  row(
    'POSTGRES_URL',
    forms.postgresUrl,
    database,
    'repository, under the application role; without a password an Entra token is used',
    { required: true, secret: true },
  ),
  row(
    'POSTGRES_CA_FILE',
    forms.existingFile,
    'the path of a PEM file',
    'authority that signed the certificate of PostgreSQL; with it TLS is verified',
  ),
  row(
    'POSTGRES_MIGRATION_URL',
    forms.postgresUrl,
    database,
    'the same database as the owner of the schema: migrate command and local stack only, never on Azure',
    { secret: true, notByApplication: true },
  ),
  row(
    'CLOUD',
    forms.cloud,
    'global, usgov, usgovdod or china',
    'default cloud; a tenant may name another',
  ),
  row(
    'GRAPH_URL',
    forms.httpsOrigin,
    'https://graph.microsoft.com',
    'overrides the Graph address of the cloud',
  ),
  row(
    'LOGIN_URL',
    forms.httpsOrigin,
    'https://login.microsoftonline.com',
    'overrides the sign-in address of the cloud',
  ),
  row(
    'BACKUP_CLIENT_ID',
    forms.guidText,
    'the client id of the app registration',
    'reader, without any write permission; a tenant may bring its own',
  ),
  row(
    'BACKUP_CREDENTIAL',
    forms.text,
    'federated, certificate:<address or file> or secret:<setting>',
    'credential of the reader',
  ),
  row(
    'RESTORE_CLIENT_ID',
    forms.guidText,
    'the client id of the app registration',
    'restorer; without it nothing can be restored unless the tenant brings its own',
  ),
  row(
    'RESTORE_CREDENTIAL',
    forms.text,
    'federated, certificate:<address or file> or secret:<setting>',
    'credential of the restorer',
  ),
  row('PRIMARY_LOG_REPOSITORY', forms.repository, address, 'where log segments are written'),
  row(
    'PRIMARY_LOG_REPOSITORY_KEY',
    forms.keyLocation,
    'a Key Vault key address or a key file',
    'key of the primary log repository',
  ),
  row(
    'PRIMARY_LOG_REPOSITORY_RETENTION_DAYS',
    forms.days,
    '365',
    'how long the primary log repository keeps segments',
  ),
  row('SECONDARY_LOG_REPOSITORY', forms.repository, address, 'copy of the log segments'),
  row(
    'SECONDARY_LOG_REPOSITORY_KEY',
    forms.keyLocation,
    'a Key Vault key address or a key file',
    'key of the secondary log repository',
  ),
  row(
    'SECONDARY_LOG_REPOSITORY_RETENTION_DAYS',
    forms.days,
    '2555',
    'how long the secondary log repository keeps segments',
  ),
  row(
    'TENANT_COPY_REPOSITORIES',
    forms.repositoryList,
    'repository addresses separated by commas',
    'copies of the tenant backups',
  ),
  row(
    'TENANT_COPY_KEY',
    forms.keyLocation,
    'a Key Vault key address or a key file',
    'key of these copies',
  ),
  row(
    'TENANT_COPY_RETENTION_DAYS',
    forms.days,
    '90',
    'how long a state of a tenant stays in these copies; the newest full one always does',
  ),
  row(
    'LOG_RESTORE_CONTAINERS',
    forms.repositoryList,
    'container addresses separated by commas',
    'where decrypted segments of logs may be restored to, and nowhere else; a folder not on Azure',
    { secret: true },
  ),
  row(
    'CACHE_REPOSITORY',
    forms.tableEndpoint,
    'https://account.table.core.windows.net or a connection string',
    'cache: watermarks, digests, shared throttle state',
    { secret: true },
  ),
  row(
    'REPOSITORY_KEY',
    forms.keyLocation,
    'a Key Vault key address or a key file',
    'key of 32 bytes that encrypts delta and next links in the repository',
    { required: true },
  ),
  row(
    'RESTORE_SECRETS',
    forms.secretStore,
    'a Key Vault address or the path of a local file',
    'where generated passwords and client secrets are kept',
  ),
  row(
    'API_TENANT_IDS',
    forms.guidList,
    'tenant ids separated by commas',
    'tenants whose tokens the API accepts',
    { required: true },
  ),
  row(
    'API_AUDIENCE',
    forms.text,
    'api://<client id> or the client id',
    'audience of the tokens the API accepts',
    { required: true },
  ),
  row(
    'INITIAL_ADMINISTRATORS',
    forms.guidList,
    'object ids separated by commas',
    'administrators while no access has been given yet',
  ),
  row(
    'AZURE_CLIENT_ID',
    forms.guidText,
    'the client id of the identity',
    'user-assigned identity that every Azure client uses',
  ),
  row('HTTPS_PROXY', forms.httpAddress, 'http://proxy:3128', 'proxy of every outgoing call'),
  row('NO_PROXY', forms.text, 'host names separated by commas', 'hosts reached without the proxy'),
  row(
    'EXTRA_CA_FILE',
    forms.existingFile,
    'the path of a PEM file',
    'further authorities that outgoing calls trust',
  ),
] as const satisfies readonly SettingRow[];

function row<const Name extends string>(
  name: Name,
  form: SettingRow['form'],
  put: string,
  meaning: string,
  more: Pick<SettingRow, 'required' | 'secret' | 'notByApplication'> = {},
): SettingRow & { readonly name: Name } {
  return { name, form, put, meaning, ...more };
}

export type SettingName = (typeof settingRows)[number]['name'];

export interface PlatformSetting {
  readonly name: string;
  readonly where: 'local' | 'azure' | 'both';
  readonly meaning: string;
}

/** Read by the Functions host and the libraries, not by the application. */
export const platformSettings: readonly PlatformSetting[] = [
  { name: 'TASKHUB_NAME', where: 'both', meaning: 'durable task hub' },
  { name: 'AzureWebJobsStorage', where: 'local', meaning: 'storage of the host' },
  { name: 'AzureWebJobsStorage__credential', where: 'azure', meaning: 'managedidentity' },
  { name: 'AzureWebJobsStorage__clientId', where: 'azure', meaning: 'identity of the host' },
  { name: 'AzureWebJobsStorage__blobServiceUri', where: 'azure', meaning: 'blob endpoint' },
  { name: 'AzureWebJobsStorage__queueServiceUri', where: 'azure', meaning: 'queue endpoint' },
  { name: 'AzureWebJobsStorage__tableServiceUri', where: 'azure', meaning: 'table endpoint' },
  { name: 'APPLICATIONINSIGHTS_CONNECTION_STRING', where: 'azure', meaning: 'telemetry target' },
  {
    name: 'APPLICATIONINSIGHTS_AUTHENTICATION_STRING',
    where: 'azure',
    meaning: 'telemetry by identity',
  },
  {
    name: 'FUNCTIONS_WORKER_RUNTIME',
    where: 'local',
    meaning: 'node; Flex Consumption refuses it',
  },
];
