/**
 * Peak resident size of the application's process during a full backup, of 20,000 users and of
 * 100,000 users with 25,000 groups and about a million links. Each in a fresh process.
 */
import { hold, printMachine, round, seconds } from './support/figures.ts';
import { buildApp, startMeasuredApp } from './support/measured-app.ts';
import { printStatements } from './support/statements.ts';

const maximum = 512;
const growth = 1.2;
const factor = Number(process.env['BENCH_SCALE'] ?? 1);
const small = { users: 20_000 * factor, groups: 5_000 * factor, links: 160_000 * factor };
const large = { users: 100_000 * factor, groups: 25_000 * factor, links: 800_000 * factor };

interface Measured {
  readonly users: number;
  readonly groups: number;
  readonly objects: number;
  readonly links: number;
  readonly requests: number;
  readonly seconds: number;
  readonly 'MiB at start': number;
  readonly 'MiB peak': number;
}

async function measure(seed: typeof small): Promise<Measured> {
  const app = await startMeasuredApp(seed);
  try {
    const before = app.peakMebibytes();
    const spent = await seconds(() => app.run('operator', '/backups', { mode: 'full' }));
    const peak = app.peakMebibytes();
    const [rows] = await app.db.owner.rows<{ objects: number; links: number; state: string }>(
      `select (select count(*) from object_version) as objects, (select count(*) from link) as links,
         (select state from restore_point) as state`,
    );
    if (rows?.state !== 'complete') throw new Error(`the point is ${rows?.state}`);
    await printStatements(app.db);
    const totals = await app.control.ledgerTotals();
    return {
      users: seed.users,
      groups: seed.groups,
      objects: rows.objects,
      links: rows.links,
      requests: totals.graphRequests,
      seconds: round(spent, 1),
      'MiB at start': round(before, 0),
      'MiB peak': round(peak, 0),
    };
  } finally {
    await app.close();
  }
}

printMachine();
buildApp();
const first = await measure(small);
console.table([first]);
const second = await measure(large);
console.table([first, second]);
const ratio = second['MiB peak'] / first['MiB peak'];
hold(`peak <= ${maximum} MiB`, second['MiB peak'], second['MiB peak'] <= maximum);
hold(`peak <= ${growth} x that of ${small.users} users`, ratio, ratio <= growth);
