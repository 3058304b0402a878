// Links read from their other end, and links of links: directReports, ownedObjects,
// transitiveMembers, transitiveMemberOf.
import type { ObjectVersion, StoredObject } from '../tenant/stored-object.ts';
import type { ObjectType, Relationship, SimulatorReply } from '../types.ts';
import { mixedList } from './link-reads.ts';
import { findByKey } from './reads.ts';
import type { RouteContext } from './route-context.ts';

export type InverseRows = readonly ObjectVersion[];

/** Live objects that link to the user of the path. */
export function inverseLinks(
  context: RouteContext,
  relationships: readonly Relationship[],
): InverseRows {
  const { object } = findByKey(context, 'user');
  return relationships.flatMap((name) => context.view.sources(name, object));
}

export function listInverse(
  context: RouteContext,
  rows: InverseRows,
  cast?: ObjectType,
): SimulatorReply {
  return mixedList(context, 'memberOf', rows, cast);
}

/** Members of members, or groups of groups; an object comes once however many ways lead to it. */
export function listTransitive(
  context: RouteContext,
  parent: ObjectType,
  direction: 'targets' | 'sources',
): SimulatorReply {
  const start = findByKey(context, parent).object;
  const found = new Map<StoredObject, ObjectVersion>();
  let edge: readonly StoredObject[] = [start];
  while (edge.length > 0) {
    const next: StoredObject[] = [];
    for (const version of edge.flatMap((one) => context.view[direction]('members', one))) {
      if (!found.has(version.object)) {
        found.set(version.object, version);
        next.push(version.object);
      }
    }
    edge = next;
  }
  const rows = [...found.values()].sort((a, b) => (a.sortKey < b.sortKey ? -1 : 1));
  return mixedList(context, 'memberOf', rows, undefined);
}
