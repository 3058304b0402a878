import { createHash } from 'node:crypto';
import type { PlanSummary } from '../repository/restore-plans.ts';
import { healingNotes } from './plan-healing.ts';
import { type PlanRun, savePlanned } from './plan-run.ts';
import type { PlanStep } from './plan-step.ts';

const stepsPerQuery = 1_000;

export interface FinishedPlan {
  /** 64 hexadecimal digits over point, selection, options and every step in order. */
  readonly hash: string;
  readonly summary: PlanSummary;
}

/**
 * Completes a plan: notes on what refers to created objects, numbers of the steps, hash, counts and
 * permissions. `held` are the application permissions of the restoring application; undefined when
 * they are not known.
 */
export async function finishPlan(
  run: PlanRun,
  held: ReadonlySet<string> | undefined,
): Promise<FinishedPlan> {
  const { tx, repository, plan } = run;
  const gone = await repository.planSteps.goneObjects(tx, plan.id);
  await savePlanned(run, [], await healingNotes(run, gone));
  await repository.planSteps.numberSteps(tx, plan.id);
  const hash = createHash('sha256');
  hash.update(JSON.stringify([plan.point, plan.selection, plan.options]));
  const needed = new Set<string>();
  for (let after = 0; ; ) {
    const steps = await repository.planSteps.listSteps(tx, plan.id, after, stepsPerQuery);
    for (const step of steps) {
      after = step.no;
      hash.update(`\n${step.no} ${step.document}`);
      const { permissions } = JSON.parse(step.document) as PlanStep;
      for (const permission of permissions ?? []) needed.add(permission);
    }
    if (steps.length < stepsPerQuery) break;
  }
  const counts = await repository.planSteps.countByKind(tx, plan.id);
  return {
    hash: hash.digest('hex'),
    summary: {
      steps: Object.values(counts.steps).reduce((sum, count) => sum + count, 0),
      stepsByKind: counts.steps,
      notesByKind: counts.notes,
      permissions: {
        needed: [...needed].sort(),
        missing: held === undefined ? [] : [...needed].filter((name) => !held.has(name)).sort(),
      },
    },
  };
}
