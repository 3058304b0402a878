import type { Fence } from '../repository/fence.ts';
import type { BackupContext, Tally } from './backup-context.ts';

/** What a session has cost and done for one collection; all counts from its begin. */
export interface CollectionStatistics extends Tally {
  requests: number;
  units: number;
  bytes: number;
  throttled: number;
  waitMs: number;
}

export function emptyTally(): Tally {
  return { added: 0, changed: 0, unchanged: 0, removed: 0, links: 0 };
}

export function parseStatistics(text: string): CollectionStatistics {
  const zero = { requests: 0, units: 0, bytes: 0, throttled: 0, waitMs: 0 };
  return { ...zero, ...emptyTally(), ...(JSON.parse(text) as Partial<CollectionStatistics>) };
}

/**
 * Adds what a slice has counted to the statistics of its collection. Throws `fenced`: a worker that
 * wakes too late adds nothing to a session that has ended or belongs to somebody else.
 */
export async function saveStatistics(
  context: BackupContext,
  fence: Fence,
  collection: string,
  tally: Tally,
): Promise<void> {
  const taken = context.graph.statistics.take();
  const { tenant, tables } = context;
  await context.database.withTenant(tenant.tenantNo, async (tx) => {
    await tables.fence.holdSession(tx, fence);
    const text = await tables.sessionTasks.lockStatistics(tx, fence, collection);
    if (text === undefined) return;
    const sum = parseStatistics(text);
    for (const [name, value] of Object.entries({ ...taken, ...tally })) {
      sum[name as keyof CollectionStatistics] += Number(value);
    }
    await tables.sessionTasks.saveStatistics(tx, fence, collection, JSON.stringify(sum));
  });
}
