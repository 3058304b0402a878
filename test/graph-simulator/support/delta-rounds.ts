// Paths, links and expected rows of change rounds.
import type { Row, SimulatedTenant } from './simulated-tenant.ts';

export const day = 24 * 60 * 60 * 1000;
export const userPath = '/users/delta?$select=id,displayName,jobTitle,department,manager';
export const groupPath = '/groups/delta?$select=id,displayName,description,members,owners';

/** A new empty tenant and a link from which its next round begins. */
export async function tracked(
  tenant: SimulatedTenant,
  path: string,
): Promise<{ tenant: SimulatedTenant; link: string }> {
  const small = await tenant.add();
  const { deltaLink } = await small.readAll(`${path}&$deltatoken=latest`);
  return { tenant: small, link: deltaLink };
}

export const removed = (id: string, reason: string) => ({ id, '@removed': { reason } });

export const target = (id: string, type = 'user') => ({
  '@odata.type': `#microsoft.graph.${type}`,
  id,
});

export const dropped = (id: string) => ({ ...target(id), '@removed': { reason: 'deleted' } });

export const sorted = (rows: readonly Row[]) => [...rows].sort((a, b) => (a.id < b.id ? -1 : 1));
