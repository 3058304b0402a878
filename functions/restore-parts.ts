// The repository's statements in the form that compare and restore take them: both are handed their
// adapters and import none. Nothing here decides anything.
import { objectTypes } from '../shared/catalog/index.ts';
import * as differences from '../shared/repository/differences.ts';
import * as identityMap from '../shared/repository/identity-map.ts';
import * as objectKeys from '../shared/repository/object-keys.ts';
import * as objectStates from '../shared/repository/object-states.ts';
import * as planLinks from '../shared/repository/plan-links.ts';
import * as planSteps from '../shared/repository/plan-steps.ts';
import * as restoreLease from '../shared/repository/restore-lease.ts';
import * as restorePlans from '../shared/repository/restore-plans.ts';
import * as restoreSteps from '../shared/repository/restore-steps.ts';
import * as restores from '../shared/repository/restores.ts';
import type { PlanRepository } from '../shared/restore/plan-repository.ts';
import type { ApplyRepository } from '../shared/restore/steps/step-context.ts';

/** Spaces of the types that can be selected. */
export const selectableSpaces: ReadonlyMap<string, string> = new Map(
  objectTypes.map((type) => [type.name, type.space]),
);

export const planRepository: PlanRepository = {
  differences,
  identityMap,
  objectStates,
  planLinks,
  planSteps,
  restorePlans,
};

export const applyRepository: ApplyRepository = {
  identityMap,
  objectKeys,
  restoreLease,
  restoreSteps,
  restores,
};
