import type { CollectionStateName } from '../model/points.ts';
import type { Transaction } from './database.ts';

/** What a point knows about one collection. */
export interface CollectionStateRow {
  readonly collection: string;
  readonly state: CollectionStateName;
  readonly windowStart: Date | null;
  readonly windowEnd: Date | null;
  readonly asOf: Date | null;
  readonly unsettled: number;
  readonly reason: string | null;
  readonly catalogueRevision: string;
  readonly captured: readonly string[];
  /** JSON of counts: requests, units, bytes ... */
  readonly statistics: string;
}

/** The collections of a point, by name. */
export async function collectionStatesAt(
  tx: Transaction,
  point: number,
): Promise<CollectionStateRow[]> {
  return await tx.rows<CollectionStateRow>(
    `select collection, state, window_start as "windowStart", window_end as "windowEnd",
       as_of as "asOf", unsettled, reason, catalogue_revision as "catalogueRevision", captured,
       statistics
     from collection_state where tenant_no = $1 and point = $2 order by collection`,
    [tx.tenantNo, point],
  );
}
