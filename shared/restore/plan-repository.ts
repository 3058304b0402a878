import type * as differences from '../repository/differences.ts';
import type * as identityMap from '../repository/identity-map.ts';
import type * as objectStates from '../repository/object-states.ts';
import type * as planLinks from '../repository/plan-links.ts';
import type * as planSteps from '../repository/plan-steps.ts';
import type * as restorePlans from '../repository/restore-plans.ts';

/** The statements planning uses, handed in so that this folder imports no adapter. */
export interface PlanRepository {
  readonly differences: typeof differences;
  readonly identityMap: typeof identityMap;
  readonly objectStates: typeof objectStates;
  readonly planLinks: typeof planLinks;
  readonly planSteps: typeof planSteps;
  readonly restorePlans: typeof restorePlans;
}
