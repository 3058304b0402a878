// What was in the tenant all the time between two moments must be in every point read between them.
import type { ControlClient } from '../../local/graph-simulator/control/client.ts';
import type { TestDatabase } from './database.ts';
import { repositoryLines, simulatorTruth } from './simulator-truth.ts';

/** `type id` of live objects and facets, `relationship source target` of visible links. */
export type Standing = ReadonlySet<string>;

/** A line without the hash of its content; what lies in the recycle bin does not stand. */
function standing(lines: readonly string[]): Standing {
  const kept = lines.filter((line) => !line.startsWith('bin '));
  return new Set(kept.map((line) => line.replace(/ [0-9a-f]{64}$/, '')));
}

export async function readStanding(control: ControlClient, tenantId: string): Promise<Standing> {
  return standing(await simulatorTruth(control, tenantId));
}

/** What stood at both moments and the point does not have. */
export async function missingAlthoughThere(
  db: TestDatabase,
  tenantNo: number,
  point: number,
  before: Standing,
  after: Standing,
): Promise<string[]> {
  const found = standing(await repositoryLines(db, tenantNo, point));
  return [...before].filter((line) => after.has(line) && !found.has(line));
}

/**
 * Lines that one side has, or has more often: `-` the tenant, `+` the point. Empty when they are
 * equal; a link or an object that stands twice in the point is a difference.
 */
export function differenceOf(truth: readonly string[], point: readonly string[]): string[] {
  return [
    ...without(truth, point).map((line) => `- ${line}`),
    ...without(point, truth).map((line) => `+ ${line}`),
  ];
}

/** Lines less one for each equal line of the others. */
function without(lines: readonly string[], others: readonly string[]): string[] {
  const left = new Map<string, number>();
  for (const line of others) left.set(line, (left.get(line) ?? 0) + 1);
  return lines.filter((line) => {
    const count = left.get(line) ?? 0;
    left.set(line, count - 1);
    return count <= 0;
  });
}
