// The composition root: what a process needs, built once, from settings. Routes, timers and activities
// get their adapters here; nothing else creates one. Nothing here knows what they are used for.
import { readFileSync } from 'node:fs';
import tls from 'node:tls';
import { DefaultAzureCredential, ManagedIdentityCredential } from '@azure/identity';
import type { CacheRepository } from '../shared/cache/cache-repository.ts';
import { openCacheRepository } from '../shared/cache/open-cache-repository.ts';
import * as catalogue from '../shared/catalog/index.ts';
import { createLinkCipher, type LinkCipher } from '../shared/encryption/link-cipher.ts';
import type { SecretStore } from '../shared/encryption/secret-store.ts';
import type { GraphClient } from '../shared/graph/graph-client.ts';
import { createNetwork, type Network } from '../shared/graph/network.ts';
import { type Clock, systemClock } from '../shared/model/clock.ts';
import type { Tenant } from '../shared/model/tenant.ts';
import { assertApplicationRole } from '../shared/repository/application-role.ts';
import { Database } from '../shared/repository/database.ts';
import { assertSchemaVersion } from '../shared/repository/schema-version.ts';
import { readSettings, type Settings } from '../shared/settings/settings.ts';
import { createLogger, type Logger, type LogLine } from '../shared/telemetry/logger.ts';
import { apiTokenVerifier } from './http/api-token-verifier.ts';
import type { TokenVerifier } from './http/token-verifier.ts';
import { repositoryKey, secretStore } from './stored-secrets.ts';
import { type GraphPurpose, TenantGraph } from './tenant-graph.ts';
import { openTokenBuckets } from './token-buckets.ts';

export interface Services {
  readonly settings: Settings;
  readonly database: Database;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly network: Network;
  readonly catalogue: typeof catalogue;
  /** Verifies callers of the API. */
  readonly tokens: TokenVerifier;
  /** The client of a tenant; one per tenant and purpose. Throws `settingsInvalid` without an app. */
  graph(tenant: Tenant, purpose: GraphPurpose): GraphClient;
  /** A client whose counts are its own, for one slice of work; shares quotas and connections. */
  newGraph(tenant: Tenant, purpose: GraphPurpose): GraphClient;
  /** Encrypts stored delta and next links (REPOSITORY_KEY); `settingsInvalid` without the key. */
  linkCipher(): LinkCipher;
  /** Keeps generated passwords (RESTORE_SECRETS); `settingsInvalid` without a place for them. */
  secrets(): SecretStore;
  /** Application permissions the app of that purpose holds now; signs in, `signInFailed`. */
  permissions(tenant: Tenant, purpose: GraphPurpose): Promise<readonly string[]>;
  /** The cache repository, opened once; undefined without CACHE_REPOSITORY. */
  cache(): CacheRepository | undefined;
  /** The identity of this process, for storage and Key Vault. */
  identity(): Identity;
  /** Checks schema version and role of the database; nothing after it succeeded once. */
  verifyRepository(): Promise<void>;
  close(): Promise<void>;
}

export type { GraphPurpose } from './tenant-graph.ts';

export type Identity = DefaultAzureCredential | ManagedIdentityCredential;

export type ServiceOverrides = Partial<
  Pick<Services, 'database' | 'logger' | 'clock' | 'tokens' | 'network'>
>;

/** Scope of PostgreSQL tokens: https://learn.microsoft.com/azure/postgresql/flexible-server/security-entra-configure */
const postgresScope = 'https://ossrdbms-aad.database.windows.net/.default';

export function createServices(settings: Settings, overrides: ServiceOverrides = {}): Services {
  if (settings.extraCaFile !== undefined) trustAlso(settings.extraCaFile);
  const clock = overrides.clock ?? systemClock;
  const logger = overrides.logger ?? createLogger(writeLine, clock);
  const network = overrides.network ?? createNetwork(networkOptions(settings));
  const database = overrides.database ?? openDatabase(settings);
  const identityOf = once(() => openIdentity(settings.azureClientId));
  const cacheOf = once(() => openCache(settings, identityOf));
  const buckets = openTokenBuckets({ settings, clock, cache: cacheOf });
  const graphs = new TenantGraph({ settings, network, clock, logger, buckets });
  let cipher: LinkCipher | undefined;
  let secrets: SecretStore | undefined;
  let verified: Promise<void> | undefined;
  return {
    settings,
    database,
    logger,
    clock,
    network,
    catalogue,
    tokens: overrides.tokens ?? apiTokenVerifier(settings, network, clock),
    graph: (tenant, purpose) => graphs.client(tenant, purpose),
    newGraph: (tenant, purpose) => graphs.create(tenant, purpose),
    linkCipher: () => (cipher ??= createLinkCipher(repositoryKey(settings))),
    secrets: () => (secrets ??= secretStore(settings)),
    permissions: (tenant, purpose) => graphs.permissions(tenant, purpose),
    cache: cacheOf,
    identity: identityOf,
    verifyRepository: () => {
      verified ??= verify(database).catch((error: unknown) => {
        verified = undefined;
        throw error;
      });
      return verified;
    },
    close: async () => {
      await database.close();
      await network.close();
    },
  };
}

let built: Services | undefined;

/** The services of this process. Throws `settingsInvalid` with every problem of the settings. */
export function services(): Services {
  built ??= createServices(readSettings());
  return built;
}

/** Replaces the services of this process; for tests that drive activities without a host. */
export function useServices(replacement: Services | undefined): void {
  built = replacement;
}

/** The worker takes over what is written to the standard output; details stay away from it. */
function writeLine(line: LogLine): void {
  if (line.level === 'debug') return;
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** Node reads NODE_EXTRA_CA_CERTS at process start only, before app settings may be there. */
function trustAlso(file: string): void {
  tls.setDefaultCACertificates([
    ...tls.getCACertificates('default'),
    ...(readFileSync(file, 'utf8').match(
      /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g,
    ) ?? []),
  ]);
}

function networkOptions(settings: Settings): Parameters<typeof createNetwork>[0] {
  const { https, none } = settings.proxy;
  return {
    ...(https === undefined ? {} : { httpsProxy: https }),
    ...(none === undefined ? {} : { noProxy: none }),
  };
}

function openDatabase(settings: Settings): Database {
  const { url, hasPassword, caFile } = settings.postgres;
  return Database.open({
    url: url.reveal(),
    ...(caFile === undefined ? {} : { caFile }),
    ...(hasPassword ? {} : { password: postgresPassword(settings.azureClientId) }),
  });
}

/** Makes the value at the first call. */
function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function openCache(settings: Settings, identity: () => Identity): CacheRepository | undefined {
  const { cacheRepository } = settings;
  if (cacheRepository === undefined) return undefined;
  return openCacheRepository(cacheRepository, { credential: identity() });
}

function openIdentity(clientId: string | undefined): Identity {
  return clientId === undefined
    ? new DefaultAzureCredential()
    : new ManagedIdentityCredential({ clientId });
}

function postgresPassword(clientId: string | undefined): () => Promise<string> {
  const credential = openIdentity(clientId);
  return async () => (await credential.getToken(postgresScope)).token;
}

async function verify(database: Database): Promise<void> {
  await database.withRegistry(async (tx) => {
    await assertSchemaVersion(tx);
    await assertApplicationRole(tx);
  });
}
