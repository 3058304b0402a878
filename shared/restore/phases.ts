import { restoreOrder } from '../catalog/derive.ts';
import type { ObjectType } from '../catalog/object-type.ts';

/**
 * The order of a restore (DESIGN 9): a phase begins when every step of the phase before has an
 * outcome. What exists again comes first, then what points at it, then what switches it on.
 */
export const undeletePhase = 10;
const firstObjectPhase = 20;
export const linkPhase = 500;
export const facetPhase = 600;
export const childPhase = 700;
export const enablePhase = 900;

/** Phase in which objects of each type are created or patched: after the types they need. */
export function objectPhases(types: readonly ObjectType[]): ReadonlyMap<string, number> {
  return new Map(restoreOrder(types).map(({ name }, index) => [name, firstObjectPhase + index]));
}
