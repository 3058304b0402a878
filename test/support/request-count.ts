// Counts the requests of one full backup of a seeded tenant and sets them against the fewest that
// could do, item by item.
import type { LowerBound } from '../../local/graph-simulator/lower-bound.ts';
import type { BackupContext } from '../../shared/tenant-backup/backup-context.ts';
import type { GraphTenant } from '../end-to-end/support/graph-tenant.ts';
import { createTestDatabase } from './database.ts';
import { runBackup, testContext, testTenant } from './run-backup.ts';

export interface CountedBackup {
  readonly requests: number;
  readonly bound: number;
  readonly resourceUnits: number;
  readonly boundUnits: number;
  readonly httpCalls: number;
  readonly throttled: number;
  readonly state: string | undefined;
  /** Requests by path beside the terms of the bound that ask for it. */
  readonly items: readonly CountedItem[];
}

export interface CountedItem {
  readonly path: string;
  readonly requests: number;
  readonly bound: number;
}

const units = '/directory/administrativeunits';
const policies = '/identity/conditionalaccess/policies';
const locations = '/identity/conditionalaccess/namedlocations';
const bin = '/directory/deleteditems/microsoft.graph.';

/** Which terms of the bound ask for which path. */
const termsOfPath: Readonly<Record<string, readonly string[]>> = {
  '/users': ['users', 'managers of users', 'security attributes of users'],
  '/groups': ['groups', 'members of groups', 'owners of groups'],
  [units]: ['units', 'members of units'],
  [policies]: ['policies', 'policies, second pass'],
  [locations]: ['named locations', 'named locations, second pass'],
  '/groups/{id}/members': ['members of large groups'],
  '/groups/{id}/owners': ['owners of groups with many'],
  [`${units}/{id}/members`]: ['members of large units'],
  [`${units}/{id}/scopedrolemembers`]: ['scoped role members'],
  '/users/delta': ['change rounds of users'],
  '/groups/delta': ['change rounds of groups'],
  [`${units}/delta`]: ['change rounds of units'],
  [`${bin}user`]: ['deleted users'],
  [`${bin}group`]: ['deleted groups'],
  [`${bin}administrativeunit`]: ['deleted units'],
};

/** Runs a first full backup into a database of its own and counts what it asked. */
export async function countFullBackup(
  tenant: GraphTenant,
  urls?: Parameters<typeof createTestDatabase>[0],
): Promise<CountedBackup> {
  const { control } = tenant.simulator;
  const db = await createTestDatabase(urls);
  try {
    const registered = testTenant(await db.addTenant(tenant.tenantId), tenant.tenantId);
    const graph: BackupContext['graph'] = tenant.client();
    await control.clearLedger();
    const committed = await runBackup(() => testContext(db, registered, graph), { mode: 'full' });
    const totals = await control.ledgerTotals({ tenantId: tenant.tenantId });
    const bound = await control.lowerBound(tenant.tenantId);
    return {
      requests: totals.graphRequests,
      bound: bound.requests,
      resourceUnits: totals.resourceUnits,
      boundUnits: bound.resourceUnits,
      httpCalls: totals.httpCalls,
      throttled: totals.throttled,
      state: committed.state,
      items: itemise(totals.byTemplate, bound),
    };
  } finally {
    await db.drop();
  }
}

function itemise(counted: Readonly<Record<string, number>>, bound: LowerBound): CountedItem[] {
  const paths = new Map<string, number>();
  for (const [name, count] of Object.entries(counted)) {
    const path = name.replace(/^\S+ /, '').toLowerCase();
    if (path !== '/$batch') paths.set(path, (paths.get(path) ?? 0) + count);
  }
  for (const path of Object.keys(termsOfPath)) if (!paths.has(path)) paths.set(path, 0);
  const items = [...paths].map(([path, requests]) => {
    const terms = termsOfPath[path] ?? [];
    const ofPath = bound.terms.filter((term) => terms.includes(term.name));
    return { path, requests, bound: ofPath.reduce((sum, term) => sum + term.requests, 0) };
  });
  return items.filter((item) => item.requests !== item.bound || item.requests > 0);
}
