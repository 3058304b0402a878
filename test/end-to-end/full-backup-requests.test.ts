import { expect, test } from 'vitest';
import { countFullBackup } from '../support/request-count.ts';
import { startGraphTenant } from './support/graph-tenant.ts';

test('a full backup of 2,000 users asks at most 1.05 x the lower bound + 10 requests', async () => {
  const tenant = await startGraphTenant({ users: 2_000, groups: 400 });
  try {
    // Waits take no time here: what a quota would do to the clock is measured elsewhere.
    await tenant.simulator.control.throttling({
      identity: false,
      writes: false,
      conditionalAccess: false,
      reports: false,
    });
    const counted = await countFullBackup(tenant);
    const above = counted.items.filter((item) => item.requests > item.bound);
    expect(counted.state).toBe('complete');
    expect(counted.items.reduce((sum, item) => sum + item.bound, 0)).toBe(counted.bound);
    expect(counted.items.reduce((sum, item) => sum + item.requests, 0)).toBe(counted.requests);
    expect(counted.requests, JSON.stringify(above)).toBeLessThanOrEqual(counted.bound * 1.05 + 10);
    expect(counted.resourceUnits).toBeLessThanOrEqual(counted.boundUnits * 1.05 + 20);
  } finally {
    await tenant.close();
  }
});
