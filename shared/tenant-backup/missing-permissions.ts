import { captureOf } from '../catalog/derive.ts';
import type { ObjectType } from '../catalog/object-type.ts';

/**
 * Properties and facets that the token's permissions do not cover. Graph leaves them out silently, so
 * they are not asked for and count as not captured. Collections and children answer 403 themselves.
 */
export function missingFor(type: ObjectType, held: ReadonlySet<string> | undefined): string[] {
  if (held === undefined) return [];
  const properties = captureOf(type, held).missing.map((missing) => missing.property);
  const facets = type.facets
    .filter((facet) => facet.permissions.read.some((permission) => !held.has(permission)))
    .map((facet) => facet.name);
  return [...properties, ...facets];
}
