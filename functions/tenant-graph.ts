import { readFileSync } from 'node:fs';
import { decodeJwt } from 'jose';
import { BackupError } from '../shared/errors/backup-error.ts';
import { type CloudAddresses, cloudAddresses } from '../shared/graph/clouds.ts';
import { createGraphClient } from '../shared/graph/create-graph-client.ts';
import { type GraphCredential, RenewableCredential } from '../shared/graph/credential.ts';
import type { GraphClient } from '../shared/graph/graph-client.ts';
import type { Network } from '../shared/graph/network.ts';
import { SignInTransport } from '../shared/graph/sign-in-transport.ts';
import type { TokenBucketStore } from '../shared/graph/token-bucket.ts';
import type { Clock } from '../shared/model/clock.ts';
import type { Tenant } from '../shared/model/tenant.ts';
import type { AppRegistration, Settings } from '../shared/settings/settings.ts';
import type { Logger } from '../shared/telemetry/logger.ts';

/** backup: the reader, which can write nothing; restore: the restorer. */
export type GraphPurpose = 'backup' | 'restore';

interface Parts {
  readonly settings: Settings;
  readonly network: Network;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Quotas that all clients share. */
  readonly buckets: TokenBucketStore;
}

/** Graph clients of all tenants of a process: one per tenant, purpose and revision of the tenant. */
export class TenantGraph {
  readonly #parts: Parts;
  readonly #clients = new Map<
    string,
    { readonly revision: number; readonly client: GraphClient }
  >();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  client(tenant: Tenant, purpose: GraphPurpose): GraphClient {
    const key = `${purpose} ${tenant.tenantId}`;
    const known = this.#clients.get(key);
    if (known?.revision === tenant.revision) return known.client;
    const client = this.create(tenant, purpose);
    this.#clients.set(key, { revision: tenant.revision, client });
    return client;
  }

  create(tenant: Tenant, purpose: GraphPurpose): GraphClient {
    return createGraphClient({
      ...this.#signIn(tenant, purpose),
      priority: purpose === 'backup' ? 'low' : 'normal',
      buckets: this.#parts.buckets,
      network: this.#parts.network,
      clock: this.#parts.clock,
      logger: this.#parts.logger,
    });
  }

  /** Signs in anew and reads the roles of the token, so that a grant shows at once. */
  async permissions(tenant: Tenant, purpose: GraphPurpose): Promise<readonly string[]> {
    const { graphUrl, ...signIn } = this.#signIn(tenant, purpose);
    const credential = new RenewableCredential({
      ...signIn,
      transport: new SignInTransport(this.#parts.network.dispatcher),
      clock: this.#parts.clock,
    });
    const { token } = await credential.getToken([`${graphUrl}/.default`]);
    const { roles } = decodeJwt<{ roles?: unknown }>(token);
    if (!Array.isArray(roles)) return [];
    return roles.filter((role): role is string => typeof role === 'string').sort();
  }

  #signIn(
    tenant: Tenant,
    purpose: GraphPurpose,
  ): CloudAddresses & { tenantId: string; clientId: string; credential: GraphCredential } {
    const { settings } = this.#parts;
    const { clientId, credential } = appOf(settings, tenant, purpose);
    return {
      ...addressesOf(settings, tenant.cloud),
      tenantId: tenant.tenantId,
      clientId,
      credential: graphCredential(credential, settings.azureClientId),
    };
  }
}

/** Addresses in the settings override those of the default cloud, not of another one. */
export function addressesOf(settings: Settings, cloud: Tenant['cloud']): CloudAddresses {
  const known = cloudAddresses[cloud];
  if (cloud !== settings.cloud) return known;
  return {
    graphUrl: settings.graphUrl ?? known.graphUrl,
    loginUrl: settings.loginUrl ?? known.loginUrl,
  };
}

function appOf(settings: Settings, tenant: Tenant, purpose: GraphPurpose): AppRegistration {
  const own = tenant.configuration.apps[purpose];
  if (own !== undefined) {
    return { clientId: own.clientId, credential: settings.credential(own.credential) };
  }
  const app = purpose === 'backup' ? settings.backupApp : settings.restoreApp;
  if (app !== undefined) return app;
  const prefix = purpose === 'backup' ? 'BACKUP' : 'RESTORE';
  throw new BackupError(
    'settingsInvalid',
    `no application for ${purpose}: neither ${prefix}_CLIENT_ID nor the tenant names one`,
  );
}

function graphCredential(
  credential: AppRegistration['credential'],
  azureClientId: string | undefined,
): GraphCredential {
  switch (credential.kind) {
    case 'secret':
      return { kind: 'secret', value: credential.value.reveal() };
    case 'federated':
      return {
        kind: 'federated',
        ...(azureClientId === undefined ? {} : { managedIdentityClientId: azureClientId }),
      };
    case 'certificate':
      if (credential.source.startsWith('https://')) {
        throw new BackupError(
          'settingsInvalid',
          'the certificate of the application has to be a pem file or a federated credential',
        );
      }
      return { kind: 'certificate', pem: readFileSync(credential.source, 'utf8') };
  }
}
