/**
 * Requests of a full backup against the fewest that could do, which the simulator computes from its
 * own page sizes. Exact: nothing here depends on time.
 */
import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '../local/postgres.ts';
import { removePostgres } from '../local/postgres-folders.ts';
import { startGraphTenant } from '../test/end-to-end/support/graph-tenant.ts';
import { countFullBackup } from '../test/support/request-count.ts';
import { hold, printMachine, round } from './support/figures.ts';

const sizes = [
  { users: 2_000, groups: 400 },
  { users: 10_000, groups: 2_500 },
];

printMachine();
const dataDir = mkdtempSync(join(tmpdir(), 'bench-'));
chmodSync(dataDir, 0o755);
const postgres = await startPostgres({ dataDir, volatile: true });
try {
  for (const seed of sizes) {
    const tenant = await startGraphTenant(seed);
    await tenant.simulator.control.throttling({ identity: false, conditionalAccess: false });
    const counted = await countFullBackup(tenant, postgres);
    await tenant.close();
    const { requests, bound, resourceUnits, boundUnits, httpCalls } = counted;
    console.log(`${seed.users} users, ${seed.groups} groups: ${counted.state}`);
    console.table([
      { count: 'requests', backup: requests, bound, ratio: round(requests / bound, 3) },
      {
        count: 'resource units',
        backup: resourceUnits,
        bound: boundUnits,
        ratio: round(resourceUnits / boundUnits, 3),
      },
      { count: 'http calls', backup: httpCalls },
    ]);
    console.table(counted.items.filter((item) => item.requests !== item.bound));
    hold('requests <= 1.05 x bound + 10', requests, requests <= bound * 1.05 + 10);
  }
} finally {
  await postgres.stop();
  removePostgres(dataDir);
}
