// What a tenant really holds, for comparison with what a client believes: every object that is
// live or in the recycle bin, every link, dormant ones included. One JSON object per line.
import { versionAt } from '../tenant/stored-object.ts';
import type { TenantState } from '../tenant/tenant-state.ts';
import { viewAt } from '../tenant/tenant-view.ts';
import type { JsonObject, ObjectType, Relationship, TruthSummary } from '../types.ts';
import { objectTypes, relationships } from '../types.ts';

export type TruthLine =
  | {
      readonly kind: 'object';
      readonly type: ObjectType;
      readonly id: string;
      readonly state: 'live' | 'deleted';
      readonly deletedDateTime?: string;
      /** As stored: a missing name was never set. */
      readonly properties: JsonObject;
    }
  | {
      readonly kind: 'link';
      readonly relationship: Relationship;
      readonly source: string;
      readonly target: string;
      /** False when an end is in the recycle bin: Graph does not show the link then. */
      readonly live: boolean;
    }
  | {
      readonly kind: 'end';
      readonly objects: number;
      readonly links: number;
      /** Number of the newest change included; ask for the truth "at" it later. */
      readonly sequence: number;
    };

/** Lines of the state after change number `sequence`, the last of kind `end`. */
export function* truthLines(
  tenant: TenantState,
  sequence: number = tenant.log.sequence,
): Generator<TruthLine> {
  let objects = 0;
  let links = 0;
  for (const object of tenant.allObjects()) {
    const version = versionAt(object, sequence);
    if (version === undefined || version.state === 'purged') {
      continue;
    }
    objects += 1;
    yield {
      kind: 'object',
      type: object.type,
      id: object.id,
      state: version.state,
      ...(version.deletedAt === undefined
        ? {}
        : { deletedDateTime: new Date(version.deletedAt).toISOString() }),
      properties: version.properties,
    };
    for (const relationship of relationships) {
      for (const target of tenant.links.targets(relationship, object, sequence)) {
        links += 1;
        yield {
          kind: 'link',
          relationship,
          source: object.id,
          target: target.id,
          live: version.state === 'live' && versionAt(target, sequence)?.state === 'live',
        };
      }
    }
  }
  yield { kind: 'end', objects, links, sequence };
}

/** Counts the lower bound of a backup is computed from. */
export function truthSummary(tenant: TenantState): TruthSummary {
  const view = viewAt(tenant, tenant.log.sequence);
  const count = (pick: (type: ObjectType) => number): Record<ObjectType, number> =>
    Object.fromEntries(objectTypes.map((type) => [type, pick(type)])) as Record<ObjectType, number>;
  const sizes = (type: ObjectType, relationship: Relationship): number[] =>
    view.ordered(type).map(({ object }) => view.targets(relationship, object).length);
  return {
    liveObjects: count((type) => view.ordered(type).length),
    deletedObjects: count((type) => view.orderedDeleted(type).length),
    linkCounts: {
      'group.members': sizes('group', 'members'),
      'group.owners': sizes('group', 'owners'),
      'administrativeUnit.members': sizes('administrativeUnit', 'members'),
    },
  };
}
