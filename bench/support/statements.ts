/** With BENCH_STATEMENTS=1: which statements the server spent its time on. */
import type { TestDatabase } from '../../test/support/database.ts';

export const wantsStatements = process.env['BENCH_STATEMENTS'] === '1';

export const statementSettings: readonly string[] = wantsStatements
  ? ['shared_preload_libraries=pg_stat_statements', 'pg_stat_statements.track_utility=on']
  : [];

export async function startStatements(db: TestDatabase): Promise<void> {
  if (!wantsStatements) return;
  await db.owner.rows('create extension if not exists pg_stat_statements');
  await db.owner.rows('select pg_stat_statements_reset()');
}

export async function printStatements(db: TestDatabase, limit = 30): Promise<void> {
  if (!wantsStatements) return;
  const rows = await db.owner.rows<{ ms: number; calls: number; rows: number; text: string }>(
    `select round(total_exec_time)::int as ms, calls, rows, wal_bytes / 1024 as wal_kb,
       left(regexp_replace(query, '\\s+', ' ', 'g'), 150) as text
     from pg_stat_statements order by total_exec_time desc limit $1`,
    [limit],
  );
  for (const row of rows) console.log(Object.values(row).join('\t'));
}
