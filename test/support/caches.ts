import { randomBytes } from 'node:crypto';
import { TableClient } from '@azure/data-tables';
import { inject } from 'vitest';
import type { CacheRepository } from '../../shared/cache/cache-repository.ts';
import {
  type CacheOptions,
  openCacheRepository,
} from '../../shared/cache/open-cache-repository.ts';
import { Secret } from '../../shared/settings/secret.ts';

const fast = { retryOptions: { maxRetries: 2, retryDelayInMs: 10, maxRetryDelayInMs: 20 } };

export function newTable(): string {
  return `cache${randomBytes(8).toString('hex')}`;
}

export function openCache(
  table: string,
  options: CacheOptions = {},
  connection: string = inject('azurite'),
): CacheRepository {
  return openCacheRepository(new Secret(connection), { table, client: fast, ...options });
}

/** The table itself, to look behind the cache and to do damage. */
export function rawTable(table: string): TableClient {
  const options = { allowInsecureConnection: true };
  return TableClient.fromConnectionString(inject('azurite'), table, options);
}
