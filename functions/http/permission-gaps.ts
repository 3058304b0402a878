import { permissionLists } from '../../shared/catalog/derive.ts';
import type { ObjectType } from '../../shared/catalog/object-type.ts';
import type { GraphPurpose } from '../services.ts';

/** For each type the permissions that are missing from `held`, also for its links, children, facets. */
export function missingPermissions(
  types: readonly ObjectType[],
  held: ReadonlySet<string>,
  purpose: GraphPurpose,
): { type: string; missing: string[] }[] {
  return types.map((type) => {
    const { read, restore } = permissionLists([type]);
    const needed = purpose === 'backup' ? read : [...read, ...restore];
    return { type: type.name, missing: needed.filter((permission) => !held.has(permission)) };
  });
}
