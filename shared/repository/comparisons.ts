import { BackupError } from '../errors/backup-error.ts';
import type { Transaction } from './database.ts';

export type ComparisonState = 'pending' | 'listed' | 'ready' | 'failed';

/** Counts of differences of one object type. */
export interface TypeSummary {
  readonly added: number;
  readonly removed: number;
  readonly modified: number;
  readonly links: number;
}

export interface Comparison {
  readonly id: string;
  readonly operationId: string;
  readonly purpose: 'comparison' | 'plan';
  /** Undefined while the live point has not been taken. */
  readonly fromPoint?: number;
  readonly toPoint?: number;
  readonly live?: 'from' | 'to';
  /** JSON of the selection as it was given. */
  readonly selection: string;
  readonly state: ComparisonState;
  readonly detailedTo: number;
  readonly summary: Readonly<Record<string, TypeSummary>>;
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly finishedAt?: Date;
}

interface Row {
  id: string;
  operation_id: string;
  purpose: 'comparison' | 'plan';
  from_point: number | null;
  to_point: number | null;
  live: 'from' | 'to' | null;
  selection: string;
  state: ComparisonState;
  detailed_to: number;
  summary: string;
  created_by: string;
  created_at: Date;
  finished_at: Date | null;
}

const columns = `id, operation_id, purpose, from_point, to_point, live, selection, state,
  detailed_to, summary, created_by, created_at, finished_at`;

export interface NewComparison {
  readonly id: string;
  readonly operationId: string;
  readonly purpose: 'comparison' | 'plan';
  readonly fromPoint?: number;
  readonly toPoint?: number;
  readonly live?: 'from' | 'to';
  readonly selection: string;
  readonly createdBy: string;
}

/** Writes the row of a comparison; one with the same operation is left as it is. */
export async function createComparison(tx: Transaction, input: NewComparison): Promise<void> {
  await tx.change(
    `insert into comparison (tenant_no, id, operation_id, purpose, from_point, to_point, live,
       selection, created_by, created_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, date_trunc('milliseconds', clock_timestamp()))
     on conflict do nothing`,
    [
      tx.tenantNo,
      input.id,
      input.operationId,
      input.purpose,
      input.fromPoint ?? null,
      input.toPoint ?? null,
      input.live ?? null,
      input.selection,
      input.createdBy,
    ],
  );
}

export async function findComparison(tx: Transaction, id: string): Promise<Comparison | undefined> {
  const row = await tx.row<Row>(
    `select ${columns} from comparison where tenant_no = $1 and id = $2`,
    [tx.tenantNo, id],
  );
  return row === undefined ? undefined : comparisonOf(row);
}

/** The comparison, or `notFound`. */
export async function getComparison(tx: Transaction, id: string): Promise<Comparison> {
  const comparison = await findComparison(tx, id);
  if (comparison === undefined) throw new BackupError('notFound', `no comparison ${id}`);
  return comparison;
}

/** Newest first; `before` is the last one of the page before. */
export async function listComparisons(
  tx: Transaction,
  top: number,
  before?: { readonly createdAt: Date; readonly id: string },
): Promise<Comparison[]> {
  const rows = await tx.rows<Row>(
    `select ${columns} from comparison
     where tenant_no = $1 and purpose = 'comparison'
       and ($2::timestamptz is null or (created_at, id) < ($2, $3::uuid))
     order by created_at desc, id desc limit $4`,
    [tx.tenantNo, before?.createdAt ?? null, before?.id ?? null, top],
  );
  return rows.map(comparisonOf);
}

/** Enters the live point once it was taken; a comparison that was listed keeps its own. */
export async function setLivePoint(tx: Transaction, id: string, point: number): Promise<void> {
  await tx.change(
    `update comparison set
       from_point = case when live = 'from' then $3 else from_point end,
       to_point = case when live = 'to' then $3 else to_point end
     where tenant_no = $1 and id = $2 and state = 'pending'`,
    [tx.tenantNo, id, point],
  );
}

/** Moves the comparison on; nothing happens when it is not in the state expected. */
export async function moveComparison(
  tx: Transaction,
  id: string,
  from: ComparisonState,
  to: ComparisonState,
): Promise<boolean> {
  const changed = await tx.change(
    `update comparison set state = $4,
       finished_at = case when $4 in ('ready', 'failed') then clock_timestamp() end
     where tenant_no = $1 and id = $2 and state = $3`,
    [tx.tenantNo, id, from, to],
  );
  return changed === 1;
}

/** Marks what an operation was to compare as failed, unless it is ready. */
export async function failComparison(tx: Transaction, operationId: string): Promise<void> {
  await tx.change(
    `update comparison set state = 'failed', finished_at = clock_timestamp()
     where tenant_no = $1 and operation_id = $2 and state in ('pending', 'listed')`,
    [tx.tenantNo, operationId],
  );
}

export async function comparisonOfOperation(
  tx: Transaction,
  operationId: string,
): Promise<Comparison> {
  const row = await tx.row<Row>(
    `select ${columns} from comparison where tenant_no = $1 and operation_id = $2`,
    [tx.tenantNo, operationId],
  );
  if (row === undefined) throw new BackupError('notFound', `no comparison of ${operationId}`);
  return comparisonOf(row);
}

/** Locks the row of a comparison, so that one worker at a time lists or details it. */
export async function lockComparison(tx: Transaction, id: string): Promise<Comparison> {
  const row = await tx.row<Row>(
    `select ${columns} from comparison where tenant_no = $1 and id = $2 for update`,
    [tx.tenantNo, id],
  );
  if (row === undefined) throw new BackupError('notFound', `no comparison ${id}`);
  return comparisonOf(row);
}

export async function setDetailedTo(tx: Transaction, id: string, no: number): Promise<void> {
  await tx.change('update comparison set detailed_to = $3 where tenant_no = $1 and id = $2', [
    tx.tenantNo,
    id,
    no,
  ]);
}

/** Counts the differences by type and stores the result. */
export async function summarise(tx: Transaction, id: string): Promise<void> {
  const rows = await tx.rows<TypeSummary & { type: string }>(
    `select type, count(*) filter (where change = 'added')::int as added,
       count(*) filter (where change = 'removed')::int as removed,
       count(*) filter (where change = 'modified')::int as modified,
       sum(link_count)::int as links
     from difference where tenant_no = $1 and comparison_id = $2 group by type order by type`,
    [tx.tenantNo, id],
  );
  const summary = Object.fromEntries(rows.map(({ type, ...counts }) => [type, counts]));
  await tx.change('update comparison set summary = $3 where tenant_no = $1 and id = $2', [
    tx.tenantNo,
    id,
    JSON.stringify(summary),
  ]);
}

function comparisonOf(row: Row): Comparison {
  return {
    id: row.id,
    operationId: row.operation_id,
    purpose: row.purpose,
    ...(row.from_point === null ? {} : { fromPoint: row.from_point }),
    ...(row.to_point === null ? {} : { toPoint: row.to_point }),
    ...(row.live === null ? {} : { live: row.live }),
    selection: row.selection,
    state: row.state,
    detailedTo: row.detailed_to,
    summary: JSON.parse(row.summary) as Comparison['summary'],
    createdBy: row.created_by,
    createdAt: row.created_at,
    ...(row.finished_at === null ? {} : { finishedAt: row.finished_at }),
  };
}
