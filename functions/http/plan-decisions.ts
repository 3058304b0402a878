import { z } from 'zod';
import { BackupError } from '../../shared/errors/backup-error.ts';
import type { Transaction } from '../../shared/repository/database.ts';
import {
  changePlan,
  getPlan,
  isPlanExpired,
  type PlanState,
  type RestorePlan,
} from '../../shared/repository/restore-plans.ts';
import { defineRoute } from './route.ts';
import { guid, reason } from './schemas.ts';
import { planBody, showPlan } from './show-plan.ts';

const params = z.strictObject({ id: guid });
const replies = { 200: { description: 'The plan as it is now', body: planBody } };
const planHash = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'is not the hash of a plan')
  .meta({ description: 'planHash of the plan that was read' });

defineRoute(
  {
    name: 'approveRestorePlan',
    method: 'POST',
    path: '/tenants/{tenantId}/restorePlans/{id}/approve',
    summary: 'Approves exactly the plan with this hash; never by the one who asked for it',
    params,
    body: z.strictObject({ planHash, reason }),
    act: 'restorePlan.approve',
    replies,
  },
  async ({ tx, now, access, params: { id }, body }) => {
    const plan = await decidablePlan(tx, id, ['ready']);
    const by = access.caller.objectId;
    if (plan.requestedBy.toLowerCase() === by.toLowerCase()) {
      throw new BackupError('selfApproval', 'a plan is not approved by the one who asked for it');
    }
    if (plan.hash !== body.planHash) {
      throw new BackupError('planHashMismatch', `restore plan ${id} has another hash`);
    }
    return await decide(tx, now, plan, 'approved', { by, reason: body.reason });
  },
);

defineRoute(
  {
    name: 'rejectRestorePlan',
    method: 'POST',
    path: '/tenants/{tenantId}/restorePlans/{id}/reject',
    summary: 'Rejects a plan for good',
    params,
    body: z.strictObject({ reason }),
    act: 'restorePlan.reject',
    replies,
  },
  async ({ tx, now, access, params: { id }, body }) => {
    const plan = await decidablePlan(tx, id, ['ready', 'approved']);
    const decision = { by: access.caller.objectId, reason: body.reason };
    return await decide(tx, now, plan, 'rejected', decision);
  },
);

defineRoute(
  {
    name: 'withdrawRestorePlan',
    method: 'POST',
    path: '/tenants/{tenantId}/restorePlans/{id}/withdraw',
    summary: 'Takes a plan back that was not applied',
    params,
    body: z.strictObject({ reason: reason.optional() }),
    bodyOptional: true,
    act: 'restorePlan.withdraw',
    replies,
  },
  async ({ tx, now, access, params: { id }, body }) => {
    const plan = await decidablePlan(tx, id, ['ready', 'approved']);
    const decision = { by: access.caller.objectId, reason: body.reason ?? null };
    return await decide(tx, now, plan, 'withdrawn', decision);
  },
);

/** The plan with its row locked, in one of the states; otherwise the error that says why not. */
export async function decidablePlan(
  tx: Transaction,
  id: string,
  states: readonly PlanState[],
): Promise<RestorePlan> {
  const plan = await getPlan(tx, id, { lock: true });
  if (plan.state === 'applied') {
    throw new BackupError('alreadyApplied', `restore plan ${id} was applied`);
  }
  if (await isPlanExpired(tx, id)) {
    throw new BackupError('planExpired', `restore plan ${id} has expired`);
  }
  if (!states.includes(plan.state)) {
    throw new BackupError('planNotReady', `restore plan ${id} is ${plan.state}`);
  }
  return plan;
}

async function decide(
  tx: Transaction,
  now: Date,
  plan: RestorePlan,
  state: 'approved' | 'rejected' | 'withdrawn',
  decision: { readonly by: string; readonly reason: string | null },
) {
  await changePlan(tx, plan.id, plan.state, { state, decision });
  return {
    status: 200,
    body: showPlan(await getPlan(tx, plan.id), now),
    audit: { planId: plan.id, planHash: plan.hash ?? null },
  };
}
