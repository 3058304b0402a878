// Retention decides in two steps: a point is expired (nothing shows it), and what no kept point shows is
// purged. Which points expire is a policy's business, not this folder's first file's.
import type { Clock } from '../model/clock.ts';
import type { Database } from '../repository/database.ts';
import type * as expiredPoints from '../repository/expired-points.ts';
import type { PurgePlace } from '../repository/expired-points.ts';

export const purgeFailpoints = ['purge.afterKeptList', 'purge.betweenChunks'] as const;
export type PurgeFailpoint = (name: (typeof purgeFailpoints)[number]) => Promise<void> | void;

export interface RetentionContext {
  readonly database: Database;
  readonly tenantNo: number;
  readonly tables: { readonly expiredPoints: typeof expiredPoints };
  readonly clock: Clock;
  readonly failpoint: PurgeFailpoint;
  /** Rows looked at in one transaction. */
  readonly chunk: number;
}

export interface PurgeResult {
  readonly deleted: number;
  /** Where the next slice goes on; undefined when the purge is complete. */
  readonly next: PurgePlace | undefined;
}

export const purgeStart: PurgePlace = { table: 'object_version', after: [] };

/**
 * Purges until everything was looked at or the time is up. Safe beside backups, readers and itself;
 * a slice that runs twice deletes nothing more.
 */
export async function purgeSlice(
  context: RetentionContext,
  from: PurgePlace,
  deadline: Date,
): Promise<PurgeResult> {
  const { database, tenantNo, tables, chunk } = context;
  let next: PurgePlace | undefined = from;
  let deleted = 0;
  while (next !== undefined && context.clock.now() < deadline) {
    const place: PurgePlace = next;
    const purged = await database.withTenant(tenantNo, async (tx) => {
      const done = await tables.expiredPoints.purgeChunk(tx, place, chunk);
      await context.failpoint('purge.afterKeptList');
      return done;
    });
    deleted += purged.deleted;
    next = purged.next;
    await context.failpoint('purge.betweenChunks');
  }
  return { deleted, next };
}
