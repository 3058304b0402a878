import { TableClient, type TableServiceClientOptions } from '@azure/data-tables';
import { BackupError } from '../errors/backup-error.ts';
import type { Secret } from '../settings/secret.ts';
import type { CacheRepository } from './cache-repository.ts';
import { TableAccess } from './table-access.ts';
import { TableCache } from './table-cache.ts';

/** What every credential of `@azure/identity` is. */
export interface TableCredential {
  getToken(
    scopes: string | string[],
  ): Promise<{ readonly token: string; readonly expiresOnTimestamp: number } | null>;
}

export interface CacheOptions {
  /** The identity for an https address; any credential of `@azure/identity`. */
  readonly credential?: TableCredential;
  /** `entrabackupcache` by default. */
  readonly table?: string;
  /** Limit of one call with the retries of the client; 30 s by default. */
  readonly timeoutMs?: number;
  readonly maximumBytes?: number;
  readonly client?: TableServiceClientOptions;
}

const retryOptions = { maxRetries: 3, retryDelayInMs: 300, maxRetryDelayInMs: 3_000 };

/**
 * Opens `https://account.table.core.windows.net` (with the identity, or as it is when the address
 * carries a signature) or a connection string. Makes no request; the table is made when it is first
 * missed. Throws `settingsInvalid`.
 */
export function openCacheRepository(address: Secret, options: CacheOptions = {}): CacheRepository {
  const text = address.reveal();
  const client = text.startsWith('https://')
    ? fromUrl(text, options)
    : fromConnectionString(text, options);
  let transactions = 0;
  const access = new TableAccess(client, options.timeoutMs ?? 30_000, () => {
    transactions += 1;
  });
  const { maximumBytes } = options;
  return new TableCache(
    access,
    () => transactions,
    maximumBytes === undefined ? {} : { maximumBytes },
  );
}

function tableOf({ table = 'entrabackupcache' }: CacheOptions): string {
  // https://learn.microsoft.com/rest/api/storageservices/understanding-the-table-service-data-model
  if (/^[A-Za-z][A-Za-z0-9]{2,62}$/.test(table)) return table;
  throw invalid('the name of a cache table has 3 to 63 letters and digits');
}

function fromUrl(text: string, options: CacheOptions): TableClient {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.pathname !== '/') {
    throw invalid('an https address of a cache repository has no path');
  }
  const clientOptions = { retryOptions, ...options.client };
  if (url.searchParams.has('sig')) return new TableClient(text, tableOf(options), clientOptions);
  if (options.credential === undefined) {
    throw invalid('an https address of a cache repository needs an identity');
  }
  return new TableClient(text, tableOf(options), options.credential, clientOptions);
}

function fromConnectionString(text: string, options: CacheOptions): TableClient {
  const isPlain = /(^|;)\s*(DefaultEndpointsProtocol=http|TableEndpoint=http:[^;]*)(;|$)/i.test(
    text,
  );
  const clientOptions = { retryOptions, allowInsecureConnection: isPlain, ...options.client };
  const table = tableOf(options);
  try {
    return TableClient.fromConnectionString(text, table, clientOptions);
  } catch {
    // the message of the client may show parts of the string
    throw invalid('the connection string of a cache repository cannot be read');
  }
}

function invalid(message: string): BackupError {
  return new BackupError('settingsInvalid', message);
}
