// What the collection of one log is given: its chain in the primary log repository, the cache, and a
// Graph client whose counts are its own. Nothing here decides anything.
import type { CacheRepository } from '../shared/cache/cache-repository.ts';
import { BackupError } from '../shared/errors/backup-error.ts';
import type { CollectContext } from '../shared/log-backup/collect-context.ts';
import type { LogSource } from '../shared/model/log-source.ts';
import { isCancelRequested } from '../shared/repository/operations.ts';
import { getTenantByNo } from '../shared/repository/tenants.ts';
import { sliceMs } from './backup-parts.ts';
import { reachedFailpoint } from './fault-points.ts';
import { requireLogPlaces } from './log-parts.ts';
import { services } from './services.ts';

export interface LogRun {
  readonly tenantNo: number;
  readonly tenantId: string;
  readonly operationId: string;
  readonly source: LogSource;
  /** Days Microsoft keeps the logs of this tenant. */
  readonly retentionDays: number;
}

/** Somebody has asked the operation to stop: nothing of the window under way is kept. */
export class CollectionCanceled extends Error {
  override readonly name = 'CollectionCanceled';
}

const LOOK_MS = 2_000;

/** Throws `CollectionCanceled` at the next step once the operation is to be canceled. */
export async function collectContext(run: LogRun): Promise<CollectContext> {
  const { database, clock, newGraph } = services();
  const { primary, cache } = requireLogPlaces(services());
  const tenant = await database.withRegistry((tx) => getTenantByNo(tx, run.tenantNo));
  let looked = clock.now().getTime();
  return {
    tenant: run.tenantId,
    source: run.source,
    graph: newGraph(tenant, 'backup'),
    repository: primary.repository,
    cache: cache ?? noCache,
    clock,
    writer: crypto.randomUUID(),
    retentionDays: run.retentionDays,
    budgetMs: sliceMs,
    reach: async (step) => {
      await reachedFailpoint(`logs.${step}`);
      const now = clock.now().getTime();
      if (now - looked < LOOK_MS) return;
      looked = now;
      const stop = await database.withTenant(run.tenantNo, (tx) =>
        isCancelRequested(tx, run.operationId),
      );
      if (stop) throw new CollectionCanceled('the operation is to be canceled');
    },
  };
}

/** In place of a cache that is not set: as one that cannot be reached, and waiting does not help. */
const noCache: CacheRepository = {
  description: 'no cache repository',
  counts: { transactions: 0, damaged: 0 },
  read: () => Promise.reject(notSet()),
  write: () => Promise.reject(notSet()),
  remove: () => Promise.reject(notSet()),
  list: () => {
    throw notSet();
  },
  expire: () => Promise.reject(notSet()),
  check: () => Promise.reject(notSet()),
};

function notSet(): BackupError {
  return new BackupError('cacheUnreachable', 'CACHE_REPOSITORY is not set', {
    details: { final: true },
  });
}
