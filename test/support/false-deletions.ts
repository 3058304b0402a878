// What was in the tenant all the time between two moments must be in every point read between them.
import type { ControlClient } from '../../local/graph-simulator/control/client.ts';
import type { TestDatabase } from './database.ts';
import { readTruth } from './random-changes.ts';

/** Ids of live objects, and links between live ends as `relationship source target`. */
export interface Standing {
  readonly objects: ReadonlySet<string>;
  readonly links: ReadonlySet<string>;
}

export async function readStanding(control: ControlClient, tenantId: string): Promise<Standing> {
  const truth = await readTruth(control, tenantId);
  const typeOf = new Map(truth.flatMap((l) => (l.kind === 'object' ? [[l.id, l.type]] : [])));
  const backedUp = (type: string | undefined): boolean =>
    type !== undefined && !['servicePrincipal', 'device', 'directoryRole'].includes(type);
  return {
    objects: new Set(
      truth.flatMap((line) =>
        line.kind === 'object' && line.state === 'live' && backedUp(line.type) ? [line.id] : [],
      ),
    ),
    links: new Set(
      truth.flatMap((line) =>
        line.kind === 'link' && line.live
          ? [`${typeOf.get(line.source)}.${line.relationship} ${line.source} ${line.target}`]
          : [],
      ),
    ),
  };
}

/** Objects and links of both moments that the point does not have live. */
export async function missingAlthoughThere(
  db: TestDatabase,
  tenantNo: number,
  point: number,
  before: Standing,
  after: Standing,
): Promise<string[]> {
  const objects = await db.owner.rows<{ id: string }>(
    `select o.object_id as id from object_version v
     join object o on o.tenant_no = $1 and o.key = v.object_key
     where v.tenant_no = $1 and v.from_point <= $2 and v.to_point > $2 and v.state = 'live'
       and v.type not like 'facet:%'`,
    [tenantNo, point],
  );
  const links = await db.owner.rows<{ line: string }>(
    `select l.relationship || ' ' || s.object_id || ' ' || t.object_id as line from link l
     join object s on s.tenant_no = $1 and s.key = l.source
     join object t on t.tenant_no = $1 and t.key = l.target
     where l.tenant_no = $1 and l.from_point <= $2 and l.to_point > $2`,
    [tenantNo, point],
  );
  const hasObject = new Set(objects.map((row) => row.id));
  const hasLink = new Set(links.map((row) => row.line));
  return [
    ...[...before.objects].filter((id) => after.objects.has(id) && !hasObject.has(id)),
    ...[...before.links].filter((line) => after.links.has(line) && !hasLink.has(line)),
  ];
}

/** Lines only one side has: `-` the tenant, `+` the point. Empty when they are equal. */
export function differenceOf(truth: readonly string[], point: readonly string[]): string[] {
  const [wanted, found] = [new Set(truth), new Set(point)];
  return [
    ...truth.filter((line) => !found.has(line)).map((line) => `- ${line}`),
    ...point.filter((line) => !wanted.has(line)).map((line) => `+ ${line}`),
  ];
}
