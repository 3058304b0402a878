import type { Transaction } from './database.ts';
import type { TaskFence } from './fence.ts';

export interface LedgerPage {
  /** Unique in the generation: stream and number, or round and number. */
  readonly step: string;
  readonly items: number;
  /** Before the request left. */
  readonly startedAt: Date;
  /** Set when the page carried links of that relationship. */
  readonly relationship?: string;
}

/**
 * Claims a page until the end of the transaction, so that a twin waits, and answers whether it was
 * stored before: the whole transaction is then a no-op.
 */
export async function isStored(tx: Transaction, fence: TaskFence, step: string): Promise<boolean> {
  await tx.rows(
    'select pg_advisory_xact_lock($1, hashtext($2))',
    [tx.tenantNo, `${fence.sessionId} ${fence.collection} ${step}`],
    'claim-page',
  );
  const row = await tx.row(
    `select 1 from page where tenant_no = $1 and session_id = $2 and collection = $3
       and generation = $4 and step = $5`,
    [tx.tenantNo, fence.sessionId, fence.collection, fence.generation, step],
    'find-page',
  );
  return row !== undefined;
}

/** Last statement of a page transaction. */
export async function recordPage(
  tx: Transaction,
  fence: TaskFence,
  page: LedgerPage,
): Promise<void> {
  await tx.change(
    `insert into page (tenant_no, session_id, collection, generation, step, relationship, tick,
       items, started_at)
     values ($1, $2, $3, $4, $5, $6,
       case when $6::text is null then 0 else nextval('session_tick') end, $7, $8)`,
    [
      tx.tenantNo,
      fence.sessionId,
      fence.collection,
      fence.generation,
      page.step,
      page.relationship ?? null,
      page.items,
      page.startedAt,
    ],
    'record-page',
  );
}

export interface CollectionWindow {
  readonly collection: string;
  readonly windowStart: Date;
  readonly windowEnd: Date;
  readonly rows: number;
}

/** First request and last write of each collection, of its newest generation. */
export async function windowsOf(tx: Transaction, sessionId: string): Promise<CollectionWindow[]> {
  return await tx.rows<CollectionWindow>(
    `select p.collection, min(p.started_at) as "windowStart", max(p.ended_at) as "windowEnd",
       sum(p.items) as rows
     from page p join session_task t on t.tenant_no = p.tenant_no and t.session_id = p.session_id
       and t.collection = p.collection and t.generation = p.generation
     where p.tenant_no = $1 and p.session_id = $2 group by p.collection`,
    [tx.tenantNo, sessionId],
  );
}
