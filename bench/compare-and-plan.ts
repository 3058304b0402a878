/**
 * What a comparison and a plan cost: two points of 20,000 users that differ in 500 objects, and a
 * plan that brings 1,000 deleted users back. Time, and rows and blocks the server touched.
 */
import type { AdminChange, TruthLine } from '../local/graph-simulator/control/client.ts';
import { sampleTenant } from '../local/stack/sample-tenant.ts';
import { hold, printMachine, round, seconds } from './support/figures.ts';
import { buildApp, type MeasuredApp, startMeasuredApp } from './support/measured-app.ts';

const factor = Number(process.env['BENCH_SCALE'] ?? 1);
const seed = { users: 20_000 * factor, groups: 4_000 * factor };
const changed = 500;
const deleted = 1_000 * factor;

interface Reads {
  readonly sequential: number;
  readonly indexed: number;
  readonly blocks: number;
}

/** Live rows the server fetched from the tables of the tenant so far. */
async function readsSoFar(app: MeasuredApp): Promise<Reads> {
  // an idle backend hands over the rest of its statistics after ten seconds (PGSTAT_IDLE_INTERVAL)
  await new Promise((resolve) => setTimeout(resolve, 11_500));
  const [row] = await app.db.owner.rows<Reads>(
    `select sum(seq_tup_read) as sequential, sum(idx_tup_fetch) as indexed,
       (select sum(heap_blks_read + heap_blks_hit + idx_blks_read + idx_blks_hit)
        from pg_statio_user_tables)::float8 as blocks
     from (select seq_tup_read::float8, idx_tup_fetch::float8 from pg_stat_user_tables
       where relname in ('object', 'object_version', 'link')) as tables`,
  );
  if (row === undefined) throw new Error('no statistics');
  return row;
}

async function measured(app: MeasuredApp, name: string, work: () => Promise<unknown>) {
  const before = await readsSoFar(app);
  const spent = await seconds(work);
  const after = await readsSoFar(app);
  return {
    name,
    seconds: round(spent, 2),
    'rows scanned': after.sequential - before.sequential,
    'rows by index': after.indexed - before.indexed,
    'blocks touched': after.blocks - before.blocks,
  };
}

async function liveUsers(app: MeasuredApp): Promise<string[]> {
  const ids: string[] = [];
  for await (const line of app.control.truth(sampleTenant.tenantId)) {
    if (isLiveUser(line)) ids.push(line.id);
  }
  return ids.sort();
}

function isLiveUser(line: TruthLine): line is Extract<TruthLine, { kind: 'object' }> {
  return line.kind === 'object' && line.type === 'user' && line.state === 'live';
}

async function change(app: MeasuredApp, changes: readonly AdminChange[]): Promise<void> {
  for (let start = 0; start < changes.length; start += 250) {
    await app.control.change(sampleTenant.tenantId, ...changes.slice(start, start + 250));
  }
}

printMachine();
buildApp();
const app = await startMeasuredApp(seed);
try {
  const ids = await liveUsers(app);
  await app.run('operator', '/backups', { mode: 'full' });
  const renamed = ids.slice(0, changed).map((id, index): AdminChange => {
    return { kind: 'patch', id, properties: { jobTitle: `Title ${index}` } };
  });
  await change(app, renamed);
  await app.run('operator', '/backups', {});
  const doomed = ids.slice(changed, changed + deleted);
  await change(
    app,
    doomed.map((id): AdminChange => ({ kind: 'delete', id })),
  );
  await app.db.owner.rows('vacuum analyze');
  const compared = await measured(app, `compare 2 points, ${changed} changes`, () =>
    app.run('operator', '/comparisons', { from: 1, to: 2 }),
  );
  const planned = await measured(app, `plan for ${doomed.length} deleted users`, () =>
    app.run('operator', '/restorePlans', {
      restorePoint: 2,
      selection: { objects: doomed.map((id) => ({ type: 'user', id })) },
      options: {},
    }),
  );
  console.table([compared, planned]);
  const read = compared['rows scanned'] + compared['rows by index'];
  hold('rows read by the comparison <= 20 per change', read / changed, read / changed <= 20);
} finally {
  await app.close();
}
