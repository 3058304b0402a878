import { objectTypes } from '../../shared/catalog/index.ts';
import { BackupError, isBackupError } from '../../shared/errors/backup-error.ts';
import type { Selection } from '../../shared/model/selection.ts';
import type { Transaction } from '../../shared/repository/database.ts';
import {
  changePlan,
  getPlan,
  planOfOperation,
  type RestorePlan,
} from '../../shared/repository/restore-plans.ts';
import { getTenantByNo } from '../../shared/repository/tenants.ts';
import { finishPlan } from '../../shared/restore/finish-plan.ts';
import { planLinksSlice } from '../../shared/restore/plan-links-slice.ts';
import { planObjectsSlice } from '../../shared/restore/plan-objects-slice.ts';
import { openPlanRun, type PlanRun } from '../../shared/restore/plan-run.ts';
import { defineActivity } from '../durable/define-activity.ts';
import { type Outcome, outcomeOf } from '../durable/outcome.ts';
import { planRepository } from '../restore-parts.ts';
import { services } from '../services.ts';

const sliceMs = 40_000;

interface Input {
  readonly tenantNo: number;
  readonly operationId: string;
}

/** Plans objects, then links and children, then completes the plan, for one slice of time. */
export const planSlice = defineActivity<Input, Outcome<{ state: 'more' | 'done'; steps: number }>>(
  'planSlice',
  async ({ tenantNo, operationId }) =>
    outcomeOf(async () => {
      const { database, clock } = services();
      const held = await heldPermissions(tenantNo);
      const end = clock.now().getTime() + sliceMs;
      while (clock.now().getTime() < end) {
        const plan = await database.withTenant(
          tenantNo,
          async (tx) => await planNext(tx, operationId, held),
        );
        if (plan.state !== 'planning') return { state: 'done', steps: plan.summary?.steps ?? 0 };
      }
      return { state: 'more', steps: 0 };
    }),
);

/**
 * Permissions of the restoring application. One that is not set up or cannot sign in holds none: the
 * plan then lists all it needs as missing.
 */
async function heldPermissions(tenantNo: number): Promise<ReadonlySet<string>> {
  const { database, permissions } = services();
  const tenant = await database.withRegistry((tx) => getTenantByNo(tx, tenantNo));
  try {
    return new Set(await permissions(tenant, 'restore'));
  } catch (error) {
    if (isBackupError(error, 'settingsInvalid', 'signInFailed')) return new Set();
    throw error;
  }
}

async function planNext(
  tx: Transaction,
  operationId: string,
  held: ReadonlySet<string>,
): Promise<RestorePlan> {
  const { id } = await planOfOperation(tx, operationId);
  const plan = await getPlan(tx, id, { lock: true });
  if (plan.state !== 'planning') return plan;
  const run = await runOf(tx, plan);
  const objects = await planObjectsSlice(run);
  if (objects !== undefined) {
    await changePlan(tx, id, 'planning', { objectsTo: objects });
    return plan;
  }
  const parts = await planLinksSlice(run);
  if (parts !== undefined) {
    await changePlan(tx, id, 'planning', { partsTo: parts });
    return plan;
  }
  const finished = await finishPlan(run, held);
  await changePlan(tx, id, 'planning', { state: 'ready', ...finished });
  return await getPlan(tx, id);
}

async function runOf(tx: Transaction, plan: RestorePlan): Promise<PlanRun> {
  if (plan.livePoint === undefined) {
    throw new BackupError('invalidState', `plan ${plan.id} has no live point`);
  }
  const { properties } = JSON.parse(plan.selection) as Selection;
  return await openPlanRun(tx, planRepository, plan, {
    types: objectTypes,
    livePoint: plan.livePoint,
    protectedIds: new Set([plan.requestedBy.toLowerCase()]),
    ...(properties === undefined ? {} : { properties: new Set(properties) }),
  });
}
