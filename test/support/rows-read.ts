import type { Transaction } from '../../shared/repository/database.ts';

/**
 * Rows the server read from these tables since `work` began, counted by itself. The count of a
 * connection also holds what it has not reported yet of transactions before, hence the difference.
 */
export async function rowsReadBy<T>(
  tx: Transaction,
  tables: readonly string[],
  work: () => Promise<T>,
): Promise<{ rows: number; result: T }> {
  const before = await rowsRead(tx, tables);
  const result = await work();
  return { rows: (await rowsRead(tx, tables)) - before, result };
}

async function rowsRead(tx: Transaction, tables: readonly string[]): Promise<number> {
  const read = await tx.row<{ rows: number }>(
    `select coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0)::float8 as rows
     from pg_stat_xact_user_tables where relname = any($1)`,
    [tables],
  );
  return read?.rows ?? Number.NaN;
}
