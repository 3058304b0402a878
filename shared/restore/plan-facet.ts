import type { PartDifference, PropertyDifference } from '../compare/difference.ts';
import { BackupError } from '../errors/backup-error.ts';
import type { JsonObject } from '../json/json-value.ts';
import {
  isAskedFor,
  type ObjectPlanInput,
  type PlanContext,
  stepProperty,
  takesFromProtected,
} from './object-plan.ts';
import { facetPhase } from './phases.ts';
import { type PlanStep, stepId } from './plan-step.ts';
import { customSecurityAttributes } from './strategies/custom-security-attributes.ts';

/** Writers of facets by facet name. */
const writers = new Map<string, { patch(differences: readonly PropertyDifference[]): JsonObject }>([
  [customSecurityAttributes.facet, customSecurityAttributes],
]);

/**
 * The step that makes a facet equal to the restore point; none when nothing of it is written.
 * `id` is the object's id now, or its old one when the plan creates it again.
 */
export function planFacet(
  input: ObjectPlanInput,
  part: PartDifference,
  id: string,
  context: PlanContext,
): PlanStep[] {
  const { type, wanted, key, live } = input;
  const facet = part.type.slice('facet:'.length);
  const writer = writers.get(facet);
  if (writer === undefined) {
    throw new BackupError('invalidState', `no writer for facet ${facet} of type ${type.name}`);
  }
  const differences = part.properties.filter(
    (property) => isAskedFor(property, context) && !takesFromProtected(input, property, context),
  );
  if (differences.length === 0) return [];
  const body = writer.patch(differences);
  return [
    {
      id: stepId(facetPhase, 'patch', type.name, wanted.id, facet),
      phase: facetPhase,
      kind: 'patch',
      type: type.name,
      objectKey: key,
      objectId: wanted.id,
      currentId: id,
      unit: wanted.id,
      facet,
      request: {
        method: 'PATCH',
        path: `${type.collection}/${id}`,
        apiVersion: type.apiVersion,
        service: type.service,
        body,
      },
      properties: differences.map((difference) => stepProperty(difference, context)),
      needs: live.rung === 'gone' ? [wanted.id] : [],
      reason: 'The live object differs from the restore point.',
    },
  ];
}
