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

/** Lines only one side has: `-` the tenant, `+` the point. Empty when they are equal. */
export function differenceOf(truth: readonly string[], point: readonly string[]): string[] {
  const [wanted, found] = [new Set(truth), new Set(point)];
  return [
    ...truth.filter((line) => !found.has(line)).map((line) => `- ${line}`),
    ...point.filter((line) => !wanted.has(line)).map((line) => `+ ${line}`),
  ];
}
