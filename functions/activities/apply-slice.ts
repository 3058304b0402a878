import { objectTypes } from '../../shared/catalog/index.ts';
import { rulesOfTypes } from '../../shared/compare/stored-states.ts';
import { BackupError } from '../../shared/errors/backup-error.ts';
import type { OperationCounts } from '../../shared/model/operation.ts';
import type { Transaction } from '../../shared/repository/database.ts';
import { readIdentityMap } from '../../shared/repository/identity-map.ts';
import {
  getOperation,
  isCancelRequested,
  isOnHold,
  updateOperation,
} from '../../shared/repository/operations.ts';
import { takeRestoreLease } from '../../shared/repository/restore-lease.ts';
import { getPlan, type RestorePlan } from '../../shared/repository/restore-plans.ts';
import {
  cancelPlanned,
  countSteps,
  createdObjects,
} from '../../shared/repository/restore-steps.ts';
import {
  endRestore,
  findRestoreOfOperation,
  type Restore,
} from '../../shared/repository/restores.ts';
import { getTenantByNo } from '../../shared/repository/tenants.ts';
import { applySlice, type SliceAnswer } from '../../shared/restore/apply-slice.ts';
import type { ApplyContext } from '../../shared/restore/steps/step-context.ts';
import { defineActivity } from '../durable/define-activity.ts';
import { type Outcome, outcomeOf } from '../durable/outcome.ts';
import { failpoint, restoreLimits } from '../restore-limits.ts';
import { applyRepository } from '../restore-parts.ts';
import { services } from '../services.ts';
import { secretStore } from '../stored-secrets.ts';
import { addressesOf } from '../tenant-graph.ts';

const sliceMs = 40_000;
const pausedMs = 5_000;

interface Input {
  readonly tenantNo: number;
  readonly operationId: string;
}

type Answer =
  | { readonly state: 'more' }
  | { readonly state: 'wait'; readonly afterMs: number }
  | {
      readonly state: 'finished';
      readonly status: 'succeeded' | 'canceled';
      readonly result: 'complete' | 'partial' | 'nothingToDo';
    };

/** Applies an approved plan for one slice of time under a lease of its own. */
export const applyPlanSlice = defineActivity<Input, Outcome<Answer>>(
  'applyPlanSlice',
  async (input) =>
    await outcomeOf(async () => {
      const { database } = services();
      const begun = await database.withTenant(
        input.tenantNo,
        async (tx) => await begin(tx, input.operationId),
      );
      if (begun.isPaused) return { state: 'wait', afterMs: pausedMs };
      if (begun.hasEnded) return { state: 'finished', status: 'canceled', result: 'partial' };
      await refuseWithoutPermissions(input.tenantNo, begun);
      const answer = await applySlice(await contextOf(input, begun));
      return await database.withTenant(
        input.tenantNo,
        async (tx) => await report(tx, input.operationId, begun, answer),
      );
    }),
);

interface Begun {
  readonly restore: Restore;
  readonly plan: RestorePlan;
  readonly isFirst: boolean;
  readonly isCanceled: boolean;
  readonly isPaused: boolean;
  /** A slice that comes late, after the restore was given up. */
  readonly hasEnded: boolean;
  readonly rows: Pick<ApplyContext, 'fence' | 'identity' | 'created'>;
}

async function begin(tx: Transaction, operationId: string): Promise<Begun> {
  const restore = await findRestoreOfOperation(tx, operationId);
  if (restore === undefined) throw new BackupError('notFound', `no restore of ${operationId}`);
  const hasEnded = restore.state !== 'running' && restore.state !== 'verifying';
  const fence = hasEnded
    ? { restoreId: restore.id, epoch: 0 }
    : await takeRestoreLease(tx, restore.id);
  const isCanceled = await isCancelRequested(tx, operationId);
  // one that is paused or to be canceled stays so
  await updateOperation(tx, operationId, { status: 'running', phase: 'apply' });
  const { status } = await getOperation(tx, operationId);
  // steps that were begun are finished, so that every row says what happened
  if (isCanceled) await cancelPlanned(tx, restore.id);
  const counts = await countSteps(tx, restore.id);
  return {
    restore,
    plan: await getPlan(tx, restore.planId),
    isFirst: Object.keys(counts).every((state) => state === 'planned'),
    isCanceled,
    isPaused: status === 'paused',
    hasEnded,
    rows: {
      fence,
      identity: await readIdentityMap(tx),
      created: new Set(await createdObjects(tx, restore.id)),
    },
  };
}

/** Before the first write: a restore that would stop half-way for want of a permission is refused. */
async function refuseWithoutPermissions(tenantNo: number, begun: Begun): Promise<void> {
  const needed = begun.plan.summary?.permissions.needed ?? [];
  if (!begun.isFirst || needed.length === 0) return;
  const { database, permissions } = services();
  const tenant = await database.withRegistry((tx) => getTenantByNo(tx, tenantNo));
  const held = new Set(await permissions(tenant, 'restore'));
  const missing = needed.filter((name) => !held.has(name));
  if (missing.length === 0) return;
  throw new BackupError(
    'permissionMissing',
    `the restoring application lacks ${missing.join(', ')}`,
  );
}

async function contextOf({ tenantNo, operationId }: Input, begun: Begun): Promise<ApplyContext> {
  const { database, clock, graph, settings } = services();
  const tenant = await database.withRegistry((tx) => getTenantByNo(tx, tenantNo));
  const { restore, plan, rows, isCanceled } = begun;
  return {
    ...rows,
    restoreId: restore.id,
    tenantNo,
    database,
    repository: applyRepository,
    graph: graph(tenant, 'restore'),
    graphUrl: addressesOf(settings, tenant.cloud).graphUrl,
    secrets: secretStore(settings),
    types: objectTypes,
    rulesOf: rulesOfTypes(objectTypes),
    clock,
    limits: restoreLimits(),
    deadline: new Date(clock.now().getTime() + sliceMs),
    protectedIds: new Set(
      [plan.requestedBy, plan.decidedBy, restore.requestedBy]
        .filter((id) => id !== undefined)
        .map((id) => id.toLowerCase()),
    ),
    // what was begun before a cancellation is finished
    isOnHold: async () =>
      !isCanceled && (await database.withTenant(tenantNo, (tx) => isOnHold(tx, operationId))),
    failpoint,
  };
}

async function report(
  tx: Transaction,
  operationId: string,
  { restore, isCanceled }: Begun,
  answer: SliceAnswer,
): Promise<Answer> {
  const states = await countSteps(tx, restore.id);
  const count = (...names: string[]): number =>
    names.reduce((sum, name) => sum + (states[name] ?? 0), 0);
  const total = Object.values(states).reduce((sum, each) => sum + each, 0);
  const open = count('planned', 'started', 'written');
  const counts: OperationCounts = {
    done: count('done'),
    skipped: count('skipped', 'canceled'),
    conflict: count('conflict'),
    failed: count('failed'),
    pending: count('pending'),
  };
  const progress = { steps: { done: total - open, total } };
  await updateOperation(tx, operationId, { status: 'running', phase: 'apply', counts, progress });
  if (answer.state !== 'finished') return answer;
  const status = isCanceled ? 'canceled' : 'succeeded';
  await endRestore(tx, restore.id, status);
  const isWhole = count('done', 'skipped') === total;
  const result = total === 0 ? 'nothingToDo' : isWhole ? 'complete' : 'partial';
  return { state: 'finished', status, result };
}
